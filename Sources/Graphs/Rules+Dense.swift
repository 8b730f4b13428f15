import Kernels
import TensorCore

extension GradientRules {
    /// C = f(A·B + bias). With dZ the gradient before bias and activation, each operand's gradient is again a product:
    ///
    ///     nn  C = A·B    dA = dZ·Bᵀ    dB = Aᵀ·dZ
    ///     nt  C = A·Bᵀ   dA = dZ·B     dB = dZᵀ·A
    ///     tn  C = Aᵀ·B   dA = B·dZᵀ    dB = A·dZ
    ///     tt  C = Aᵀ·Bᵀ  dA = Bᵀ·dZᵀ   dB = dZᵀ·Aᵀ
    @Sendable static func matmul(_ context: inout GradientContext) -> [ValueID?] {
        guard case .matmul(let form, let riders) = context.node.operation else { preconditionFailure("not a matmul") }
        let dz = beforeActivation(&context, riders)
        let (a, b) = (context.node.inputs[0], context.node.inputs[1])
        var gradients = [ValueID?](repeating: nil, count: context.node.inputs.count)
        gradientsOfRiders(&context, riders, dz, &gradients)
        if context.wanted[1] {
            gradients[1] =
                switch form {
                case .nn: context.graph.addMatmul(a, dz, form: .tn, phase: .backward)
                case .nt: context.graph.addMatmul(dz, a, form: .tn, phase: .backward)
                case .tn: context.graph.addMatmul(a, dz, form: .nn, phase: .backward)
                case .tt: context.graph.addMatmul(dz, a, form: .tt, phase: .backward)
                }
        }
        if context.wanted[0] {
            gradients[0] =
                switch form {
                case .nn: context.graph.addMatmul(dz, b, form: .nt, phase: .backward)
                case .nt: context.graph.addMatmul(dz, b, form: .nn, phase: .backward)
                case .tn: context.graph.addMatmul(b, dz, form: .nt, phase: .backward)
                case .tt: context.graph.addMatmul(b, dz, form: .tt, phase: .backward)
                }
        }
        return gradients
    }

    /// y = x + b: dx = dy, db = Σ rows of dy.
    @Sendable static func addBias(_ context: inout GradientContext) -> [ValueID?] {
        let bias = context.wanted[1] ? context.graph.addColumnSums(context.dy) : nil
        return [context.wanted[0] ? context.dy : nil, bias]
    }

    /// The gradient before an activation that was fused into the node: from the slope that the node stored, or from its output.
    static func beforeActivation(_ context: inout GradientContext, _ riders: Riders) -> ValueID {
        precondition(riders.gate == .none, "a gated product belongs to backward and has no gradient")
        if riders.slope { return context.graph.addProduct(context.dy, context.node.outputs[1], phase: .backward) }
        guard riders.activation != .identity else { return context.dy }
        precondition(!riders.activation.gradientNeedsInput, "\(riders.activation) needs its slope in backward")
        precondition(!riders.residual, "the output of \(riders.activation) cannot be had from a sum")
        let y = context.node.outputs[0]
        return context.add(.activationGradient(riders.activation), [y, context.dy], like: y)
    }

    /// Bias and residual are the inputs after the two operands: Σ dz, and dy as it is.
    static func gradientsOfRiders(_ context: inout GradientContext, _ riders: Riders, _ dz: ValueID, _ gradients: inout [ValueID?]) {
        var index = 2
        if riders.bias {
            if context.wanted[index] { gradients[index] = context.graph.addColumnSums(dz) }
            index += 1
        }
        if riders.residual && context.wanted[index] { gradients[index] = context.dy }
    }
}
