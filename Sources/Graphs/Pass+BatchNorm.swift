import Kernels
import TensorCore

extension Graph {
    /// Splits batch normalisations: in training into the statistics of the batch, the normalisation with them, and what the batch
    /// contributes to the running statistics; in inference into a normalisation with the running ones.
    ///
    /// - Returns: for each buffer, the value that training combines over shards and ranks.
    mutating func splitBatchNorms(training: Bool) -> [ValueID: ValueID] {
        var contributions: [ValueID: ValueID] = [:]
        let before = nodes
        // Written to the gradient arena, so they belong to backward; they wait until forward is done.
        var shares: [Node] = []
        nodes = []
        for node in before {
            guard case .batchNorm(let attributes) = node.operation else {
                nodes.append(node)
                continue
            }
            let (x, gain, shift) = (node.inputs[0], node.inputs[1], node.inputs[2])
            let vector = Value(shape: self[gain].shape, extent: .fixed)
            var (mean, inverse) = (node.inputs[3], ValueID(0))
            if training {
                let statistics = append(.batchStatistics(epsilon: attributes.epsilon), [x], [vector, vector])
                (mean, inverse) = (statistics[0], statistics[1])
                let share = append(
                    .batchContribution(positions: self[x].lead, epsilon: attributes.epsilon), [mean, inverse], [vector, vector],
                    phase: .backward)
                shares.append(nodes.removeLast())
                contributions[node.inputs[3]] = share[0]
                contributions[node.inputs[4]] = share[1]
            } else {
                inverse = append(.inverseDeviation(epsilon: attributes.epsilon), [node.inputs[4]], [vector])[0]
            }
            nodes.append(
                Node(
                    operation: .normalise(.identity, residual: false), inputs: [x, mean, inverse, gain, shift], outputs: node.outputs,
                    phase: node.phase))
        }
        nodes += shares
        return contributions
    }

    /// Moves the statistics of a batch into the convolution that they are of, which gathers them behind its stores: the map is not read again.
    mutating func fuseStatistics() {
        var makers: [ValueID: Int] = [:]
        var merged = Set<Int>()
        for index in nodes.indices {
            switch nodes[index].operation {
            case .convolution:
                makers[nodes[index].outputs[0]] = index
            case .batchStatistics(let epsilon):
                guard let maker = makers[nodes[index].inputs[0]], var riders = nodes[maker].operation.riders, riders.statistics == nil
                else {
                    continue
                }
                riders.statistics = epsilon
                nodes[maker].operation = nodes[maker].operation.carrying(riders)
                nodes[maker].outputs += nodes[index].outputs
                merged.insert(index)
            default: continue
            }
        }
        nodes = nodes.enumerated().filter { !merged.contains($0.offset) }.map(\.element)
    }
}
