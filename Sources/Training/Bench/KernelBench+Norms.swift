import Kernels

extension KernelBench {
    /// Layer normalisation at the transformers' widths, batch normalisation at ResNet-18's, and both at powers of two.
    func normalisations() -> [Case] {
        StorageType.allCases.flatMap { type in
            [(2048, 384), (1024, 768), (256, 256), (1024, 1024), (8192, 1024)].flatMap { layerNorm(rows: $0, columns: $1, type) }
                + [(32_768, 64), (8192, 128), (2048, 256), (512, 512), (256, 64), (65_536, 128)].flatMap {
                    batchNorm(rows: $0, columns: $1, type)
                }
        }
    }

    private func layerNorm(rows: Int, columns: Int, _ type: StorageType) -> [Case] {
        [(false, false), (true, false), (true, true)].map { backward, adds in
            Case(
                kernel: "layer normalisation" + (backward ? " gradient" : "") + (adds ? ", residual" : ""), shape: "\(rows)×\(columns)",
                type: type
            ) { [kernels] memory in
                let count = rows * columns
                let x = memory.operand(count, type)
                let (gain, shift) = (memory.operand(columns), memory.result(columns))
                let (mean, inverse) = (memory.result(rows), memory.result(rows))
                guard backward else {
                    let y = memory.result(count, type)
                    return {
                        kernels.layerNorm(
                            rows: rows, columns: columns, epsilon: 1e-5, x, gain: gain, shift: shift.operand, into: y, mean: mean,
                            inverse: inverse)
                    }
                }
                let (dy, dx) = (memory.operand(count, type), memory.result(count, type))
                let (residual, dGain) = (adds ? memory.operand(count, type) : .absent, memory.result(columns))
                return {
                    kernels.layerNormGradient(
                        rows: rows, columns: columns, x, gain: gain, mean: mean.operand, inverse: inverse.operand, outputGradient: dy,
                        residual: residual, into: dx, gainGradient: dGain, shiftGradient: shift)
                }
            }
        }
    }

    /// As a residual block ends: normalise, add the shortcut, relu; and back through all three.
    private func batchNorm(rows: Int, columns: Int, _ type: StorageType) -> [Case] {
        ["statistics", "with relu", "with residual and relu", "gradient", "gradient, residual"].map { part in
            Case(kernel: "batch normalisation \(part)", shape: "\(rows)×\(columns)", type: type) { [kernels] memory in
                let count = rows * columns
                let x = memory.operand(count, type)
                let (mean, inverse) = (memory.result(columns), memory.result(columns))
                if part == "statistics" {
                    return {
                        kernels.batchNormStatistics(rows: rows, columns: columns, epsilon: 1e-5, x, mean: mean, inverse: inverse)
                    }
                }
                let (gain, shift) = (memory.operand(columns), memory.result(columns))
                let (y, adds) = (memory.result(count, type), part.contains("residual"))
                let residual = adds ? memory.result(count, type) : .absent
                guard part.hasPrefix("gradient") else {
                    return {
                        kernels.batchNorm(
                            rows: rows, columns: columns, x, mean: mean.operand, inverse: inverse.operand, gain: gain,
                            shift: shift.operand, residual: residual.operand, activation: .relu, into: y)
                    }
                }
                let (dy, dx, dGain) = (memory.operand(count, type), memory.result(count, type), memory.result(columns))
                return {
                    kernels.batchNormGradient(
                        rows: rows, columns: columns, x, mean: mean.operand, inverse: inverse.operand, gain: gain, activation: .relu,
                        output: y.operand, outputGradient: dy, into: dx, gainGradient: dGain, shiftGradient: shift,
                        residualGradient: residual)
                }
            }
        }
    }
}
