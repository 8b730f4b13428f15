import Kernels
import TensorCore

extension GradientRules {
    /// y = f(x): dx = dy·f′, from y for relu, sigmoid and tanh, from x for the GELUs.
    @Sendable static func activate(_ context: inout GradientContext) -> [ValueID?] {
        guard case .activate(let kind) = context.node.operation else { preconditionFailure("not an activation") }
        guard kind != .identity else { return [context.dy] }
        let saved = kind.gradientNeedsInput ? context.node.inputs[0] : context.node.outputs[0]
        return [context.add(.activationGradient(kind), [saved, context.dy], like: saved)]
    }

    /// The same elements in the input's shape.
    @Sendable static func reshape(_ context: inout GradientContext) -> [ValueID?] {
        [context.graph.addReshape(context.dy, context.graph[context.node.inputs[0]].shape, phase: .backward)]
    }

    /// The same mask on dy, made again from the row keys: it is never stored.
    @Sendable static func dropout(_ context: inout GradientContext) -> [ValueID?] {
        let (x, keys) = (context.node.inputs[0], context.node.inputs[1])
        return [context.add(context.node.operation, [context.dy, keys], like: x), nil]
    }

    /// dx = y·(dy − Σ y·dy).
    @Sendable static func softmax(_ context: inout GradientContext) -> [ValueID?] {
        let y = context.node.outputs[0]
        return [context.add(.softmaxGradient, [y, context.dy], like: y)]
    }

    /// Both inputs get dy.
    @Sendable static func add(_ context: inout GradientContext) -> [ValueID?] {
        context.wanted.map { $0 ? context.dy : nil }
    }

    /// a − b: dy and −dy.
    @Sendable static func subtract(_ context: inout GradientContext) -> [ValueID?] {
        let second = context.wanted[1] ? context.graph.addScaling(context.dy, by: -1, phase: .backward) : nil
        return [context.wanted[0] ? context.dy : nil, second]
    }

    /// a·b: dy·b and dy·a.
    @Sendable static func multiply(_ context: inout GradientContext) -> [ValueID?] {
        let (a, b) = (context.node.inputs[0], context.node.inputs[1])
        let first = context.wanted[0] ? context.graph.addProduct(context.dy, b, phase: .backward) : nil
        let second = context.wanted[1] ? context.graph.addProduct(context.dy, a, phase: .backward) : nil
        return [first, second]
    }

    /// x·c: dy·c.
    @Sendable static func scale(_ context: inout GradientContext) -> [ValueID?] {
        guard case .scale(let factor) = context.node.operation else { preconditionFailure("not a scaling") }
        return [context.graph.addScaling(context.dy, by: factor, phase: .backward)]
    }

    /// Where gradients start: that of scale·Σ row losses, the scale being an argument of the run. Targets have no gradient.
    @Sendable static func loss(_ context: inout GradientContext) -> [ValueID?] {
        guard case .loss(let kind) = context.node.operation else { preconditionFailure("not a loss") }
        let (prediction, target) = (context.node.inputs[0], context.node.inputs[1])
        return [context.wanted[0] ? context.add(.lossGradient(kind), [prediction, target], like: prediction) : nil, nil]
    }
}
