import Kernels

extension KernelBench {
    /// What memory limits: normalisations, elementwise operations, losses, the optimiser, packing. Bytes are those of operands and results,
    /// each counted once, however often a kernel passes over them.
    func memoryBound() -> [Maker] {
        StorageType.allCases.flatMap { type in
            [
                layerNorm(rows: 2048, columns: 384, type), layerNorm(rows: 1024, columns: 768, type),
                batchNorm(rows: 32_768, columns: 64, type),
                batchNorm(rows: 2048, columns: 256, type), crossEntropy(rows: 2048, columns: 65, type),
                crossEntropy(rows: 1024, columns: 50_257, type), gelu(count: 2048 * 1536, type), sum(count: 2048 * 384, type),
                packing(k: 768, n: 3072, transposed: false, type), packing(k: 768, n: 3072, transposed: true, type),
            ]
        } + [50_000, 1_900_000, 11_000_000, 124_000_000].map { adam(count: $0) }
    }

    private func bytes(_ type: StorageType) -> Double { type == .scalar ? 4 : 2 }

    private func layerNorm(rows: Int, columns: Int, _ type: StorageType) -> Maker {
        Maker(name: "layer normalisation") { [kernels, self] in
            let memory = BenchMemory()
            let (x, y) = (memory.operand(rows * columns, type), memory.destination(rows * columns, type))
            let (gain, shift) = (memory.operand(columns, .scalar), memory.operand(columns, .scalar))
            let (mean, inverse) = (memory.destination(rows, .scalar), memory.destination(rows, .scalar))
            return Case(
                kernel: "layer normalisation", shape: "\(rows)×\(columns)", type: type, flops: 0,
                bytes: 2 * bytes(type) * Double(rows * columns)
            ) {
                withExtendedLifetime(memory) {
                    kernels.layerNorm(
                        rows: rows, columns: columns, epsilon: 1e-5, x, gain: gain, shift: shift, into: y, mean: mean, inverse: inverse)
                }
            }
        }
    }

    private func batchNorm(rows: Int, columns: Int, _ type: StorageType) -> Maker {
        Maker(name: "batch normalisation") { [kernels, self] in
            let memory = BenchMemory()
            let (x, y) = (memory.operand(rows * columns, type), memory.destination(rows * columns, type))
            let (gain, shift) = (memory.operand(columns, .scalar), memory.operand(columns, .scalar))
            let (mean, inverse) = (memory.destination(columns, .scalar), memory.destination(columns, .scalar))
            return Case(
                kernel: "batch normalisation, statistics included", shape: "\(rows)×\(columns)", type: type, flops: 0,
                bytes: 3 * bytes(type) * Double(rows * columns)
            ) {
                withExtendedLifetime(memory) {
                    kernels.batchNormStatistics(rows: rows, columns: columns, epsilon: 1e-5, x, mean: mean, inverse: inverse)
                    kernels.batchNorm(
                        rows: rows, columns: columns, x, mean: mean.operand, inverse: inverse.operand, gain: gain, shift: shift,
                        residual: .absent, activation: .relu, into: y)
                }
            }
        }
    }

    private func crossEntropy(rows: Int, columns: Int, _ type: StorageType) -> Maker {
        Maker(name: "softmax cross-entropy") { [kernels, self] in
            let memory = BenchMemory()
            let (logits, gradient) = (memory.operand(rows * columns, .scalar), memory.destination(rows * columns, type))
            let loss = memory.destination(rows, .scalar)
            let classes = (0..<rows).map { Int32($0 % columns) }
            return Case(
                kernel: "softmax cross-entropy with gradient", shape: "\(rows)×\(columns)", type: type, flops: 0,
                bytes: (4 + bytes(type)) * Double(rows * columns)
            ) {
                withExtendedLifetime(memory) {
                    kernels.softmaxCrossEntropy(
                        rows: rows, positions: 1, columns: columns, logits: logits, classes: classes.span, scale: 1, into: loss,
                        gradient: gradient)
                }
            }
        }
    }

    private func gelu(count: Int, _ type: StorageType) -> Maker {
        Maker(name: "gelu") { [kernels, self] in
            let memory = BenchMemory()
            let (x, y) = (memory.operand(count, type), memory.destination(count, type))
            return Case(kernel: "gelu, tanh", shape: "\(count)", type: type, flops: 0, bytes: 2 * bytes(type) * Double(count)) {
                withExtendedLifetime(memory) { kernels.activate(.geluTanh, x, into: y) }
            }
        }
    }

    private func sum(count: Int, _ type: StorageType) -> Maker {
        Maker(name: "sum") { [kernels, self] in
            let memory = BenchMemory()
            let (a, b, c) = (memory.operand(count, type), memory.operand(count, type), memory.destination(count, type))
            return Case(kernel: "sum", shape: "\(count)", type: type, flops: 0, bytes: 3 * bytes(type) * Double(count)) {
                withExtendedLifetime(memory) { kernels.add(a, b, into: c) }
            }
        }
    }

    private func packing(k: Int, n: Int, transposed: Bool, _ type: StorageType) -> Maker {
        Maker(name: "packing") { [kernels, self] in
            let memory = BenchMemory()
            let packing = WeightPacking(k: k, n: n, transposed: transposed, type: type)
            let (weights, packed) = (memory.operand(k * n, .scalar), memory.scratch(kernels.packedBytes(packing)))
            return Case(
                kernel: transposed ? "packing, transposed" : "packing", shape: "\(k)×\(n)", type: type, flops: 0,
                bytes: (4 + bytes(type)) * Double(k * n)
            ) {
                withExtendedLifetime(memory) { kernels.pack(packing, weights: weights, into: packed) }
            }
        }
    }

    private func adam(count: Int) -> Maker {
        Maker(name: "adam") { [kernels] in
            let arenas = AdamMemory(count: count)
            let step = AdamStep(
                learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, decoupled: true, biasCorrection1: 0.1,
                biasCorrection2SquareRoot: 0.03, gradientScale: 1)
            return Case(kernel: "adam", shape: "\(count) parameters", type: .scalar, flops: 0, bytes: 28 * Double(count)) {
                arenas.update(step, kernels)
            }
        }
    }
}
