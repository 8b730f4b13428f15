import TensorCore

extension Graph {
    /// Computes a loss and its gradient in one pass over the predictions, at the place of the loss.
    mutating func fuseLossGradient() {
        var gradients: [[ValueID]: ValueID] = [:]
        for node in nodes {
            if case .lossGradient = node.operation { gradients[node.inputs] = node.outputs[0] }
        }
        var fused = Set<ValueID>()
        for (index, node) in nodes.enumerated() {
            guard case .loss(let kind) = node.operation, let gradient = gradients[node.inputs] else { continue }
            nodes[index].operation = .lossWithGradient(kind)
            nodes[index].outputs.append(gradient)
            fused.insert(gradient)
        }
        nodes.removeAll { node in
            guard case .lossGradient = node.operation else { return false }
            return fused.contains(node.outputs[0])
        }
    }
}
