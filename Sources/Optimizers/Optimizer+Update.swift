import Kernels
import TensorCore

extension Optimizer {
    /// Applies one update to all parameters in place, and counts it. Buffers move towards what the step measured, which stands in their
    /// place of the gradients: b ← (1 − momentum)·b + momentum·measured.
    ///
    /// - Parameters:
    ///   - gradients: of the mean loss; read only.
    ///   - learningRate: γ of this step, schedule and everything else included.
    ///   - gradientScale: multiplies every gradient first: the clip factor.
    ///   - updated: called after every block with the end of what has its new values: what is copied there is copied from the cache. The
    ///     last call, with the number of elements, comes after the buffers.
    /// - Complexity: one pass over parameters, gradients and states; no allocation.
    package func apply(
        parameters: Arena<Float>, gradients: Arena<Float>, learningRate: Double, gradientScale: Double = 1,
        updated: (_ end: Int) -> Void = { _ in }
    ) {
        precondition(
            parameters.count == layout.elementCount && gradients.count == layout.elementCount,
            "Optimizer.apply: \(parameters.count) parameters and \(gradients.count) gradients, the layout has \(layout.elementCount)")
        updates += 1
        Subnormals.flushed {
            for index in runs.indices {
                var rest = runs[index].range
                while !rest.isEmpty {
                    let block = rest.lowerBound..<min(rest.upperBound, rest.lowerBound + Self.blockElements)
                    let part = Run(range: block, weightDecay: runs[index].weightDecay)
                    parameters.withMutableSpan(block) { parameters in
                        gradients.withSpan(block) { gradients in
                            update(part, &parameters, gradients, learningRate, gradientScale)
                        }
                    }
                    updated(block.upperBound)
                    rest = block.upperBound..<rest.upperBound
                }
            }
        }
        moveBuffers(parameters, gradients)
        updated(layout.elementCount)
    }

    /// Elements of a block: with its gradients and two states it fills a quarter of a second-level cache of 2 MiB.
    private static let blockElements = 32 * 1024

    private func moveBuffers(_ parameters: Arena<Float>, _ measured: Arena<Float>) {
        for index in layout.entries.indices where !layout.entries[index].trainable {
            let (range, momentum) = (layout.entries[index].range, Float(layout.entries[index].momentum))
            parameters.withMutableSpan(range) { buffer in
                measured.withSpan(range) { measured in
                    for index in buffer.indices { buffer[index] = (1 - momentum) * buffer[index] + momentum * measured[index] }
                }
            }
        }
    }

    private func update(
        _ run: Run, _ parameters: inout MutableSpan<Float>, _ gradients: Span<Float>, _ learningRate: Double, _ scale: Double
    ) {
        switch spec.kind {
        case .sgd(let momentum, let dampening, let nesterov):
            let step = SGDStep(
                learningRate: learningRate, momentum: momentum, dampening: dampening, nesterov: nesterov, weightDecay: run.weightDecay,
                gradientScale: scale, firstStep: updates == 1)
            with(slots.first, run) { momentum in
                kernels.sgdUpdate(step, gradients: gradients, parameters: &parameters, momentumBuffer: &momentum)
            }

        case .adagrad(let decay, _, let epsilon):
            let step = AdagradStep(
                learningRate: learningRate / (1 + Double(updates - 1) * decay), epsilon: epsilon, weightDecay: run.weightDecay,
                gradientScale: scale)
            with(slots.second, run) { sum in
                kernels.adagradUpdate(step, gradients: gradients, parameters: &parameters, sum: &sum)
            }

        case .rmsprop(let alpha, let epsilon, let momentum, _):
            let step = RMSpropStep(
                learningRate: learningRate, alpha: alpha, epsilon: epsilon, momentum: momentum, weightDecay: run.weightDecay,
                gradientScale: scale)
            with(slots.first, run) { momentum in
                with(slots.second, run) { squares in
                    with(slots.third, run) { average in
                        kernels.rmspropUpdate(
                            step, gradients: gradients, parameters: &parameters, squareAverage: &squares, gradientAverage: &average,
                            momentumBuffer: &momentum)
                    }
                }
            }

        case .adam(let beta1, let beta2, let epsilon), .adamw(let beta1, let beta2, let epsilon):
            let step = AdamStep(
                learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: run.weightDecay,
                decoupled: isDecoupled, biasCorrection1: 1 - power(beta1, updates),
                biasCorrection2SquareRoot: (1 - power(beta2, updates)).squareRoot(), gradientScale: scale)
            with(slots.first, run) { mean in
                with(slots.second, run) { squares in
                    kernels.adamUpdate(
                        step, gradients: gradients, parameters: &parameters, firstMoment: &mean, secondMoment: &squares)
                }
            }
        }
    }

    private var isDecoupled: Bool {
        if case .adamw = spec.kind { true } else { false }
    }

    /// The part of a state that belongs to a run; an absent state gives an empty span.
    @inline(__always)
    private func with(_ arena: Arena<Float>, _ run: Run, _ body: (inout MutableSpan<Float>) -> Void) {
        arena.withMutableSpan(arena.count == 0 ? 0..<0 : run.range, body)
    }
}
