import Kernels
import Testing

@Suite struct PoolingTests {
    /// Whole numbers in, so sums and winners (ties included) are exact; averages are one rounding away.
    @Test(arguments: Level.all)
    func everyGeometryMatchesTheOracle(level: Level) {
        for pool in poolings() {
            for rows in [0, 1, 2] {
                let x = TestNumbers(41).whole(rows * pool.inputCount)
                let dy = TestNumbers(42).whole(rows * pool.outputCount)
                let (oracle, actual) = (
                    poolResults(ReferenceKernels<Double>(), pool, rows, x.doubles, dy.doubles),
                    poolResults(level.kernels, pool, rows, x, dy)
                )
                #expect(actual.winners == oracle.winners, "\(pool)")
                for (i, (a, e)) in zip(actual.values, oracle.values).enumerated() {
                    // 0, 1 are the maxima and their gradient: exact.
                    let wrong = i < 2 ? mismatch(a, e, within: 0) : mismatch(a, e, within: 4e-6)
                    if let wrong { Issue.record("\(pool), rows \(rows), result \(i): \(wrong)") }
                }
            }
        }
    }

    @Test(arguments: Level.all)
    func aNaNWinsItsWindow(level: Level) {
        let pool = WindowShape(
            inputHeight: 4, inputWidth: 4, inputChannels: 1, kernelHeight: 2, kernelWidth: 2, strideHeight: 2, strideWidth: 2,
            outputChannels: 1)
        var x = [Float](repeating: 1, count: 16)
        x[0] = .nan
        x[7] = .infinity
        let result = poolResults(level.kernels, pool, 1, x, [1, 1, 1, 1])
        #expect(result.values[0][0].isNaN && result.winners[0] == 0)
        #expect(result.values[0][1] == .infinity && result.winners[1] == 3)
        #expect(result.values[0][2] == 1 && result.winners[2] == 0)
    }

    /// PyTorch 2's avg_pool2d on a 2×2 image of ones, window 2, stride 1, padding 1.
    @Test(arguments: Level.all)
    func averagesCountThePaddingOrDoNot(level: Level) {
        let pool = WindowShape(
            inputHeight: 2, inputWidth: 2, inputChannels: 1, kernelHeight: 2, kernelWidth: 2, padTop: 1, padLeft: 1, padBottom: 1,
            padRight: 1, outputChannels: 1)
        let result = poolResults(level.kernels, pool, 1, [1, 1, 1, 1], [Float](repeating: 1, count: 9))
        #expect(result.values[2] == [0.25, 0.5, 0.25, 0.5, 1, 0.5, 0.25, 0.5, 0.25])
        #expect(result.values[3] == [Float](repeating: 1, count: 9))
    }
}

private func poolings() -> [WindowShape] {
    var shapes: [WindowShape] = []
    for (height, width) in [(1, 1), (4, 6), (5, 7), (8, 3)] {
        for (kernel, stride, pad) in [(1, 1, 0), (2, 2, 0), (3, 2, 1), (2, 1, 1), (3, 3, 0), (2, 3, 0)] {
            if min(height, width) + 2 * pad < kernel { continue }
            let channels = [1, 3, 16, 19][shapes.count % 4]
            shapes.append(
                WindowShape(
                    inputHeight: height, inputWidth: width, inputChannels: channels, kernelHeight: kernel, kernelWidth: kernel,
                    strideHeight: stride, strideWidth: stride, padTop: pad, padLeft: pad, padBottom: pad, padRight: pad,
                    outputChannels: channels))
        }
    }
    return shapes
}

/// Maximum and gradient, average with and without padding and their gradients; and the winners.
private func poolResults<Kernels: KernelSet>(
    _ kernels: Kernels, _ pool: WindowShape, _ rows: Int, _ x: [Kernels.Scalar], _ dy: [Kernels.Scalar]
) -> (values: [[Kernels.Scalar]], winners: [UInt8]) {
    var y = [Kernels.Scalar](repeating: .nan, count: rows * pool.outputCount)
    var winners = [UInt8](repeating: 255, count: y.count)
    var dx = [Kernels.Scalar](repeating: .nan, count: rows * pool.inputCount)
    var out = y.mutableSpan
    var winnerSpan = winners.mutableSpan
    kernels.maxPool(rows: rows, pool, x.span, into: &out, winners: &winnerSpan)
    var back = dx.mutableSpan
    kernels.maxPoolGradient(rows: rows, pool, winners: winners.span, outputGradient: dy.span, into: &back)
    var values = [y, dx]
    for countsPad in [true, false] {
        var y = [Kernels.Scalar](repeating: .nan, count: rows * pool.outputCount)
        var dx = [Kernels.Scalar](repeating: .nan, count: rows * pool.inputCount)
        var out = y.mutableSpan
        kernels.averagePool(rows: rows, pool, countIncludesPad: countsPad, x.span, into: &out)
        var back = dx.mutableSpan
        kernels.averagePoolGradient(rows: rows, pool, countIncludesPad: countsPad, outputGradient: dy.span, into: &back)
        // y with, y without, then the gradients.
        values.insert(y, at: countsPad ? 2 : 3)
        values.append(dx)
    }
    return (values, winners)
}
