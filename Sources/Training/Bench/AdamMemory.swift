import Kernels
import TensorCore

/// The four arrays of an Adam update, for benchmarks.
final class AdamMemory {
    private let parameters, gradients, first, second: Arena<Float>

    init(count: Int) {
        (parameters, gradients) = (Arena(count: count), Arena(count: count))
        (first, second) = (Arena(count: count), Arena(count: count))
        for arena in [parameters, gradients, first, second] { arena.fill(0.25) }
    }

    func update(_ step: AdamStep, _ kernels: FloatKernels) {
        gradients.withSpan { gradients in
            parameters.withMutableSpan { parameters in
                first.withMutableSpan { first in
                    second.withMutableSpan { second in
                        kernels.adamUpdate(step, gradients: gradients, parameters: &parameters, firstMoment: &first, secondMoment: &second)
                    }
                }
            }
        }
    }
}
