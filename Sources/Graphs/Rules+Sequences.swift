import Kernels
import TensorCore

extension GradientRules {
    /// y = table[index] + positions: each row of dy goes to its index; positions get the sum over the batch.
    @Sendable static func embedding(_ context: inout GradientContext) -> [ValueID?] {
        let inputs = context.node.inputs
        var gradients = [ValueID?](repeating: nil, count: inputs.count)
        if inputs.count == 3 && context.wanted[2] {
            gradients[2] = context.add(.rowSums, [context.dy], like: inputs[2])
        }
        if context.wanted[1] {
            gradients[1] = context.add(.embeddingGradient, [inputs[0], context.dy], like: inputs[1])
        }
        return gradients
    }

    /// Through the probabilities, which are computed again from the statistics.
    @Sendable static func attention(_ context: inout GradientContext) -> [ValueID?] {
        guard case .attention(let call) = context.node.operation else { preconditionFailure("not an attention") }
        let (inputs, outputs) = (context.node.inputs, context.node.outputs)
        let dqkv = context.add(
            .attentionGradient(call), [inputs[0], outputs[0], outputs[1], context.dy] + inputs.dropFirst(), like: inputs[0])
        return [dqkv] + inputs.dropFirst().map { _ in nil }
    }

    /// Back through time; one call gives all gradients.
    @Sendable static func lstm(_ context: inout GradientContext) -> [ValueID?] {
        guard case .lstm(let call) = context.node.operation else { preconditionFailure("not an LSTM") }
        let (inputs, outputs) = (context.node.inputs, context.node.outputs)
        let wantsInput = context.wanted[0]
        let results = inputs[1...4].map { context.graph[$0] } + (wantsInput ? [context.graph[inputs[0]]] : [])
        let ids = context.graph.append(
            .lstmGradient(call, input: wantsInput), [inputs[0], inputs[1], inputs[2], outputs[0], outputs[1], context.dy],
            Array(results), phase: .backward)
        return [wantsInput ? ids[4] : nil] + ids[0..<4].map { Optional($0) }
    }
}
