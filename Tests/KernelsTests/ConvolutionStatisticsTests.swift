import Kernels
import Testing

/// Statistics gathered behind a convolution, held against the oracle's of what was stored.
@Suite struct ConvolutionStatisticsTests {
    /// Tails of images, pixels, channels and filters, strides, groups, and windows that each level takes another way.
    @Test(arguments: Level.all)
    func statisticsAreThoseOfWhatIsStored(level: Level) {
        var turn = 0
        for shape in shapes {
            for rows in [0, 1, 3, 17, 35] where level.kernels.instructionSet != .swift || rows < 4 {
                for type in StorageType.allCases {
                    turn += 1
                    var run = MeasuredRun(shape, rows: rows, type: type, stored: turn % 5 == 0 ? .scalar : type)
                    run.activation = turn % 3 == 0 ? .relu : .identity
                    run.isPacked = turn % 4 != 0
                    let measured = run.results(level.kernels)
                    let expected = measured.expected(shape, rows: rows, epsilon: run.epsilon)
                    let scale = measured.y.reduce(1) { max($0, abs($1)) }
                    let what = "\(shape), \(rows) rows of \(type)"
                    if let wrong = mismatch(measured.mean, expected.mean, relative: 1e-6, floor: 1e-7 * Double(scale)) {
                        Issue.record("\(what): mean\(wrong)")
                    }
                    if let wrong = mismatch(measured.inverse, expected.inverse, relative: 4e-6) { Issue.record("\(what): inverse\(wrong)") }
                    run.measures = false
                    #expect(run.results(level.kernels).y.bits == measured.y.bits, "\(what): the outputs change")
                }
            }
        }
    }

    /// Sums of squares in floats would leave no digit: a mean a thousand deviations away, one that jumps after the first rows, one that
    /// wanders, and a first row that lies far from all others. The convolution passes its input on.
    @Test(arguments: Level.all, 0..<4)
    func aLargeMeanKeepsTheVariance(level: Level, place: Int) {
        for kernel in [1, 3] {
            let (side, channels, rows) = (level.kernels.instructionSet == .swift ? 4 : 10, 32, 50)
            let shape = window(side, channels, kernel, channels)
            for type in StorageType.allCases {
                var run = MeasuredRun(shape, rows: rows, type: type, stored: type)
                for i in 0..<run.x.count {
                    let row = i / channels
                    run.x[i] += [1000, row < 64 ? 0 : 1000, Float(row), row == 0 ? 1e6 : 0][place]
                }
                for i in 0..<run.weights.count {
                    let isCentre = i / (channels * channels) == kernel * kernel / 2
                    run.weights[i] = isCentre && i / channels % channels == i % channels ? 1 : 0
                }
                run.epsilon = 0
                let measured = run.results(level.kernels)
                let expected = measured.expected(shape, rows: rows, epsilon: 0)
                // A mean is as good as a ten millionth of a deviation. In bf16 many rows are equal, and equal summands round alike.
                let deviation = 1 / (expected.inverse.min() ?? 1)
                if let wrong = mismatch(measured.mean, expected.mean, relative: 1e-6, floor: 1e-7 * deviation) {
                    Issue.record("\(kernel), \(type): mean\(wrong)")
                }
                if let wrong = mismatch(measured.inverse, expected.inverse, relative: type == .scalar ? 1e-6 : 2e-6) {
                    Issue.record("\(kernel), \(type): inverse\(wrong)")
                }
            }
        }
    }

