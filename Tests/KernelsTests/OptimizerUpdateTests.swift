import Kernels
import Testing

@Suite struct OptimizerUpdateTests {
    /// Three updates of every rule, at lengths around every tail, against the same recurrences in double. The floor is for
    /// quantities of size 1 that nearly cancel.
    @Test(arguments: Level.all)
    func updatesMatchTheOracle(level: Level) {
        for count in Array(0...20) + [31, 32, 33, 100] {
            for rule in 0..<ruleCount {
                let actual = updated(level.kernels, rule, count) { Float($0) }
                let expected = updated(ReferenceKernels<Double>(), rule, count) { $0 }
                for (i, (a, e)) in zip(actual, expected).enumerated() {
                    if let wrong = mismatch(a, e, relative: 2e-6, floor: 1e-6) {
                        Issue.record("rule \(rule), count \(count), array \(i): \(wrong)")
                    }
                }
            }
        }
    }

    @Test func fusedLevelsAgree() {
        for rule in 0..<ruleCount {
            let all = Level.fused.map { updated($0.kernels, rule, 77) { Float($0) }.map(\.bits) }
            for other in all.dropFirst() { #expect(other == all[0], "rule \(rule)") }
        }
    }

    /// One step of SGD and of Adam by hand.
    @Test(arguments: Level.all)
    func oneStepByHand(level: Level) {
        let gradient: [Float] = [-0.02, 0.03, -0.01, 0.04]
        var (p, none): ([Float], [Float]) = ([0.1, 0.2, 0.3, 0.9], [])
        var parameters = p.mutableSpan
        var buffer = none.mutableSpan
        level.kernels.sgdUpdate(SGDStep(learningRate: 0.01), gradients: gradient.span, parameters: &parameters, momentumBuffer: &buffer)
        #expect(zip(p, [0.1002, 0.1997, 0.3001, 0.8996]).allSatisfy { abs($0 - $1) < 1e-7 })

        // After bias correction the first step of Adam is the rate times the gradient's sign.
        var (q, m, v): ([Float], [Float], [Float]) = ([1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0])
        var qSpan = q.mutableSpan
        var mSpan = m.mutableSpan
        var vSpan = v.mutableSpan
        level.kernels.adamUpdate(
            AdamStep(learningRate: 0.1, biasCorrection1: 0.1, biasCorrection2SquareRoot: 0.001.squareRoot()), gradients: gradient.span,
            parameters: &qSpan, firstMoment: &mSpan, secondMoment: &vSpan)
        #expect(zip(q, [1.1, 0.9, 1.1, 0.9]).allSatisfy { abs($0 - $1) < 1e-5 }, "\(q)")
    }
}

private let ruleCount = 9

/// Parameters and states after three updates by rule `rule`.
private func updated<K: KernelSet>(_ kernels: K, _ rule: Int, _ count: Int, convert: (Double) -> K.Scalar) -> [[K.Scalar]] {
    func numbers(_ seed: UInt64) -> [K.Scalar] { TestNumbers(seed).uniform(count).map { convert(Double($0)) } }
    var p = numbers(91)
    var state1 = [K.Scalar](repeating: 0, count: count)
    var (state2, state3) = (state1, state1)
    for t in 1...3 {
        let g = numbers(92 + UInt64(t))
        var parameters = p.mutableSpan
        var none = MutableSpan<K.Scalar>()
        var noOther = MutableSpan<K.Scalar>()
        var first = state1.mutableSpan
        switch rule {
        case 0:
            kernels.sgdUpdate(
                SGDStep(learningRate: 0.1, weightDecay: 0.01, gradientScale: 0.5), gradients: g.span, parameters: &parameters,
                momentumBuffer: &none)
        case 1, 2:
            kernels.sgdUpdate(
                SGDStep(
                    learningRate: 0.1, momentum: 0.9, dampening: rule == 1 ? 0.2 : 0, nesterov: rule == 2, weightDecay: 0.01,
                    gradientScale: 0.5, firstStep: t == 1), gradients: g.span, parameters: &parameters, momentumBuffer: &first)
        case 3:
            kernels.adagradUpdate(
                AdagradStep(learningRate: 0.1, epsilon: 1e-6, weightDecay: 0.01, gradientScale: 0.5), gradients: g.span,
                parameters: &parameters, sum: &first)
        default:
            break
        }
        if rule == 4 {
            kernels.rmspropUpdate(
                RMSpropStep(learningRate: 0.01, weightDecay: 0.01, gradientScale: 0.5), gradients: g.span, parameters: &parameters,
                squareAverage: &first, gradientAverage: &none, momentumBuffer: &noOther)
        }
        var second = state2.mutableSpan
        if rule == 5 {
            kernels.rmspropUpdate(
                RMSpropStep(learningRate: 0.01, epsilon: 1e-3, momentum: 0.9), gradients: g.span, parameters: &parameters,
                squareAverage: &first, gradientAverage: &none, momentumBuffer: &second)
        }
        if rule == 6 {
            var third = state3.mutableSpan
            kernels.rmspropUpdate(
                RMSpropStep(learningRate: 0.01, epsilon: 1e-3, momentum: 0.9), gradients: g.span, parameters: &parameters,
                squareAverage: &first, gradientAverage: &second, momentumBuffer: &third)
        }
        if rule >= 7 {
            var correction = (1.0, 1.0)
            for _ in 0..<t { correction = (correction.0 * 0.9, correction.1 * 0.999) }
            kernels.adamUpdate(
                AdamStep(
                    learningRate: 0.01, weightDecay: 0.1, decoupled: rule == 8, biasCorrection1: 1 - correction.0,
                    biasCorrection2SquareRoot: (1 - correction.1).squareRoot(), gradientScale: 0.5), gradients: g.span,
                parameters: &parameters, firstMoment: &first, secondMoment: &second)
        }
    }
    return [p, state1, state2, state3]
}
