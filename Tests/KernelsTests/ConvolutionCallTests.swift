import Kernels
import Testing

@Suite struct ConvolutionCallTests {
    /// Whole numbers, so every level must equal the reference exactly, in both types and with every part of the epilogue; all operands
    /// end at unreadable pages.
    @Test(arguments: Level.all)
    func everyGeometryIsExact(level: Level) {
        for (run, expected) in zip(Oracle.runs, Oracle.results) {
            guard let wrong = run.results(level.kernels).difference(from: expected) else { continue }
            Issue.record("\(run.call), rows \(run.rows), \(run.stored), ending \(run.ending): \(wrong)")
            return
        }
    }

    /// More images than one group of tiles, and deep contractions.
    @Test(arguments: Level.all)
    func largeConvolutionsAreExact(level: Level) {
        for (shape, rows) in largeConvolutions where level.kernels.instructionSet != .swift {
            for type in StorageType.allCases {
                let run = CallRun(
                    ConvolutionCall(shape, type: type, packedWeights: true), rows: rows, stored: (type, type), ending: 0,
                    numbers: { TestNumbers($0).whole($1, limit: 1) })
                let expected = (type == .scalar ? Oracle.largeScalar : Oracle.largeBFloat16)[shape]!
                let wrong = run.results(level.kernels).difference(from: expected)
                if let wrong { Issue.record("\(shape), \(type): \(wrong)") }
            }
        }
    }

    /// Real numbers against double: the rounding of a sum of k terms, and one rounding to bf16 of what is stored so.
    @Test(arguments: Level.all)
    func realNumbersMeetTheRoundingBound(level: Level) {
        for type in StorageType.allCases {
            for ending in 0..<5 {
                let run = CallRun(
                    ConvolutionCall(realShape, type: type, packedWeights: true), rows: 2, stored: (type, type), ending: ending,
                    numbers: { TestNumbers($0).uniform($1) })
                let actual = run.results(level.kernels)
                let expected = run.results(FloatKernels(.swift))
                // Operands are below 1; sums of both sides round, each by a chain's typical error.
                func floor(_ k: Int) -> Double { 4 * Double(k).squareRoot() * Double(k) * 0x1p-24 }
                let relative = type == .scalar ? 1e-5 : 0x1.1p-7
                let pixels = 2 * realShape.outputHeight * realShape.outputWidth
                let checks = [
                    ("y", actual.y, expected.y, relative, floor(realShape.patchCount)),
                    ("slope", actual.slope, expected.slope, relative, floor(realShape.patchCount)),
                    ("dx", actual.dx, expected.dx, relative, floor(realShape.outputChannels * realShape.windowCount)),
                    ("dw", actual.dw, expected.dw, 1e-5, floor(pixels)), ("db", actual.db, expected.db, 1e-5, floor(pixels)),
                ]
                for (name, a, e, relative, floor) in checks {
                    if let wrong = mismatch(a, e.doubles, relative: relative, floor: floor) {
                        Issue.record("\(name)\(wrong), \(type), ending \(ending)")
                    }
                }
            }
        }
    }

    /// A sample's result depends neither on the other samples of the call nor on their number.
    @Test(arguments: Level.all)
    func samplesDoNotDependOnTheirNeighbours(level: Level) {
        for shape in [realShape, unusualConvolutions()[0], smallConvolutions()[5]] {
            for type in StorageType.allCases {
                let rows = level.kernels.instructionSet == .swift ? 3 : 35
                let run = CallRun(
                    ConvolutionCall(shape, type: type, packedWeights: true), rows: rows, stored: (type, type), ending: 0,
                    numbers: { TestNumbers($0).uniform($1) })
                let whole = run.results(level.kernels)
                for r in [0, 1, rows / 2, rows - 1] {
                    let part = run.sample(r).results(level.kernels)
                    #expect(part.y.bits == Array(whole.y[r * shape.outputCount..<(r + 1) * shape.outputCount]).bits)
                    #expect(part.dx.bits == Array(whole.dx[r * shape.inputCount..<(r + 1) * shape.inputCount]).bits)
                }
            }
        }
    }