    /// In fp32 the fused levels give the same bits.
    @Test func fusedLevelsAgree() {
        for shape in shapes {
            let run = MeasuredRun(shape, rows: 18, type: .scalar, stored: .scalar)
            let bits = Level.fused.map { level in
                let results = run.results(level.kernels)
                return results.mean.bits + results.inverse.bits
            }
            for other in bits.dropFirst() { #expect(other == bits[0], "\(shape)") }
        }
    }

    /// What is not a number stays in its channel.
    @Test(arguments: Level.all)
    func notANumberStaysInItsChannel(level: Level) {
        for shape in [shapes[0], shapes[2], shapes[4]] {
            for type in StorageType.allCases {
                for bad in [Float.nan, .infinity] {
                    var run = MeasuredRun(shape, rows: 3, type: type, stored: type)
                    run.x = run.x.map { $0 == 0 ? 1 : $0 }
                    run.weights[shape.outputChannels * 2 - 2] = bad
                    let measured = run.results(level.kernels)
                    for f in 0..<shape.outputChannels {
                        let isBad = f == shape.outputChannels - 2
                        #expect(measured.mean[f].isFinite == !isBad, "\(shape), \(type), \(bad), \(f)")
                        #expect(measured.inverse[f].isNaN == isBad, "\(shape), \(type), \(bad), \(f)")
                    }
                }
            }
        }
    }
}

private func window(_ side: Int, _ channels: Int, _ kernel: Int, _ filters: Int, stride: Int = 1, groups: Int = 1) -> WindowShape {
    WindowShape(
        inputHeight: side, inputWidth: side + 1, inputChannels: channels, kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride,
        strideWidth: stride, padTop: kernel / 2, padLeft: kernel / 2, padBottom: kernel / 2, padRight: kernel / 2, outputChannels: filters,
        groups: groups)
}

private let shapes: [WindowShape] = [
    window(6, 32, 3, 64), window(5, 17, 3, 33), window(7, 3, 3, 40), window(5, 33, 1, 65, stride: 2), window(6, 64, 1, 96),
    window(6, 64, 3, 48, stride: 2), window(8, 4, 3, 12, groups: 4), window(9, 40, 3, 40, groups: 40), window(4, 1, 2, 7),
    window(5, 32, 1, 16), window(1, 5, 1, 3), window(6, 40, 3, 80, groups: 2),
]

/// A convolution with its statistics.
private struct MeasuredRun {
    let shape: WindowShape
    let rows: Int
    let type: StorageType
    /// How the output is stored.
    let stored: StorageType
    var x: [Float]
    var weights: [Float]
    var epsilon = 1e-3
    var activation = Activation.identity
    var isPacked = true
    var measures = true

    init(_ shape: WindowShape, rows: Int, type: StorageType, stored: StorageType) {
        (self.shape, self.rows, self.type, self.stored) = (shape, rows, type, stored)
        x = TestNumbers(401).uniform(rows * shape.inputCount)
        weights = TestNumbers(402).uniform(shape.weightCount)
    }

    func results(_ kernels: FloatKernels) -> MeasuredResults {
        var call = ConvolutionCall(shape, type: type, packedWeights: isPacked)
        call.measures = measures
        let (x, weights) = (StoredValues(x, type), StoredValues(weights))
        let y = StoredValues<Float>(results: rows * shape.outputCount, stored)
        let (mean, inverse) = (StoredValues<Float>(results: shape.outputChannels), StoredValues<Float>(results: shape.outputChannels))
        let workspace = StoredValues<Float>(results: (kernels.convolutionWorkspace(call) + 3) / 4)
        let packed = StoredValues<Float>(results: isPacked ? (kernels.packedBytes(call, forInputGradient: false) + 3) / 4 : 0)
        if isPacked { kernels.pack(call, forInputGradient: false, weights: weights.operand, into: packed.scratch) }
        var epilogue = Epilogue<Float>()
        epilogue.activation = activation
        var statistics = OutputStatistics<Float>()
        if measures { (statistics.epsilon, statistics.mean, statistics.inverse) = (epsilon, mean.destination, inverse.destination) }
        kernels.convolution(
            call, rows: rows, x.operand,
            weights: WeightOperand(
                base: isPacked ? packed.operand.base : weights.operand.base, count: isPacked ? packed.count * 4 : weights.count,
                isPacked: isPacked), epilogue: epilogue, into: y.destination, statistics: statistics, workspace: workspace.scratch)
        return MeasuredResults(y: y.values, mean: mean.values, inverse: inverse.values)
    }
}

private struct MeasuredResults {
    let y: [Float]
    let mean: [Float]
    let inverse: [Float]

    /// The oracle's statistics of the stored outputs.
    func expected(_ shape: WindowShape, rows: Int, epsilon: Double) -> (mean: [Double], inverse: [Double]) {
        let (values, filters) = (StoredValues(y.doubles), shape.outputChannels)
        let (mean, inverse) = (StoredValues<Double>(results: filters), StoredValues<Double>(results: filters))
        ReferenceKernels<Double>().batchNormStatistics(
            rows: y.count / filters, columns: filters, epsilon: epsilon, values.operand, mean: mean.destination,
            inverse: inverse.destination)
        return (mean.values, inverse.values)
    }
}

extension StoredValues<Float> {
    fileprivate var scratch: Scratch { Scratch(base: destination.base, bytes: count * 4) }
}
