import Kernels

extension KernelCase {
    static let losses: [KernelCase] =
        [
            KernelCase("softmax", inputs: [3 * 37], types: [.scalar]) { kernels, x, _ in
                let x = x[0]
                return [spanned(111) { kernels.softmax(rows: 3, columns: 37, x.span, into: &$0) }]
            },
            KernelCase("softmax's gradient", inputs: [3 * 37, 3 * 37], types: [.scalar]) { kernels, x, _ in
                let (y, dy) = (x[0], x[1])
                return [spanned(111) { kernels.softmaxGradient(rows: 3, columns: 37, output: y.span, outputGradient: dy.span, into: &$0) }]
            },
            KernelCase("mean squared error", inputs: [3 * 37, 3 * 37], types: [.scalar]) { kernels, x, _ in
                let results = squaredError(kernels, 3, 37, x[0], x[1], 0.5)
                return [results.loss, results.gradient]
            },
            KernelCase("binary cross-entropy", inputs: [3 * 37, 3 * 37], types: [.scalar]) { kernels, x, _ in
                let results = binaryCrossEntropy(kernels, 3, 37, x[0], x[1], 0.5)
                return [results.loss, results.gradient]
            },
            KernelCase("cross-entropy of rows", inputs: [3 * 37], types: [.scalar]) { kernels, x, _ in
                let results = crossEntropy(kernels, 3, 37, x[0], [0, 20, 35], 0.5)
                return [results.loss, results.gradient]
            },
        ]
        + [37, 300].map { columns in
            KernelCase("cross-entropy of positions of \(columns)", inputs: [4 * columns]) { kernels, x, type in
                let logits = StoredValues(x[0], type)
                let (loss, gradient) = (StoredValues<Float>(results: 2), StoredValues<Float>(results: 4 * columns, type))
                let classes: [Int32] = [0, 20, 35, 36]
                kernels.softmaxCrossEntropy(
                    rows: 2, positions: 2, columns: columns, logits: logits.operand, classes: classes.span, scale: 0.5,
                    into: loss.destination, gradient: gradient.destination)
                return [loss.values, gradient.values]
            }
        }

    /// One step of every rule: parameters, gradients and up to three states. Squares are positive.
    static let updates: [KernelCase] = (0..<9).map { rule in
        let names = [
            "SGD", "SGD with momentum", "SGD by Nesterov", "SGD's first step", "Adagrad", "RMSprop", "centred RMSprop", "Adam", "AdamW",
        ]
        return KernelCase(names[rule], inputs: [41, 41, 41, 41, 41], types: [.scalar]) { kernels, x, _ in
            var (p, squares, first, second) = (x[0], x[2].map(\.magnitude), x[3], x[4])
            let gradients = x[1]
            let g = gradients.span
            var parameters = p.mutableSpan
            var none = MutableSpan<Float>()
            var a = squares.mutableSpan
            var b = first.mutableSpan
            var c = second.mutableSpan
            switch rule {
            case 0:
                let step = SGDStep(learningRate: 0.1, weightDecay: 0.01, gradientScale: 0.5)
                kernels.sgdUpdate(step, gradients: g, parameters: &parameters, momentumBuffer: &none)
            case 1...3:
                let step = SGDStep(
                    learningRate: 0.1, momentum: 0.9, dampening: rule == 1 ? 0.2 : 0, nesterov: rule == 2, weightDecay: 0.01,
                    firstStep: rule == 3)
                kernels.sgdUpdate(step, gradients: g, parameters: &parameters, momentumBuffer: &b)
            case 4:
                let step = AdagradStep(learningRate: 0.1, weightDecay: 0.01)
                kernels.adagradUpdate(step, gradients: g, parameters: &parameters, sum: &a)
            case 5:
                let step = RMSpropStep(learningRate: 0.1, weightDecay: 0.01)
                var noOther = MutableSpan<Float>()
                kernels.rmspropUpdate(
                    step, gradients: g, parameters: &parameters, squareAverage: &a, gradientAverage: &none, momentumBuffer: &noOther)
            case 6:
                // Squares so large that the root of the spread is real.
                for i in 0..<41 { a[i] += 4 }
                let step = RMSpropStep(learningRate: 0.1, momentum: 0.9)
                kernels.rmspropUpdate(
                    step, gradients: g, parameters: &parameters, squareAverage: &a, gradientAverage: &b, momentumBuffer: &c)
            default:
                let step = AdamStep(
                    learningRate: 0.01, weightDecay: 0.1, decoupled: rule == 8, biasCorrection1: 0.2, biasCorrection2SquareRoot: 0.1)
                kernels.adamUpdate(step, gradients: g, parameters: &parameters, firstMoment: &b, secondMoment: &a)
            }
            return [p, squares, first, second]
        }
    }
}