    /// In fp32 the fused levels give the same bits.
    @Test func fusedLevelsAgree() {
        for shape in [realShape, deepConvolution, unusualConvolutions()[1], largeConvolutions[0].0] + smallConvolutions()
            + dilatedConvolutions()
        {
            let run = CallRun(
                ConvolutionCall(shape, packedWeights: true), rows: 7, stored: (.scalar, .scalar), ending: 0,
                numbers: { TestNumbers($0).uniform($1) })
            var first: [[UInt32]]?
            for level in Level.fused {
                let results = run.results(level.kernels)
                let bits = [results.y.bits, results.dx.bits, results.dw.bits, results.db.bits]
                #expect(first == nil || first == bits, "\(level.name), \(shape)")
                first = bits
            }
        }
    }

    /// A NaN or infinity reaches exactly the outputs whose window holds it.
    @Test(arguments: Level.all)
    func onlyTheWindowOfANaNSeesIt(level: Level) {
        for shape in [realShape, unusualConvolutions()[0], smallConvolutions()[4]] {
            for type in StorageType.allCases {
                for value in [Float.nan, .infinity] {
                    var run = CallRun(
                        ConvolutionCall(shape, type: type, packedWeights: true), rows: 3, stored: (type, type), ending: 0,
                        numbers: { seed, count in TestNumbers(seed).whole(count).map { $0 == 0 ? 1 : $0 } })
                    run.x[shape.inputCount + shape.inputCount / 2] = value
                    run.dy[shape.outputCount + shape.outputCount / 2] = value
                    let (actual, expected) = (run.results(level.kernels), run.results(FloatKernels(.swift)))
                    #expect(actual.y.map(\.isFinite) == expected.y.map(\.isFinite), "\(shape), \(type)")
                    #expect(actual.dx.map(\.isFinite) == expected.dx.map(\.isFinite), "\(shape), \(type)")
                    // Where tiles fold the taps of few channels, those in the padding meet the gradient too.
                    let filter = shape.outputCount / 2 % shape.outputChannels
                    let folds = level.kernels.instructionSet == .amx && type == .bfloat16 && shape.inputChannels <= 16
                    let spoiled = expected.dw.enumerated().map { $1.isFinite && !(folds && $0 % shape.outputChannels == filter) }
                    #expect(actual.dw.map(\.isFinite) == spoiled, "\(shape), \(type)")
                }
            }
        }
    }

    /// A gradient at the top, or an input at the bottom, that is not finite: taps that fall into the padding there are left out of the
    /// weights' gradient. Not on tiles with up to sixteen images, the bands of which have rows of zeros around them: docs/numerics.md.
    @Test(arguments: Level.all, StorageType.allCases)
    func whatIsNotFiniteAtTheBorderReachesItsTaps(level: Level, type: StorageType) {
        let bands = level.kernels.instructionSet == .amx && type == .bfloat16
        for (rows, spreads) in [(3, bands), (16, bands), (17, false)] {
            for value in [Float.nan, .infinity] {
                for above in [true, false] {
                    var run = CallRun(
                        ConvolutionCall(realShape, type: type, packedWeights: true), rows: rows, stored: (type, type), ending: 0,
                        numbers: { seed, count in TestNumbers(seed).whole(count).map { $0 == 0 ? 1 : $0 } })
                    // Pixel (0, 4) of dy, filter 5; or pixel (8, 4) of x, channel 5.
                    let (channels, filters) = (realShape.inputChannels, realShape.outputChannels)
                    if above {
                        run.dy[realShape.outputCount + 4 * filters + 5] = value
                    } else {
                        run.x[realShape.inputCount + (8 * 8 + 4) * channels + 5] = value
                    }
                    let dw = run.results(level.kernels).dw
                    for i in dw.indices {
                        let (tap, channel, filter) = (i / (channels * filters), i / filters % channels, i % filters)
                        let sees = (tap / 3 > 0 || spreads) && (above ? filter == 5 : channel == 5)
                        if dw[i].isFinite == sees {
                            Issue.record("\(value), dy \(above), \(rows) rows: dw at tap \(tap), \(channel), \(filter) is \(dw[i])")
                            break
                        }
                    }
                }
            }
        }
    }

