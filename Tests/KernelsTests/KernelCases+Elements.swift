import Kernels

extension KernelCase {
    static let elementwise: [KernelCase] =
        [
            KernelCase("dropout", inputs: [3 * 21]) { kernels, x, type in
                let (x, y) = (StoredValues(x[0], type), StoredValues<Float>(results: 63, type))
                let keys: [UInt64] = [3, 4, 5]
                kernels.dropout(rows: 3, columns: 21, rate: 0.4, layerKey: 6, rowKeys: keys.span, x.operand, into: y.destination)
                return [y.values]
            },
            KernelCase("embedding", inputs: [4 * 21, 2 * 21]) { kernels, x, type in
                let (table, positions, y) = (StoredValues(x[0]), StoredValues(x[1]), StoredValues<Float>(results: 6 * 21, type))
                let index: [Int32] = [0, 3, 2, 2, 1, 3]
                kernels.embedding(
                    rows: 6, length: 2, columns: 21, vocabulary: 4, index: index.span, table: table.operand, positions: positions.operand,
                    into: y.destination)
                return [y.values]
            },
            KernelCase("embedding's gradient", inputs: [6 * 21, 4 * 21]) { kernels, x, type in
                let (dy, gradient) = (StoredValues(x[0], type), StoredValues(x[1]))
                let index: [Int32] = [0, 3, 2, 2, 1, 3]
                kernels.embeddingGradient(
                    rows: 6, columns: 21, vocabulary: 4, index: index.span, outputGradient: dy.operand, accumulates: true,
                    into: gradient.destination)
                return [gradient.values]
            },
            KernelCase("column sums", inputs: [9 * 37]) { kernels, x, type in
                let (x, sums) = (StoredValues(x[0], type), StoredValues<Float>(results: 37))
                kernels.columnSums(rows: 9, columns: 37, x.operand, into: sums.destination)
                return [sums.values]
            },
            KernelCase("sum of squares", inputs: [50], types: [.scalar]) { kernels, x, _ in
                let x = x[0]
                return [[Float(kernels.sumOfSquares(x.span, from: 0, count: 50))]]
            },
        ]
        + Activation.allCases.map { kind in
            KernelCase("\(kind) and its gradient", inputs: [40, 40, 40]) { kernels, x, type in
                let (saved, dy) = (StoredValues(x[0], type), StoredValues(x[1], type))
                let (dx, y) = (StoredValues<Float>(results: 40, type), StoredValues(x[2], type))
                kernels.activationGradient(kind, saved: saved.operand, outputGradient: dy.operand, into: dx.destination)
                kernels.activate(kind, y.operand, into: y.destination)
                return [dx.values, y.values]
            }
        }

    static let poolings: [KernelCase] = [(2, 2, 0), (3, 2, 1), (3, 1, 1)].map { size, stride, pad in
        let pool = WindowShape(
            inputHeight: 5, inputWidth: 7, inputChannels: 19, kernelHeight: size, kernelWidth: size, strideHeight: stride,
            strideWidth: stride, padTop: pad, padLeft: pad, padBottom: pad, padRight: pad, outputChannels: 19)
        let (inside, outside) = (2 * pool.inputCount, 2 * pool.outputCount)
        return KernelCase("pooling of \(size) by \(stride), padding \(pad)", inputs: [inside, outside]) { kernels, x, type in
            let (x, dy) = (StoredValues(x[0], type), StoredValues(x[1], type))
            func result(_ count: Int) -> StoredValues<Float> { StoredValues(results: count, type) }
            var winners = [UInt8](repeating: 255, count: outside)
            var span = winners.mutableSpan
            let (y, dx) = (result(outside), result(inside))
            kernels.maxPool(rows: 2, pool, x.operand, into: y.destination, winners: &span)
            kernels.maxPoolGradient(rows: 2, pool, winners: winners.span, outputGradient: dy.operand, into: dx.destination)
            var results = [y.values, dx.values]
            for counts in [true, false] {
                kernels.averagePool(rows: 2, pool, countIncludesPad: counts, x.operand, into: y.destination)
                kernels.averagePoolGradient(rows: 2, pool, countIncludesPad: counts, outputGradient: dy.operand, into: dx.destination)
                results += [y.values, dx.values]
            }
            return results
        }
    }

