import Kernels

extension KernelBench {
    /// The losses with their gradients, and softmax by itself.
    func losses() -> [Case] {
        let sizes = [(32, 10), (2048, 65), (256, 256), (1024, 1024)]
        let entropies = StorageType.allCases.flatMap { type in
            (sizes + [(1024, 50_257)]).map { crossEntropy(rows: $0, columns: $1, type) }
        }
        return entropies + sizes.flatMap { softmaxes(rows: $0, columns: $1) + pointwise(rows: $0, columns: $1) }
    }

    private func crossEntropy(rows: Int, columns: Int, _ type: StorageType) -> Case {
        Case(kernel: "softmax cross-entropy with gradient", shape: "\(rows)×\(columns)", type: type) { [kernels] memory in
            let (logits, gradient) = (memory.operand(rows * columns), memory.result(rows * columns, type))
            let (loss, classes) = (memory.result(rows), memory.labels(rows, below: columns))
            return {
                kernels.softmaxCrossEntropy(
                    rows: rows, positions: 1, columns: columns, logits: logits, classes: classes.span, scale: 1, into: loss,
                    gradient: gradient)
            }
        }
    }

    private func softmaxes(rows: Int, columns: Int) -> [Case] {
        [false, true].map { backward in
            Case(kernel: backward ? "softmax gradient" : "softmax", shape: "\(rows)×\(columns)", type: .scalar) { [kernels] memory in
                let (x, y) = (memory.floats(rows * columns), memory.floats(rows * columns))
                guard backward else {
                    return {
                        var y = y.mutableSpan
                        kernels.softmax(rows: rows, columns: columns, x.span, into: &y)
                    }
                }
                let dx = memory.floats(rows * columns)
                return {
                    var dx = dx.mutableSpan
                    kernels.softmaxGradient(rows: rows, columns: columns, output: y.span, outputGradient: x.span, into: &dx)
                }
            }
        }
    }

    /// Losses that are the mean of a function of each element.
    private func pointwise(rows: Int, columns: Int) -> [Case] {
        ["binary cross-entropy", "mean squared error"].map { name in
            Case(kernel: "\(name) with gradient", shape: "\(rows)×\(columns)", type: .scalar) { [kernels] memory in
                let count = rows * columns
                let (x, targets, loss) = (memory.floats(count), memory.floats(count), memory.floats(rows))
                let gradient = memory.floats(count)
                let isBinary = name.hasPrefix("binary")
                return {
                    var loss = loss.mutableSpan
                    var gradient = gradient.mutableSpan
                    if isBinary {
                        kernels.binaryCrossEntropyWithLogitsBoth(
                            rows: rows, columns: columns, logits: x.span, targets: targets.span, scale: 1, into: &loss,
                            gradient: &gradient)
                    } else {
                        kernels.meanSquaredErrorBoth(
                            rows: rows, columns: columns, predictions: x.span, targets: targets.span, scale: 1, into: &loss,
                            gradient: &gradient)
                    }
                }
            }
        }
    }
}
