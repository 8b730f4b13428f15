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
        guard case .matmul(let form, let activation) = context.node.operation else { preconditionFailure("not a matmul") }
        let dz = beforeActivation(&context, activation)
        let (a, b) = (context.node.inputs[0], context.node.inputs[1])
        var gradients = [ValueID?](repeating: nil, count: context.node.inputs.count)
        if context.node.inputs.count == 3 && context.wanted[2] {
            gradients[2] = context.graph.addColumnSums(dz)
        }
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

    /// The gradient before an activation that was fused into the node: the output is what it saved.
    static func beforeActivation(_ context: inout GradientContext, _ activation: Activation) -> ValueID {
        guard activation != .identity else { return context.dy }
        precondition(!activation.gradientNeedsInput, "\(activation) needs its input in backward and may not be fused in training")
        let y = context.node.outputs[0]
        return context.add(.activationGradient(activation), [y, context.dy], like: y)
    }
}