    /// Taps in the padding are left out, whatever their weight. Tiles fold windows of few channels, which is another matter: docs/numerics.md.
    @Test(arguments: Level.all)
    func anInfiniteWeightReachesOnlyWhatItMultiplies(level: Level) {
        for shape in [realShape, deepConvolution, unusualConvolutions()[0], unusualConvolutions()[14]] {
            for type in StorageType.allCases {
                let run = CallRun(
                    ConvolutionCall(shape, type: type, packedWeights: true), rows: 3, stored: (type, type), ending: 0,
                    numbers: { seed, count in
                        var values = TestNumbers(seed).whole(count).map { $0 == 0 ? 1 : $0 }
                        if seed == 32 { values[0] = .infinity }
                        return values
                    })
                let (actual, expected) = (run.results(level.kernels), run.results(FloatKernels(.swift)))
                #expect(actual.y.map(\.isFinite) == expected.y.map(\.isFinite), "\(shape), \(type)")
                #expect(actual.dx.map(\.isFinite) == expected.dx.map(\.isFinite), "\(shape), \(type)")
                #expect(expected.y.contains { $0.isFinite } && expected.y.contains { $0.isInfinite })
            }
        }
    }
}

private let realShape = WindowShape(
    inputHeight: 9, inputWidth: 8, inputChannels: 40, kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1, padBottom: 1, padRight: 1,
    outputChannels: 70)

private let largeConvolutions: [(WindowShape, Int)] = [
    (
        WindowShape(
            inputHeight: 4, inputWidth: 4, inputChannels: 96, kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1, padBottom: 1,
            padRight: 1, outputChannels: 130), 35
    ),
    (
        WindowShape(
            inputHeight: 6, inputWidth: 6, inputChannels: 64, kernelHeight: 3, kernelWidth: 3, strideHeight: 2, strideWidth: 2, padTop: 1,
            padLeft: 1, padBottom: 1, padRight: 1, outputChannels: 96), 33
    ),
    (
        WindowShape(
            inputHeight: 32, inputWidth: 32, inputChannels: 3, kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1, padBottom: 1,
            padRight: 1, outputChannels: 32), 17
    ),
    // Packed weights of more than half a megabyte, which are written past the caches.
    (
        WindowShape(
            inputHeight: 3, inputWidth: 2, inputChannels: 100, kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1, padBottom: 1,
            padRight: 1, outputChannels: 250), 2
    ),
]

/// The reference's results, once for all levels.
private enum Oracle {
    static let runs: [CallRun] = {
        var runs: [CallRun] = []
        for shape in smallConvolutions() + unusualConvolutions() + dilatedConvolutions() {
            for rows in [0, 1, 3, 18] {
                for type in StorageType.allCases {
                    let turn = runs.count
                    let stored: [(StorageType, StorageType)] = [(type, type), (.scalar, .bfloat16), (.bfloat16, .scalar)]
                    runs.append(
                        CallRun(
                            ConvolutionCall(shape, type: type, packedWeights: turn % 3 != 0), rows: rows, stored: stored[turn % 5 % 3],
                            ending: (turn / 2) % 4, numbers: { TestNumbers($0).whole($1) }))
                }
            }
        }
        return runs
    }()
    static let results = runs.map { $0.results(FloatKernels(.swift)) }
    static let largeScalar = large(.scalar)
    static let largeBFloat16 = large(.bfloat16)

    private static func large(_ type: StorageType) -> [WindowShape: CallResults] {
        var all: [WindowShape: CallResults] = [:]
        for (shape, rows) in largeConvolutions {
            let run = CallRun(
                ConvolutionCall(shape, type: type, packedWeights: true), rows: rows, stored: (type, type), ending: 0,
                numbers: { TestNumbers($0).whole($1, limit: 1) })
            all[shape] = run.results(FloatKernels(.swift))
        }
        return all
    }
}

