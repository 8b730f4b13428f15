import Kernels
import Testing

/// The variants of elementary functions that kernels have of their own, each against double and held to the bound that docs/kernels.md
/// states. The reference has the C library's.
@Suite struct AccuracyTests {
    @Test(arguments: Level.all)
    func theExponentialOfACrossEntropy(level: Level) {
        // −69 is above 2⁻¹⁰⁰.
        for (low, high, bound) in [(Float(-1), Float(0), 3.0), (-69, 0, 4), (-87, -69, 5)] {
            let worst = worst(level, .lossExp, low, high) { ulps($0, from: $1) }
            #expect(worst <= bound, "\(worst) units in the last place from \(low) to \(high)")
        }
        #expect(values(level, .lossExp, [-.infinity, -1000, 0]) == [0, 0, 1])
        #expect(values(level, .lossExp, [.nan])[0].isNaN)
    }

    @Test(arguments: Level.all)
    func thePowersOfTwoOfAttention(level: Level) {
        for (function, bound) in [
            (ElementaryFunction.attentionExp2, 1.7e-7), (.attentionExp2BFloat16, level.kernels.instructionSet == .amx ? 2.7e-6 : 1.7e-7),
        ] {
            for (low, high) in [(Float(-1), Float(1)), (-125, 0), (0, 127)] {
                let worst = worst(level, function, low, high) { abs(Double($0) - $1) / $1 }
                #expect(worst <= bound, "\(function) is off by \(worst) from \(low) to \(high)")
            }
            #expect(values(level, function, [-.infinity, -400, 0])[0] == 0)
            #expect(values(level, function, [.nan])[0].isNaN)
        }
    }

    /// GELU where it ends a product, and its slope: absolute errors of what z is multiplied by.
    @Test(arguments: Level.all, [Activation.gelu, .geluTanh])
    func geluThatEndsAProduct(level: Level, kind: Activation) {
        let z = (0..<4000).map { (Float($0) - 2000) / 180 }
        for type in StorageType.allCases {
            let onTiles = type == .bfloat16 && level.kernels.instructionSet == .amx
            let (share, ofSlope, rounding) = onTiles ? (0x1p-16, 0x1p-14, 0x1p-8) : (4e-7, 2e-6, type.rounding)
            let ended = ended(level.kernels, kind, z, type)
            for i in z.indices {
                let x = Double(z[i])
                let (y, slope) = (ActivationMath<Double>.value(kind, x), ActivationMath<Double>.slope(kind, saved: x))
                let isClose = abs(Double(ended.y[i]) - y) <= abs(x) * share + abs(y) * rounding
                if !isClose { Issue.record("\(type): \(kind) of \(x) is \(ended.y[i]), not \(y)") }
                let isNear = abs(Double(ended.slope[i]) - slope) <= ofSlope
                if !isNear { Issue.record("\(type): the slope of \(kind) at \(x) is \(ended.slope[i]), not \(slope)") }
                if !isClose || !isNear { return }
            }
        }
    }

    /// The gates of one step, saved in scalars: with sixteen units they lie as [row, i f g o cell, unit]. Sums are exact.
    @Test(arguments: Level.all, StorageType.allCases)
    func theGatesOfAnLSTM(level: Level, type: StorageType) {
        let onTiles = type == .bfloat16 && level.kernels.instructionSet == .amx
        let (rows, hidden) = (400, 16)
        let x = StorageType.bfloat16.stored((0..<rows).map { (Float($0) - 199.5) / 20 })
        let w = StorageType.bfloat16.stored(TestNumbers(97).uniform(hidden))
        let saved = gates(level.kernels, LSTMCall(length: 1, inputs: 1, hidden: hidden, type: type), x: x, w: w)
        for (row, unit) in (0..<rows).flatMap({ row in (0..<hidden).map { (row, $0) } }) {
            let z = Double(x[row] * w[unit])
            for (gate, kind) in [(0, Activation.sigmoid), (1, .sigmoid), (2, .tanh), (3, .sigmoid)] {
                let (actual, expected) = (saved[(row * 5 + gate) * hidden + unit], ActivationMath<Double>.value(kind, z))
                let isClose = onTiles ? abs(Double(actual) - expected) <= 0x1p-13 * abs(expected) : ulps(actual, from: expected) <= 3
                if isClose { continue }
                Issue.record("\(kind) of \(z) is \(actual), not \(expected)")
                return
            }
        }
    }

    private func values(_ level: Level, _ function: ElementaryFunction, _ x: [Float]) -> [Float] {
        spanned(x.count) { level.kernels.elementaryForTests(function, x.span, into: &$0) }
    }

    private func worst(
        _ level: Level, _ function: ElementaryFunction, _ low: Float, _ high: Float, distance: (Float, Double) -> Double
    ) -> Double {
        let count = 20_001
        let x = (0..<count).map { low + (high - low) * (Float($0) / Float(count - 1)) }
        return zip(x, values(level, function, x)).map { distance($1, function.reference(Double($0))) }.max()!
    }
}

/// A product of nothing with a bias of z: what its ending makes of it, and the slope in scalars.
private func ended(_ kernels: FloatKernels, _ kind: Activation, _ z: [Float], _ type: StorageType) -> (y: [Float], slope: [Float]) {
    let (a, b) = (StoredValues([Float(0)], type), StoredValues([Float](repeating: 0, count: z.count), type))
    let (y, slope) = (StoredValues<Float>(results: z.count, type), StoredValues<Float>(results: z.count))
    var epilogue = Epilogue<Float>()
    (epilogue.activation, epilogue.slope) = (kind, slope.destination)
    let product = Product(MatmulShape(.nn, m: 1, n: z.count, k: 1), operands: type, result: type)
    _ = ProductMemory(kernels, product).run(
        a.operand, b.operand, weights: nil, bias: z, epilogue: epilogue, into: y.destination, sums: false)
    return (y.values, slope.values)
}

/// What one step without biases saves.
private func gates(_ kernels: FloatKernels, _ call: LSTMCall, x: [Float], w: [Float]) -> [Float] {
    let (rows, width) = (x.count, 4 * call.hidden)
    let (x, wx) = (StoredValues(x, call.type), StoredValues((0..<4).flatMap { _ in w }))
    let none = StoredValues([Float](repeating: 0, count: call.hidden * width))
    let (y, saved) = (StoredValues<Float>(results: rows * call.hidden), StoredValues<Float>(results: 5 * rows * call.hidden))
    let bytes = kernels.lstmWorkspace(call, rows: rows, call.type)
    let room = StoredValues<Float>(results: (bytes + 63) / 64 * 16)
    kernels.lstm(
        call, rows: rows, x.operand, inputWeights: WeightOperand(base: wx.destination.base, count: width, isPacked: false),
        hiddenWeights: WeightOperand(base: none.destination.base, count: call.hidden * width, isPacked: false),
        inputBias: none.operand, hiddenBias: none.operand, into: y.destination, saved: saved.destination,
        workspace: Scratch(base: room.destination.base, bytes: bytes))
    return withExtendedLifetime((wx, none, room)) { saved.values }
}
