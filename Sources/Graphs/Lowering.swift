import Kernels
import TensorCore

/// Turns a graph whose passes are done into instructions on fixed places: liveness, memory plan, operands.
struct Lowering<K: KernelSet> {
    let graph: Graph
    let layout: ParameterLayout
    let capacity: Int
    let kernels: K
    let precision: Precision
    /// The gradient of each parameter; empty for inference.
    let gradients: [ValueID]
    /// The nodes that become instructions, in order.
    let nodes: [Node]

    private let roots: [ValueID]
    /// Where each value lies that is not in the activation arena.
    private var fixedPlaces: [ValueID: (region: Slot.Region, elementOffset: Int)] = [:]
    /// The request in the plan of each root.
    private var requestOfRoot: [ValueID: Int] = [:]
    private var requestOfWorkspace: [Int: Int] = [:]
    private var rowKeysRequest = 0
    let plan: MemoryPlan
    /// Grows while instructions are made.
    var packed = PackedPlan()

    init(graph: Graph, layout: ParameterLayout, capacity: Int, kernels: K, gradients: [ValueID], precision: Precision = .fp32) {
        self.graph = graph
        self.layout = layout
        self.capacity = capacity
        self.kernels = kernels
        self.gradients = gradients
        self.precision = precision
        nodes = graph.nodes.filter { !$0.operation.isFree }
        roots = graph.memoryRoots()
        for entry in layout.entries {
            fixedPlaces[graph.parameterValues[entry.modelIndex]] = (.parameters, entry.offset)
            if !gradients.isEmpty {
                fixedPlaces[roots[gradients[entry.modelIndex].index]] = (.gradients, entry.offset)
            }
        }

        // A gradient that is added to in place is built where it ends.
        for node in nodes.reversed() where node.phase == .backward {
            let output = roots[node.outputs[0].index]
            guard let place = fixedPlaces[output], place.region == .gradients else { continue }
            for input in node.inputs[node.operation.inPlaceInputs(count: node.inputs.count)] {
                let root = roots[input.index]
                guard fixedPlaces[root] == nil, graph[input].extent == .fixed, graph.readers(of: root, roots) == 1 else { continue }
                fixedPlaces[root] = place
                break
            }
        }

        // From here on: who needs the activation arena, and when.
        let end = nodes.count
        var requests: [MemoryPlan.Request] = []
        var first: [ValueID: Int] = [:]
        var last: [ValueID: Int] = [:]
        var order: [ValueID] = []
        for node in graph.nodes where node.operation.isSource {
            for output in node.outputs where fixedPlaces[output] == nil {
                // Callers fill sources before the run and may rely on them after it.
                (first[output], last[output]) = (0, end)
                order.append(output)
            }
        }
        for (moment, node) in nodes.enumerated() {
            for input in node.inputs {
                let root = roots[input.index]
                last[root] = max(last[root] ?? 0, moment)
            }
            for output in node.outputs where fixedPlaces[output] == nil {
                (first[output], last[output]) = (moment, moment)
                order.append(output)
            }
        }
        for output in graph.outputs {
            last[roots[output.index]] = end
        }
        let backward = Lowering.valuesOfBackward(graph)
        let sources = Set(graph.nodes.filter { $0.operation.isSource }.flatMap(\.outputs))
        let inPlace = Lowering.replacements(nodes, graph, roots, sources, last)
        for root in order {
            guard let start = first[root], let stop = last[root] else { continue }
            if let replaced = inPlace[root], let request = requestOfRoot[replaced] {
                let there = requests[request]
                requestOfRoot[root] = request
                requests[request] = MemoryPlan.Request(
                    bytes: there.bytes, lifetime: there.lifetime.lowerBound...max(there.lifetime.upperBound, stop),
                    category: there.category)
                continue
            }
            requestOfRoot[root] = requests.count
            requests.append(
                MemoryPlan.Request(
                    bytes: Lowering.bytes(of: graph[root], capacity: capacity), lifetime: start...stop,
                    category: backward.contains(root) ? .gradients : sources.contains(root) ? .input : .activations))
        }
        rowKeysRequest = requests.count
        if let keys = graph.nodes.first(where: { $0.operation == .rowKeys }), let there = requestOfRoot[keys.outputs[0]] {
            rowKeysRequest = there
        } else {
            // Callers always fill the keys, so that they need not know whether there is dropout.
            requests.append(
                MemoryPlan.Request(bytes: capacity * MemoryLayout<UInt64>.stride, lifetime: 0...end, category: .input))
        }
        for (moment, node) in nodes.enumerated() {
            let bytes = Lowering.workspace(of: node, graph, capacity: capacity, kernels, precision)
            guard bytes > 0 else { continue }
            requestOfWorkspace[moment] = requests.count
            requests.append(MemoryPlan.Request(bytes: bytes, lifetime: moment...moment, category: .workspace))
        }
        plan = MemoryPlan(requests)
    }

