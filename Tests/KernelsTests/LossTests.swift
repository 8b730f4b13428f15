import Kernels
import Testing

@Suite struct LossTests {
    static let shapes = [(0, 3), (1, 1), (2, 2), (3, 10), (5, 15), (4, 16), (3, 17), (2, 33), (7, 100)]

    @Test(arguments: Level.all)
    func softmaxMatchesTheOracle(level: Level) {
        for (rows, columns) in Self.shapes {
            let x = TestNumbers(71).uniform(rows * columns).map { $0 * 20 }
            let dy = TestNumbers(72).uniform(rows * columns)
            let (y, dx) = softmax(level.kernels, rows, columns, x, dy)
            let (wantedY, wantedDx) = softmax(ReferenceKernels<Double>(), rows, columns, x.doubles, dy.doubles)
            if let wrong = mismatch(y, wantedY, relative: 3e-6) { Issue.record("\(rows)×\(columns) y\(wrong)") }
            if let wrong = mismatch(dx, wantedDx, within: 2e-6) { Issue.record("\(rows)×\(columns) dx\(wrong)") }
        }
    }

    @Test(arguments: Level.all)
    func crossEntropyMatchesTheOracle(level: Level) {
        for (rows, columns) in Self.shapes {
            let logits = TestNumbers(73).uniform(rows * columns).map { $0 * 15 }
            let classes = TestNumbers(74).classes(rows, below: columns)
            let actual = crossEntropy(level.kernels, rows, columns, logits, classes, 0.125)
            let expected = crossEntropy(ReferenceKernels<Double>(), rows, columns, logits.doubles, classes, 0.125)
            if let wrong = mismatch(actual.loss, expected.loss, relative: 1e-6, floor: 4e-6) {
                Issue.record("\(rows)×\(columns) loss\(wrong)")
            }
            if let wrong = mismatch(actual.gradient, expected.gradient, within: 3e-7) {
                Issue.record("\(rows)×\(columns) gradient\(wrong)")
            }
        }
    }

    @Test(arguments: Level.all)
    func binaryCrossEntropyMatchesTheOracle(level: Level) {
        for (rows, columns) in Self.shapes {
            let logits = TestNumbers(75).uniform(rows * columns).map { $0 * 30 }
            let targets = TestNumbers(76).uniform(rows * columns).map { $0 * 0.5 + 0.5 }
            let actual = binaryCrossEntropy(level.kernels, rows, columns, logits, targets, 0.5)
            let expected = binaryCrossEntropy(ReferenceKernels<Double>(), rows, columns, logits.doubles, targets.doubles, 0.5)
            if let wrong = mismatch(actual.loss, expected.loss, relative: 2e-6, floor: 1e-6) { Issue.record("loss\(wrong)") }
            if let wrong = mismatch(actual.gradient, expected.gradient, within: 2e-7) { Issue.record("gradient\(wrong)") }
        }
    }

    @Test(arguments: Level.all)
    func meanSquaredErrorMatchesTheOracle(level: Level) {
        for (rows, columns) in Self.shapes {
            let x = TestNumbers(77).uniform(rows * columns)
            let targets = TestNumbers(78).uniform(rows * columns)
            let actual = squaredError(level.kernels, rows, columns, x, targets, 0.5)
            let expected = squaredError(ReferenceKernels<Double>(), rows, columns, x.doubles, targets.doubles, 0.5)
            if let wrong = mismatch(actual.loss, expected.loss, relative: 3e-6, floor: 1e-7) { Issue.record("loss\(wrong)") }
            if let wrong = mismatch(actual.gradient, expected.gradient, relative: 1e-6, floor: 1e-7) { Issue.record("gradient\(wrong)") }
        }
    }

    /// A sigmoid saturates in float beyond 17; the loss in logits does not.
    @Test(arguments: Level.all)
    func extremeLogitsStayFinite(level: Level) {
        let logits: [Float] = [200, -200, 200, -200]
        let actual = binaryCrossEntropy(level.kernels, 4, 1, logits, [1, 0, 0, 1], 1)
        #expect(actual.loss == [0, 0, 200, 200])
        #expect(actual.gradient == [0, 0, 1, -1])
        let many = crossEntropy(level.kernels, 2, 3, [1000, 0, -1000, -1000, 0, 1000], [0, 0], 1)
        #expect(many.loss == [0, 2000])
        #expect(many.gradient == [0, 0, 0, -1, 0, 1])
    }

    @Test(arguments: Level.all)
    func aNonFiniteRowStaysNonFiniteAndAlone(level: Level) {
        var logits = TestNumbers(79).uniform(3 * 10)
        logits[12] = .nan
        logits[25] = .infinity
        let actual = crossEntropy(level.kernels, 3, 10, logits, [1, 2, 3], 1)
        #expect(actual.loss[0].isFinite && actual.loss[1].isNaN && actual.loss[2].isNaN)
        #expect(actual.gradient[0..<10].allSatisfy { $0.isFinite })
        #expect(actual.gradient[10..<30].allSatisfy { $0.isNaN })
    }

