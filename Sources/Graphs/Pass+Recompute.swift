import TensorCore

extension Graph {
    /// Computes the inside of each marked segment again in backward instead of keeping it: only what a segment reads and makes lives from
    /// forward to backward. Costs about one more forward pass; results are the same bits (Chen et al., "Training Deep Nets with Sublinear
    /// Memory Cost", 2016).
    mutating func recomputeSegments() {
        for segment in segments {
            recompute(segment)
        }
        dropUnreadSlopes()
    }

    /// What forward made of a segment keeps no slope: backward reads that of the repetition.
    private mutating func dropUnreadSlopes() {
        let uses = useCounts()
        for index in nodes.indices {
            guard var riders = nodes[index].operation.riders, riders.slope, nodes[index].outputs.count > 1,
                uses[nodes[index].outputs[1].index] == 0
            else { continue }
            riders.slope = false
            nodes[index].operation = nodes[index].operation.carrying(riders)
            nodes[index].outputs.remove(at: 1)
        }
    }

    private mutating func recompute(_ segment: Segment) {
        let inside = forwardNodes(of: segment)
        var renamed: [ValueID: ValueID] = [:]
        for node in inside {
            for output in node.outputs where output != segment.to { renamed[output] = output }
        }
        guard let first = nodes.firstIndex(where: { $0.readsAgain && $0.inputs.contains { renamed[$0] != nil } }) else { return }
        // What backward reads of the inside, and what that needs.
        var needed = Set<ValueID>()
        for node in nodes[first...] where node.readsAgain {
            needed.formUnion(node.inputs.filter { renamed[$0] != nil })
        }
        var again: [Node] = []
        for node in inside.reversed() where node.outputs.contains(where: needed.contains) {
            again.append(node)
            needed.formUnion(node.inputs.filter { renamed[$0] != nil })
        }
        var clones: [Node] = []
        for node in again.reversed() {
            var clone = node
            clone.phase = .backward
            clone.inputs = node.inputs.map { renamed[$0] ?? $0 }
            clone.outputs = node.outputs.map { duplicate($0) }
            for (old, new) in zip(node.outputs, clone.outputs) where renamed[old] != nil { renamed[old] = new }
            clones.append(clone)
        }
        for index in first..<nodes.count where nodes[index].readsAgain {
            nodes[index].inputs = nodes[index].inputs.map { renamed[$0] ?? $0 }
        }
        nodes.insert(contentsOf: clones, at: first)
    }

    /// The forward nodes between what a segment reads and what it makes, in order; none if a pass has taken either away.
    private func forwardNodes(of segment: Segment) -> [Node] {
        guard producer(of: segment.from) != nil, producer(of: segment.to) != nil else { return [] }
        var wanted: Set<ValueID> = [segment.to]
        var result: [Node] = []
        for node in nodes.reversed() where node.phase == .forward && !node.operation.isSource {
            guard node.outputs.contains(where: wanted.contains), !node.outputs.contains(segment.from) else { continue }
            result.append(node)
            wanted.formUnion(node.inputs)
            wanted.remove(segment.from)
        }
        return result.reversed()
    }
}

extension Node {
    /// Whether a segment is computed again for this node's sake. What a batch contributes to running statistics waits for the end of forward
    /// only: it keeps the few numbers that forward measured.
    fileprivate var readsAgain: Bool { phase == .backward && operation.kind != .batchContribution }
}
