import Kernels
import Testing

@Suite struct ActivationTests {
    /// Elementary functions over their whole range, in units in the last place.
    @Test(arguments: Level.all)
    func elementaryFunctionsMeetTheirBounds(level: Level) {
        for (function, low, high, bound) in [
            (ElementaryFunction.exp, Float(-104), Float(89), 2.0), (.exp, -1, 1, 2), (.log, Float.leastNonzeroMagnitude, 1e-37, 2),
            (.log, 0.25, 4, 2),
            (.log, 1e-30, 3e38, 2), (.log1p, 0, 1, 3), (.erf, -5, 5, 3), (.erf, -1e-3, 1e-3, 3),
        ] {
            let count = 20_000
            let x = (0..<count).map { low + (high - low) * (Float($0) / Float(count)) }
            var y = [Float](repeating: 0, count: count)
            var out = y.mutableSpan
            level.kernels.elementaryForTests(function, x.span, into: &out)
            var (worst, at) = (0.0, Float(0))
            for i in 0..<count {
                let distance = ulps(y[i], from: function.reference(Double(x[i])))
                if distance > worst { (worst, at) = (distance, x[i]) }
            }
            #expect(worst <= bound, "\(function)(\(at)) is off by \(worst) units in the last place")
        }
    }

    @Test(arguments: Level.all)
    func sigmoidAndTanhMeetTheirBounds(level: Level) {
        for (kind, low, high) in [(Activation.sigmoid, Float(-80), Float(20)), (.tanh, -10, 10), (.tanh, -1e-2, 1e-2)] {
            let count = 20_000
            let x = (0..<count).map { low + (high - low) * (Float($0) / Float(count)) }
            let y = activated(level.kernels, kind, x)
            var worst = 0.0
            for i in 0..<count { worst = max(worst, ulps(y[i], from: ActivationMath.value(kind, Double(x[i])))) }
            #expect(worst <= 3, "\(kind) is off by \(worst) units in the last place")
        }
    }

    @Test(arguments: Level.all)
    func elementaryFunctionsKeepTheSpecialValues(level: Level) {
        let cases: [(ElementaryFunction, Float, Float)] = [
            (.exp, .infinity, .infinity), (.exp, -.infinity, 0), (.exp, 0, 1), (.exp, 100, .infinity), (.exp, -200, 0), (.exp, .nan, .nan),
            (.log, .infinity, .infinity), (.log, 0, -.infinity), (.log, 1, 0), (.log, -1, .nan), (.log, .nan, .nan), (.log1p, 0, 0),
            (.log1p, .nan, .nan), (.erf, .infinity, 1), (.erf, -.infinity, -1), (.erf, 0, 0), (.erf, .nan, .nan),
        ]
        for (function, x, expected) in cases {
            // Alone, and in a full group of lanes: the two paths.
            for count in [1, 16] {
                let input = [Float](repeating: x, count: count)
                var y = [Float](repeating: 7, count: count)
                var out = y.mutableSpan
                level.kernels.elementaryForTests(function, input.span, into: &out)
                #expect(y.allSatisfy { $0 == expected || $0.isNaN && expected.isNaN }, "\(function)(\(x)) is \(y[0])")
            }
        }
    }

    /// Activations and their gradients against double, relative to the larger of |f| and |x|·2⁻²⁴ (a GELU cancels for negative x).
    @Test(arguments: Level.all)
    func activationsMeetTheirBounds(level: Level) {
        let x: [Float] = (0..<4001).map { (Float($0) - 2000) / 160 } + [1e-20, -1e-20, 40, -40, 0]
        let dy = TestNumbers(61).uniform(x.count)
        let oracle = ReferenceKernels<Double>()
        for kind in Activation.allCases {
            let (y, expected) = (activated(level.kernels, kind, x), activated(oracle, kind, x.doubles))
            let floor = kind == .gelu || kind == .geluTanh ? 1e-6 : 1e-37
            if let wrong = mismatch(y, expected, relative: 4 * 0x1p-23, floor: floor) { Issue.record("\(kind) \(wrong)") }

            let saved = kind.gradientNeedsInput ? x : y
            let dx = activationGradient(level.kernels, kind, saved: saved, dy)
            let expectedGradient = activationGradient(oracle, kind, saved: saved.doubles, dy.doubles)
            if let wrong = mismatch(dx, expectedGradient, relative: 4 * 0x1p-23, floor: 1e-6) {
                Issue.record("gradient of \(kind) \(wrong)")
            }
        }
    }