    // MARK: Operands

    /// Where a value lies.
    func slot(_ value: ValueID) -> Slot {
        let root = roots[value.index]
        let grows = graph[value].extent == .rows
        let count = graph[value].shape.elementCount
        let type = graph[value].element == .bfloat16 ? StorageType.bfloat16 : .scalar
        if let place = fixedPlaces[root] {
            return Slot(
                region: place.region, offset: place.elementOffset * MemoryLayout<K.Scalar>.stride, count: count, grows: grows)
        }
        guard let request = requestOfRoot[root] else { preconditionFailure("Lowering: value \(value.index) is never computed") }
        return Slot(region: .activations, offset: plan.offsets[request], count: count, grows: grows, type: type)
    }

    /// The scratch memory of the instruction at that position; counted in bytes.
    func workspace(_ moment: Int) -> Slot {
        guard let request = requestOfWorkspace[moment] else { return .absent }
        return Slot(region: .activations, offset: plan.offsets[request], count: plan.requests[request].bytes, grows: false)
    }

    /// The keys of dropout, one per row.
    var rowKeys: Slot { Slot(region: .activations, offset: plan.offsets[rowKeysRequest], count: 1, grows: true) }

    // MARK: Sizes

    private static func bytes(of value: Value, capacity: Int) -> Int {
        let size =
            switch value.element {
            case .scalar: MemoryLayout<K.Scalar>.stride
            case .bfloat16: 2
            case .label: MemoryLayout<Int32>.stride
            case .position: MemoryLayout<UInt8>.stride
            case .key: MemoryLayout<UInt64>.stride
            }
        return value.shape.elementCount * size * (value.extent == .rows ? capacity : 1)
    }

    /// Results that can take the memory of an operand: the kernel allows it, and the operand is read for the last time.
    private static func replacements(
        _ nodes: [Node], _ graph: Graph, _ roots: [ValueID], _ sources: Set<ValueID>, _ last: [ValueID: Int]
    ) -> [ValueID: ValueID] {
        var result: [ValueID: ValueID] = [:]
        for (moment, node) in nodes.enumerated() {
            let candidates = node.inputs[node.operation.inPlaceInputs(count: node.inputs.count)]
            if candidates.isEmpty { continue }
            let output = graph[node.outputs[0]]
            result[node.outputs[0]] = candidates.map { roots[$0.index] }.first { operand in
                let value = graph[operand]
                return last[operand] == moment && !sources.contains(operand) && value.element == output.element
                    && value.extent == output.extent
                    && (value.element == .scalar || value.element == .bfloat16)
                    && value.shape.elementCount == output.shape.elementCount
            }
        }
        return result
    }

    private static func valuesOfBackward(_ graph: Graph) -> Set<ValueID> {
        var result = Set<ValueID>()
        for node in graph.nodes {
            if node.phase == .backward { result.formUnion(node.outputs) }
            if case .lossWithGradient = node.operation { result.insert(node.outputs[1]) }
        }
        return result
    }

}
