import Kernels
import TensorCore

extension GradientRules {
    /// Through each position's own statistics.
    @Sendable static func layerNorm(_ context: inout GradientContext) -> [ValueID?] {
        let (inputs, outputs) = (context.node.inputs, context.node.outputs)
        let ids = context.graph.append(
            .layerNormGradient, [inputs[0], inputs[1], outputs[1], outputs[2], context.dy], inputs.map { context.graph[$0] },
            phase: .backward)
        return ids.map { $0 }
    }

    /// Through the statistics of the batch, which are functions of x: the node's inputs mean and inverse get nothing of their own.
    @Sendable static func normalise(_ context: inout GradientContext) -> [ValueID?] {
        guard case .normalise(let activation, let residual) = context.node.operation else { preconditionFailure("not a normalisation") }
        let (inputs, y) = (context.node.inputs, context.node.outputs[0])
        var results = [inputs[0], inputs[3], inputs[4]].map { context.graph[$0] }
        if residual { results.append(context.graph[inputs[5]]) }
        let ids = context.graph.append(
            .normaliseGradient(activation, residual: residual), [inputs[0], inputs[1], inputs[2], inputs[3], y, context.dy], results,
            phase: .backward)
        return [ids[0], nil, nil, ids[1], ids[2]] + (residual ? [ids[3]] : [])
    }
}
