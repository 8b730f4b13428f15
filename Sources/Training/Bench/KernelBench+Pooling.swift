import Kernels

extension KernelBench {
    /// Poolings and their gradients: the `cnn` workload's, ResNet-18's average of whole maps, and powers of two.
    func poolings() -> [Case] {
        StorageType.allCases.flatMap { type in
            [(26, 32, 2), (32, 64, 2), (16, 128, 2), (8, 256, 2), (4, 512, 4)].flatMap { side, channels, window in
                pooling(
                    WindowShape(
                        inputHeight: side, inputWidth: side, inputChannels: channels, kernelHeight: window, kernelWidth: window,
                        strideHeight: window, strideWidth: window, outputChannels: channels), rows: 32, type)
            }
        }
    }

    private func pooling(_ pool: WindowShape, rows: Int, _ type: StorageType) -> [Case] {
        [("max pooling", false), ("max pooling gradient", true), ("average pooling", false), ("average pooling gradient", true)].map {
            name, backward in
            let isMaximum = name.hasPrefix("max")
            return Case(kernel: name, shape: "\(rows) × \(pool)", type: type) { [kernels] memory in
                let (x, y) = (memory.result(rows * pool.inputCount, type), memory.result(rows * pool.outputCount, type))
                guard isMaximum else {
                    return {
                        if backward {
                            kernels.averagePoolGradient(rows: rows, pool, countIncludesPad: true, outputGradient: y.operand, into: x)
                        } else {
                            kernels.averagePool(rows: rows, pool, countIncludesPad: true, x.operand, into: y)
                        }
                    }
                }
                let winners = memory.winners(rows * pool.outputCount)
                let forward = {
                    var winners = winners.mutableSpan
                    kernels.maxPool(rows: rows, pool, x.operand, into: y, winners: &winners)
                }
                // Winners have to be a forward pass's own.
                forward()
                guard backward else { return forward }
                return { kernels.maxPoolGradient(rows: rows, pool, winners: winners.span, outputGradient: y.operand, into: x) }
            }
        }
    }
}
