import Kernels
import TensorCore

extension GradientRules {
    /// y = f(x∗w + bias): dw from x and dz, dx from dz and w, the bias' gradient is the sum of dz over rows and positions.
    @Sendable static func convolution(_ context: inout GradientContext) -> [ValueID?] {
        guard case .convolution(let window, let riders) = context.node.operation else { preconditionFailure("not a convolution") }
        let dz = beforeActivation(&context, riders)
        let (x, weights) = (context.node.inputs[0], context.node.inputs[1])
        var gradients = [ValueID?](repeating: nil, count: context.node.inputs.count)
        gradientsOfRiders(&context, riders, dz, &gradients)
        if context.wanted[1] {
            gradients[1] = context.add(.convolutionWeightGradient(window, bias: false), [x, dz], like: weights)
        }
        if context.wanted[0] {
            gradients[0] = context.add(.convolutionInputGradient(window, .none), [dz, weights], like: x)
        }
        return gradients
    }

    /// The fused form: one call gives all three gradients; those that nobody wants are left out.
    @Sendable static func convolutionPool(_ context: inout GradientContext) -> [ValueID?] {
        guard case .convolutionPool(let attributes) = context.node.operation else { preconditionFailure("not a convolution with pooling") }
        let (inputs, outputs) = (context.node.inputs, context.node.outputs)
        let wantsBias = inputs.count == 3 && context.wanted[2]
        var results = [context.graph[inputs[1]]]
        if wantsBias { results.append(context.graph[inputs[2]]) }
        if context.wanted[0] { results.append(context.graph[inputs[0]]) }
        let ids = context.graph.append(
            .convolutionPoolGradients(attributes, bias: wantsBias, input: context.wanted[0]),
            [inputs[0], inputs[1], outputs[0], outputs[1], context.dy], results, phase: .backward)
        var gradients: [ValueID?] = [context.wanted[0] ? ids.last : nil, context.wanted[1] ? ids[0] : nil]
        if inputs.count == 3 { gradients.append(wantsBias ? ids[1] : nil) }
        return gradients
    }

    /// Each window's gradient goes to the position that won.
    @Sendable static func maxPool(_ context: inout GradientContext) -> [ValueID?] {
        guard case .maxPool(let window) = context.node.operation else { preconditionFailure("not a max pooling") }
        return [context.add(.maxPoolGradient(window), [context.node.outputs[1], context.dy], like: context.node.inputs[0])]
    }

    /// Each window's gradient is shared equally by its positions.
    @Sendable static func averagePool(_ context: inout GradientContext) -> [ValueID?] {
        guard case .averagePool(let window, let countsPadding) = context.node.operation else { preconditionFailure("not a pooling") }
        return [context.add(.averagePoolGradient(window, countsPadding: countsPadding), [context.dy], like: context.node.inputs[0])]
    }
}