/// Dilation, groups, channels around the width of a tile and of a panel.
private func unusualConvolutions() -> [WindowShape] {
    func shape(_ size: Int, _ channels: Int, _ kernel: Int, _ filters: Int, stride: Int = 1, dilation: Int = 1, groups: Int = 1)
        -> WindowShape
    {
        let pad = (kernel - 1) * dilation / 2
        return WindowShape(
            inputHeight: size, inputWidth: size + 1, inputChannels: channels, kernelHeight: kernel, kernelWidth: kernel,
            strideHeight: stride, strideWidth: stride, padTop: pad, padLeft: pad, padBottom: pad, padRight: pad, outputChannels: filters,
            dilationHeight: dilation, dilationWidth: dilation, groups: groups)
    }
    return [
        shape(5, 17, 3, 33), shape(6, 6, 3, 8, dilation: 2, groups: 2), shape(5, 32, 1, 16), shape(4, 33, 1, 65, stride: 2),
        shape(7, 3, 5, 20, stride: 2), shape(8, 4, 3, 4, groups: 4), shape(5, 40, 3, 40, stride: 2, groups: 40),
        shape(6, 20, 3, 40, groups: 20), shape(7, 3, 7, 18, stride: 3, dilation: 1), shape(9, 18, 3, 16, dilation: 3),
        shape(5, 36, 3, 12, groups: 2), shape(6, 36, 1, 64, stride: 2), shape(5, 64, 1, 96), shape(7, 5, 1, 32, stride: 3),
        shape(9, 32, 3, 48), shape(5, 32, 1, 48, stride: 2),
    ]
}

private struct CallResults: Sendable {
    var y: [Float] = []
    var slope: [Float] = []
    var dx: [Float] = []
    var dw: [Float] = []
    var db: [Float] = []

    func difference(from expected: CallResults) -> String? {
        let pairs = [
            ("y", y, expected.y), ("slope", slope, expected.slope), ("dx", dx, expected.dx), ("dw", dw, expected.dw),
            ("db", db, expected.db),
        ]
        for (name, a, e) in pairs {
            if let wrong = mismatch(a, e.doubles, within: 0) { return name + wrong }
        }
        return nil
    }
}

/// The operands of a call and its gradients, and one run of all three.
private struct CallRun: Sendable {
    let call: ConvolutionCall
    var rows: Int
    /// How x and its like, and y and its like, are stored.
    let stored: (StorageType, StorageType)
    /// 0 a bias; 1 relu and an open gate; 2 a slope and a residual; 3 a gate's factor and a residual: whole numbers stay exact. 4 a GELU
    /// and its slope.
    let ending: Int
    var x: [Float]
    let weights: [Float]
    let bias: [Float]
    var dy: [Float]
    var overX: [Float]
    var overY: [Float]

    init(
        _ call: ConvolutionCall, rows: Int, stored: (StorageType, StorageType), ending: Int, numbers: (UInt64, Int) -> [Float]
    ) {
        (self.call, self.rows, self.stored, self.ending) = (call, rows, stored, ending)
        let shape = call.window
        x = numbers(31, rows * shape.inputCount)
        weights = numbers(32, shape.weightCount)
        bias = numbers(33, shape.outputChannels)
        dy = numbers(34, rows * shape.outputCount)
        overX = numbers(35, rows * shape.inputCount)
        overY = numbers(36, rows * shape.outputCount)
    }

    func sample(_ r: Int) -> CallRun {
        var one = self
        let (inputs, outputs) = (call.window.inputCount, call.window.outputCount)
        one.rows = 1
        one.x = Array(x[r * inputs..<(r + 1) * inputs])
        one.overX = Array(overX[r * inputs..<(r + 1) * inputs])
        one.dy = Array(dy[r * outputs..<(r + 1) * outputs])
        one.overY = Array(overY[r * outputs..<(r + 1) * outputs])
        return one
    }