    @Test(arguments: Level.all)
    func activationsKeepTheSpecialValues(level: Level) {
        let x: [Float] = [.nan, .infinity, -.infinity]
        let expected: [Activation: [Float]] = [
            .identity: x, .relu: [.nan, .infinity, 0], .sigmoid: [.nan, 1, 0], .tanh: [.nan, 1, -1], .gelu: [.nan, .infinity, .nan],
            .geluTanh: [.nan, .infinity, .nan],
        ]
        for kind in Activation.allCases {
            let y = activated(level.kernels, kind, x)
            #expect(zip(y, expected[kind]!).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }, "\(kind): \(y)")
        }
        // A closed relu lets nothing through; a NaN output lets the gradient through.
        #expect(activationGradient(level.kernels, .relu, saved: [0, -0.0, 2, .nan], [.nan, 3, 4, 5]) == [0, 0, 4, 5])
    }

    /// What rides on a product treats NaN and the infinities as the kernel that stands alone does.
    @Test(arguments: Level.all)
    func fusedActivationsKeepTheSpecialValues(level: Level) {
        let z: [Float] = [.nan, .infinity, -.infinity, -20, 20]
        for width in [3, 5, 64] {
            let bias = (0..<width).map { z[$0 % z.count] }
            let (a, b) = ([Float](repeating: 0, count: 2), [Float](repeating: 0, count: width))
            let shape = MatmulShape(.nn, m: 2, n: width, k: 1)
            for kind in Activation.allCases {
                let alone = activated(level.kernels, kind, bias)
                var fused = [Float](repeating: 7, count: 2 * width)
                var workspace = [Float](repeating: .nan, count: level.kernels.matmulWorkspace(shape))
                var c = fused.mutableSpan
                var scratch = workspace.mutableSpan
                level.kernels.matmul(
                    shape, a.span, b.span, bias: bias.span, activation: kind, accumulate: false, into: &c, workspace: &scratch)
                for (i, y) in fused.enumerated() {
                    let expected = alone[i % width]
                    #expect(y.isNaN && expected.isNaN || abs(y - expected) <= 1e-5 || y == expected, "\(kind)(\(bias[i % width])) is \(y)")
                }
            }
        }
    }

    /// Lengths around every tail, in place too: an element's value does not depend on its lane.
    @Test(arguments: Level.all)
    func everyLengthAndInPlace(level: Level) {
        let x = TestNumbers(62).uniform(70)
        for kind in Activation.allCases {
            let whole = activated(level.kernels, kind, x)
            for count in 0...50 {
                let y = StoredValues(Array(x.prefix(count)))
                level.kernels.activate(kind, y.operand, into: y.destination)
                #expect(y.values.bits == Array(whole.prefix(count)).bits, "\(kind), \(count)")
            }
        }
    }
}

private func activated<K: KernelSet>(_ kernels: K, _ kind: Activation, _ x: [K.Scalar]) -> [K.Scalar] {
    let (x, y) = (StoredValues(x), StoredValues<K.Scalar>(results: x.count))
    kernels.activate(kind, x.operand, into: y.destination)
    return y.values
}

private func activationGradient<K: KernelSet>(_ kernels: K, _ kind: Activation, saved: [K.Scalar], _ dy: [K.Scalar]) -> [K.Scalar] {
    let (saved, dy, dx) = (StoredValues(saved), StoredValues(dy), StoredValues<K.Scalar>(results: dy.count))
    kernels.activationGradient(kind, saved: saved.operand, outputGradient: dy.operand, into: dx.destination)
    return dx.values
}