    /// Inverse deviations and second moments are positive: their magnitudes, an infinity and a NaN remaining what they are.
    static let normalisations: [KernelCase] =
        [
            KernelCase("layer norm", inputs: [5 * 37, 37, 37]) { kernels, x, type in
                let (values, gain, shift) = (StoredValues(x[0], type), StoredValues(x[1]), StoredValues(x[2]))
                let (y, mean, inverse) = (
                    StoredValues<Float>(results: 5 * 37, type), StoredValues<Float>(results: 5), StoredValues<Float>(results: 5)
                )
                kernels.layerNorm(
                    rows: 5, columns: 37, epsilon: 1e-3, values.operand, gain: gain.operand, shift: shift.operand, into: y.destination,
                    mean: mean.destination, inverse: inverse.destination)
                return [y.values, mean.values, inverse.values]
            },
            KernelCase("layer norm's gradient", inputs: [5 * 37, 37, 5, 5, 5 * 37, 5 * 37]) { kernels, x, type in
                let (values, gain, mean) = (StoredValues(x[0], type), StoredValues(x[1]), StoredValues(x[2]))
                let (inverse, dy, residual) = (StoredValues(x[3].map(\.magnitude)), StoredValues(x[4], type), StoredValues(x[5], type))
                let (dx, dGain, dShift) = (
                    StoredValues<Float>(results: 5 * 37, type), StoredValues<Float>(results: 37), StoredValues<Float>(results: 37)
                )
                kernels.layerNormGradient(
                    rows: 5, columns: 37, values.operand, gain: gain.operand, mean: mean.operand, inverse: inverse.operand,
                    outputGradient: dy.operand, residual: residual.operand, into: dx.destination, gainGradient: dGain.destination,
                    shiftGradient: dShift.destination)
                return [dx.values, dGain.values, dShift.values]
            },
        ]
        + [Activation.identity, .relu].flatMap { kind in
            [
                KernelCase("batch norm, \(kind)", inputs: [9 * 37, 37, 37, 37, 37, 9 * 37]) { kernels, x, type in
                    let (values, mean, inverse) = (StoredValues(x[0], type), StoredValues(x[1]), StoredValues(x[2].map(\.magnitude)))
                    let (gain, shift, residual) = (StoredValues(x[3]), StoredValues(x[4]), StoredValues(x[5], type))
                    let y = StoredValues<Float>(results: 9 * 37, type)
                    kernels.batchNorm(
                        rows: 9, columns: 37, values.operand, mean: mean.operand, inverse: inverse.operand, gain: gain.operand,
                        shift: shift.operand, residual: residual.operand, activation: kind, into: y.destination)
                    return [y.values]
                },
                KernelCase("batch norm's gradient, \(kind)", inputs: [9 * 37, 37, 37, 37, 9 * 37, 9 * 37]) { kernels, x, type in
                    let (values, mean, inverse) = (StoredValues(x[0], type), StoredValues(x[1]), StoredValues(x[2].map(\.magnitude)))
                    let (gain, gate, dy) = (StoredValues(x[3]), StoredValues(x[4], type), StoredValues(x[5], type))
                    let (dx, dResidual) = (StoredValues<Float>(results: 9 * 37, type), StoredValues<Float>(results: 9 * 37, type))
                    let (dGain, dShift) = (StoredValues<Float>(results: 37), StoredValues<Float>(results: 37))
                    kernels.batchNormGradient(
                        rows: 9, columns: 37, values.operand, mean: mean.operand, inverse: inverse.operand, gain: gain.operand,
                        activation: kind, output: kind == .relu ? gate.operand : .absent, outputGradient: dy.operand, into: dx.destination,
                        gainGradient: dGain.destination, shiftGradient: dShift.destination, residualGradient: dResidual.destination)
                    return [dx.values, dGain.values, dShift.values, dResidual.values]
                }
                // An infinite factor of a sum, or of its terms.
                .allowing { $0.input == 2 && $0.neitherIsFinite },
            ]
        }
}