    /// Loss alone, gradient alone and both at once are the same numbers, and rows do not depend on their neighbours.
    @Test(arguments: Level.all)
    func partsAgreeBitForBit(level: Level) {
        let (rows, columns) = (6, 21)
        let (x, t) = (TestNumbers(80).uniform(rows * columns), TestNumbers(81).uniform(rows * columns))
        let classes = TestNumbers(82).classes(rows, below: columns)
        let k = level.kernels
        var losses = [[Float]](repeating: [Float](repeating: 0, count: rows), count: 3)
        var gradients = [[Float]](repeating: [Float](repeating: 0, count: rows * columns), count: 3)
        for i in 0..<3 {
            var loss = losses[i].mutableSpan
            var gradient = gradients[i].mutableSpan
            switch i {
            case 0:
                k.softmaxCrossEntropy(rows: rows, columns: columns, logits: x.span, classes: classes.span, into: &loss)
                k.softmaxCrossEntropyGradient(
                    rows: rows, columns: columns, logits: x.span, classes: classes.span, scale: 0.1, into: &gradient)
            case 1:
                k.binaryCrossEntropyWithLogits(rows: rows, columns: columns, logits: x.span, targets: t.span, into: &loss)
                k.binaryCrossEntropyWithLogitsGradient(
                    rows: rows, columns: columns, logits: x.span, targets: t.span, scale: 0.1, into: &gradient)
            default:
                k.meanSquaredError(rows: rows, columns: columns, predictions: x.span, targets: t.span, into: &loss)
                k.meanSquaredErrorGradient(
                    rows: rows, columns: columns, predictions: x.span, targets: t.span, scale: 0.1, into: &gradient)
            }
        }
        let both = [
            crossEntropy(k, rows, columns, x, classes, 0.1), binaryCrossEntropy(k, rows, columns, x, t, 0.1),
            squaredError(k, rows, columns, x, t, 0.1),
        ]
        for i in 0..<3 {
            #expect(both[i].loss.bits == losses[i].bits && both[i].gradient.bits == gradients[i].bits, "loss \(i)")
        }
        let last = crossEntropy(k, 1, columns, Array(x.suffix(columns)), [classes[rows - 1]], 0.1)
        #expect(last.loss[0] == losses[0][rows - 1] && last.gradient.bits == Array(gradients[0].suffix(columns)).bits)
    }

    @Test func fusedLevelsAgree() {
        let (rows, columns) = (5, 37)
        let x = TestNumbers(83).uniform(rows * columns).map { $0 * 8 }
        let classes = TestNumbers(84).classes(rows, below: columns)
        let all = Level.fused.map { crossEntropy($0.kernels, rows, columns, x, classes, 0.3) }
        for other in all.dropFirst() {
            #expect(other.loss.bits == all[0].loss.bits && other.gradient.bits == all[0].gradient.bits)
        }
    }
}

private func softmax<K: KernelSet>(
    _ kernels: K, _ rows: Int, _ columns: Int, _ x: [K.Scalar], _ dy: [K.Scalar]
) -> ([K.Scalar], [K.Scalar]) {
    var (y, dx) = ([K.Scalar](repeating: .nan, count: x.count), [K.Scalar](repeating: .nan, count: x.count))
    var out = y.mutableSpan
    kernels.softmax(rows: rows, columns: columns, x.span, into: &out)
    var back = dx.mutableSpan
    kernels.softmaxGradient(rows: rows, columns: columns, output: y.span, outputGradient: dy.span, into: &back)
    return (y, dx)
}

typealias LossResult<Scalar> = (loss: [Scalar], gradient: [Scalar])

func crossEntropy<K: KernelSet>(
    _ kernels: K, _ rows: Int, _ columns: Int, _ logits: [K.Scalar], _ classes: [Int32], _ scale: K.Scalar
) -> LossResult<K.Scalar> {
    var (loss, gradient) = ([K.Scalar](repeating: .nan, count: rows), [K.Scalar](repeating: .nan, count: rows * columns))
    var out = loss.mutableSpan
    var back = gradient.mutableSpan
    kernels.softmaxCrossEntropyBoth(
        rows: rows, columns: columns, logits: logits.span, classes: classes.span, scale: scale, into: &out, gradient: &back)
    return (loss, gradient)
}

func binaryCrossEntropy<K: KernelSet>(
    _ kernels: K, _ rows: Int, _ columns: Int, _ logits: [K.Scalar], _ targets: [K.Scalar], _ scale: K.Scalar
) -> LossResult<K.Scalar> {
    var (loss, gradient) = ([K.Scalar](repeating: .nan, count: rows), [K.Scalar](repeating: .nan, count: rows * columns))
    var out = loss.mutableSpan
    var back = gradient.mutableSpan
    kernels.binaryCrossEntropyWithLogitsBoth(
        rows: rows, columns: columns, logits: logits.span, targets: targets.span, scale: scale, into: &out, gradient: &back)
    return (loss, gradient)
}

func squaredError<K: KernelSet>(
    _ kernels: K, _ rows: Int, _ columns: Int, _ x: [K.Scalar], _ targets: [K.Scalar], _ scale: K.Scalar
) -> LossResult<K.Scalar> {
    var (loss, gradient) = ([K.Scalar](repeating: .nan, count: rows), [K.Scalar](repeating: .nan, count: rows * columns))
    var out = loss.mutableSpan
    var back = gradient.mutableSpan
    kernels.meanSquaredErrorBoth(
        rows: rows, columns: columns, predictions: x.span, targets: targets.span, scale: scale, into: &out, gradient: &back)
    return (loss, gradient)
}