    func results(_ kernels: FloatKernels) -> CallResults {
        let (xs, ys) = stored
        let (x, dy) = (StoredFloats(x, xs), StoredFloats(dy, ys))
        let (overX, overY) = (StoredFloats(overX, xs), StoredFloats(overY, ys))
        let (weights, bias) = (StoredFloats(weights, .scalar), StoredFloats(bias, .scalar))
        let nothing = { (count: Int) in [Float](repeating: .nan, count: count) }
        let (y, slope) = (StoredFloats(nothing(dy.count), ys), StoredFloats(nothing(dy.count), ys))
        let dx = StoredFloats(nothing(x.count), xs)
        let (dw, db) = (StoredFloats(nothing(weights.count), .scalar), StoredFloats(nothing(bias.count), .scalar))
        let workspace = StoredFloats(nothing((kernels.convolutionWorkspace(call) + 3) / 4), .scalar)
        var (forward, backward) = (Epilogue<Float>(), Epilogue<Float>())
        forward.bias = bias.operand
        switch ending {
        case 1:
            forward.activation = .relu
            (backward.gate, backward.gateData) = (.open, overX.operand)
        case 2:
            forward.activation = .relu
            forward.slope = slope.destination
            backward.residual = overX.operand
        case 3:
            (forward.gate, forward.gateData, forward.residual) = (.factor, overY.operand, overY.operand)
            (backward.gate, backward.gateData, backward.residual) = (.factor, overX.operand, overX.operand)
        case 4:
            forward.activation = .gelu
            forward.slope = slope.destination
        default: break
        }
        func packed(forInputGradient: Bool) -> StoredFloats {
            guard call.packedWeights else { return weights }
            let room = StoredFloats(nothing((kernels.packedBytes(call, forInputGradient: forInputGradient) + 3) / 4), .scalar)
            kernels.pack(call, forInputGradient: forInputGradient, weights: weights.operand, into: room.scratch)
            return room
        }
        let forth = packed(forInputGradient: false)
        kernels.convolution(
            call, rows: rows, x.operand, weights: forth.weights(call), epilogue: forward, into: y.destination,
            workspace: workspace.scratch)
        let back = packed(forInputGradient: true)
        kernels.convolutionInputGradient(
            call, rows: rows, outputGradient: dy.operand, weights: back.weights(call), epilogue: backward, into: dx.destination,
            workspace: workspace.scratch)
        kernels.convolutionWeightGradient(
            call, rows: rows, x.operand, outputGradient: dy.operand, into: dw.destination, biasGradient: db.destination,
            workspace: workspace.scratch)
        return CallResults(y: y.floats, slope: [2, 4].contains(ending) ? slope.floats : [], dx: dx.floats, dw: dw.floats, db: db.floats)
    }
}

/// Floats in either storage type, before an unreadable page.
private final class StoredFloats {
    let memory: GuardedMemory<UInt16>
    let base: UnsafeMutableRawPointer
    let count: Int
    let type: StorageType

    init(_ values: [Float], _ type: StorageType) {
        (count, self.type) = (values.count, type)
        var halves: [UInt16] = []
        halves.reserveCapacity(values.count * 2)
        for value in values {
            if type == .bfloat16 {
                halves.append(BFloat16Bits.rounding(value))
            } else {
                halves.append(UInt16(truncatingIfNeeded: value.bitPattern))
                halves.append(UInt16(truncatingIfNeeded: value.bitPattern >> 16))
            }
        }
        memory = GuardedMemory(capacity: max(halves.count, 1))
        base = UnsafeMutableRawPointer(memory.hold(halves).baseAddress!)
    }

    var operand: Operand<Float> { Operand(base: base, count: count, type: type) }
    var destination: Destination<Float> { Destination(base: base, count: count, type: type) }
    var scratch: Scratch { Scratch(base: base, bytes: count * 4) }
    var floats: [Float] { (0..<count).map { operand[$0] } }

    func weights(_ call: ConvolutionCall) -> WeightOperand<Float> {
        WeightOperand(base: base, count: call.packedWeights ? count * 4 : count, isPacked: call.packedWeights)
    }
}
