import Kernels
import Testing

@Suite struct PoolingTests {
    /// Whole numbers in: maxima, winners and gradients are exact, averages a rounding away.
    @Test(arguments: Level.all, StorageType.allCases)
    func everyGeometryMatchesTheOracle(level: Level, type: StorageType) {
        for (i, (height, width)) in [(1, 1), (4, 6), (5, 7), (8, 3)].enumerated() {
            for (j, (kernel, stride, pad)) in [(1, 1, 0), (2, 2, 0), (3, 2, 1), (2, 1, 1), (3, 3, 0), (2, 3, 0)].enumerated() {
                if min(height, width) + 2 * pad < kernel { continue }
                let channels = [1, 3, 16, 19, 40][(i + j) % 5]
                let pool = WindowShape(
                    inputHeight: height, inputWidth: width, inputChannels: channels, kernelHeight: kernel, kernelWidth: kernel,
                    strideHeight: stride, strideWidth: stride, padTop: pad, padLeft: pad, padBottom: pad, padRight: pad,
                    outputChannels: channels)
                for rows in [0, 1, 2] {
                    let (x, dy) = (TestNumbers(371).whole(rows * pool.inputCount), TestNumbers(372).whole(rows * pool.outputCount))
                    let (actual, winners) = pooled(level.kernels, pool, rows, x, dy, type)
                    let (expected, wanted) = pooled(ReferenceKernels<Double>(), pool, rows, x.doubles, dy.doubles, type)
                    #expect(winners == wanted, "\(pool)")
                    for (k, (a, e)) in zip(actual, expected).enumerated() {
                        let relative = k < 2 ? 0 : 2 * type.rounding + 1e-6
                        if let wrong = mismatch(a, e, relative: relative, floor: k < 2 ? 0 : 1e-6) {
                            Issue.record("\(pool), rows \(rows), result \(k): \(wrong)")
                        }
                    }
                }
            }
        }
    }

    /// An average over the whole of an image of more positions than a winner could tell apart; and a hundred windows over each cell.
    @Test(arguments: Level.all, StorageType.allCases)
    func averagesHaveNoLargestWindow(level: Level, type: StorageType) {
        for (kernel, stride) in [(27, 27), (10, 1)] {
            let pool = WindowShape(
                inputHeight: 27, inputWidth: 28, inputChannels: 5, kernelHeight: kernel, kernelWidth: kernel + 1, strideHeight: stride,
                strideWidth: stride, outputChannels: 5)
            let (x, dy) = (TestNumbers(373).whole(2 * pool.inputCount), TestNumbers(374).whole(2 * pool.outputCount))
            for (a, e) in zip(
                averaged(level.kernels, pool, 2, x, dy, type), averaged(ReferenceKernels<Double>(), pool, 2, x.doubles, dy.doubles, type))
            {
                let wrong = mismatch(a, e, relative: 2 * type.rounding + 1e-5, floor: 1e-5)
                #expect(wrong == nil, "\(pool)")
            }
        }
    }

    @Test(arguments: Level.all, StorageType.allCases)
    func aNaNWinsItsWindow(level: Level, type: StorageType) {
        let pool = WindowShape(
            inputHeight: 4, inputWidth: 4, inputChannels: 1, kernelHeight: 2, kernelWidth: 2, strideHeight: 2, strideWidth: 2,
            outputChannels: 1)
        var x = [Float](repeating: 1, count: 16)
        x[0] = .nan
        x[7] = .infinity
        let result = pooled(level.kernels, pool, 1, x, [1, 1, 1, 1], type)
        #expect(result.values[0][0].isNaN && result.winners[0] == 0)
        #expect(result.values[0][1] == .infinity && result.winners[1] == 3)
        #expect(result.values[0][2] == 1 && result.winners[2] == 0)
    }

    /// PyTorch 2's avg_pool2d on a 2×2 image of ones, window 2, stride 1, padding 1.
    @Test(arguments: Level.all, StorageType.allCases)
    func averagesCountThePaddingOrDoNot(level: Level, type: StorageType) {
        let pool = WindowShape(
            inputHeight: 2, inputWidth: 2, inputChannels: 1, kernelHeight: 2, kernelWidth: 2, padTop: 1, padLeft: 1, padBottom: 1,
            padRight: 1, outputChannels: 1)
        let result = pooled(level.kernels, pool, 1, [1, 1, 1, 1], [Float](repeating: 1, count: 9), type)
        #expect(result.values[2] == [0.25, 0.5, 0.25, 0.5, 1, 0.5, 0.25, 0.5, 0.25])
        #expect(result.values[4] == [Float](repeating: 1, count: 9))
    }
}

/// Maximum and its gradient, averages with and without the padding and their gradients; and the winners.
private func pooled<K: KernelSet>(
    _ kernels: K, _ pool: WindowShape, _ rows: Int, _ x: [K.Scalar], _ dy: [K.Scalar], _ type: StorageType
) -> (values: [[K.Scalar]], winners: [UInt8]) {
    let (x, dy) = (StoredValues(x, type), StoredValues(dy, type))
    func result(_ count: Int) -> StoredValues<K.Scalar> { StoredValues(results: count, type) }
    var winners = [UInt8](repeating: 255, count: dy.count)
    var span = winners.mutableSpan
    let (y, dx) = (result(dy.count), result(x.count))
    kernels.maxPool(rows: rows, pool, x.operand, into: y.destination, winners: &span)
    kernels.maxPoolGradient(rows: rows, pool, winners: winners.span, outputGradient: dy.operand, into: dx.destination)
    let values = [y.values, dx.values]
    return (values + averaged(kernels, pool, rows, x.values, dy.values, type), winners)
}

/// Averages and their gradient, with the padding and without.
private func averaged<K: KernelSet>(
    _ kernels: K, _ pool: WindowShape, _ rows: Int, _ x: [K.Scalar], _ dy: [K.Scalar], _ type: StorageType
) -> [[K.Scalar]] {
    let (x, dy) = (StoredValues(x, type), StoredValues(dy, type))
    return [true, false].flatMap { countsPad in
        let (y, dx) = (StoredValues<K.Scalar>(results: dy.count, type), StoredValues<K.Scalar>(results: x.count, type))
        kernels.averagePool(rows: rows, pool, countIncludesPad: countsPad, x.operand, into: y.destination)
        kernels.averagePoolGradient(rows: rows, pool, countIncludesPad: countsPad, outputGradient: dy.operand, into: dx.destination)
        return [y.values, dx.values]
    }
}
