import Kernels
import Testing

@Suite struct MatmulTests {
    /// Every small size, whole numbers, so every level must equal the oracle exactly; operands end at unreadable pages.
    @Test(arguments: MatmulForm.allCases)
    func everySmallSizeIsExact(form: MatmulForm) {
        let sizes = Array(0...9) + [15, 16, 17, 31, 33]
        let oracle = ReferenceKernels<Double>()
        let (aMemory, bMemory, cMemory) = (
            GuardedMemory<Float>(capacity: 33 * 33), GuardedMemory<Float>(capacity: 33 * 33), GuardedMemory<Float>(capacity: 33 * 33)
        )
        let numbers = (
            TestNumbers(1).whole(33 * 33), TestNumbers(2).whole(33 * 33), TestNumbers(3).whole(33), TestNumbers(4).whole(33 * 33)
        )
        var failed: Set<String> = []
        var combination = 0
        for m in sizes {
            for n in sizes {
                for k in sizes {
                    let shape = MatmulShape(form, m: m, n: n, k: k)
                    let (a, b, old) = (Array(numbers.0.prefix(m * k)), Array(numbers.1.prefix(k * n)), Array(numbers.3.prefix(m * n)))
                    // Bias, accumulation and relu in turn, so that all eight combinations meet all sizes.
                    combination += 1
                    let bias = combination & 1 == 0 ? Array(numbers.2.prefix(n)) : []
                    let accumulate = combination & 2 == 0
                    let activation: Activation = combination & 4 == 0 ? .relu : .identity
                    var expected = old.doubles
                    product(oracle, shape, a.doubles, b.doubles, bias.doubles, activation, accumulate, &expected)
                    for level in Level.all where !failed.contains(level.name) {
                        let (aHeld, bHeld, cHeld) = (aMemory.hold(a), bMemory.hold(b), cMemory.hold(old))
                        var workspace = [Float](repeating: .nan, count: level.kernels.matmulWorkspace(shape))
                        var c = cHeld.mutableSpan
                        var scratch = workspace.mutableSpan
                        level.kernels.matmul(
                            shape, aHeld.span, bHeld.span, bias: bias.span, activation: activation, accumulate: accumulate, into: &c,
                            workspace: &scratch)
                        if let wrong = mismatch(cHeld, expected, within: 0) {
                            failed.insert(level.name)
                            Issue.record(
                                "\(level.name), \(shape), bias \(!bias.isEmpty), \(activation), accumulate \(accumulate): \(wrong)")
                        }
                    }
                }
            }
        }
    }

    /// Sizes beyond every block, with the rounding bound of a chain of k multiply-adds on numbers below 1.
    @Test(arguments: Level.all)
    func largeSizesMeetTheRoundingBound(level: Level) {
        let shapes = [(70, 75, 600), (250, 40, 300), (3, 130, 520), (1, 64, 784), (64, 10, 257)]
        for form in MatmulForm.allCases {
            for (m, n, k) in shapes where level.kernels.instructionSet != .swift || m * n * k < 1_000_000 {
                let shape = MatmulShape(form, m: m, n: n, k: k)
                let (a, b, bias) = (TestNumbers(5).uniform(m * k), TestNumbers(6).uniform(k * n), TestNumbers(7).uniform(n))
                var c = [Float](repeating: .nan, count: m * n)
                product(level.kernels, shape, a, b, bias, .identity, false, &c)
                // A sample of the elements, each summed in double here.
                for i in stride(from: 0, to: m * n, by: max(1, m * n / 500)) {
                    let (row, column) = (i / n, i % n)
                    var (sum, size) = (Double(bias[column]), abs(Double(bias[column])))
                    for p in 0..<k {
                        let x = a[form.aTransposed ? p * m + row : row * k + p]
                        let y = b[form.bTransposed ? column * k + p : p * n + column]
                        sum += Double(x) * Double(y)
                        size += abs(Double(x) * Double(y))
                    }
                    let bound = Double(k + 2) * 0x1p-24 * size
                    #expect(abs(Double(c[i]) - sum) <= bound, "\(shape) element \(i): \(c[i]) is not \(sum) within \(bound)")
                }
            }
        }
    }

    /// Row r of a forward product depends on row r alone: not on how many rows the call has, nor on its place among them.
    @Test(arguments: Level.all)
    func rowsDoNotDependOnTheirNeighbours(level: Level) {
        let m = 37
        for (n, k) in [(10, 64), (64, 300), (33, 7), (1, 10), (130, 40)] {
            let (a, b, bias) = (TestNumbers(8).uniform(m * k), TestNumbers(9).uniform(k * n), TestNumbers(10).uniform(n))
            for activation in [Activation.relu, .gelu] {
                var whole = [Float](repeating: 0, count: m * n)
                product(level.kernels, MatmulShape(.nn, m: m, n: n, k: k), a, b, bias, activation, false, &whole)
                for (first, last) in [(0, 1), (0, 2), (1, 4), (5, 11), (5, 12), (20, 37), (36, 37)] {
                    let rows = last - first
                    var part = [Float](repeating: 0, count: rows * n)
                    product(
                        level.kernels, MatmulShape(.nn, m: rows, n: n, k: k), Array(a[first * k..<last * k]), b, bias, activation, false,
                        &part)
                    #expect(part.bits == Array(whole[first * n..<last * n]).bits, "\(n)×\(k), rows \(first)..<\(last), \(activation)")
                }
            }
        }
    }

    /// One chain per element, whatever the width of the registers: levels that fuse agree bit for bit.
    @Test func fusedLevelsAgree() {
        let (m, n, k) = (45, 90, 300)
        let (a, b) = (TestNumbers(11).uniform(m * k), TestNumbers(12).uniform(k * n))
        var first: [UInt32]?
        for level in Level.fused {
            for form in MatmulForm.allCases {
                var c = [Float](repeating: 0, count: m * n)
                product(level.kernels, MatmulShape(form, m: m, n: n, k: k), a, b, [], .identity, false, &c)
                guard form == .nn else { continue }
                #expect(first == nil || first == c.bits, "\(level.name)")
                first = c.bits
            }
        }
    }

    /// Packing, blocks and transposition change where operands come from, not what is added when.
    @Test(arguments: Level.all)
    func formsAgreeBitForBit(level: Level) {
        let (m, n, k) = (29, 35, 61)
        let (a, b) = (TestNumbers(13).uniform(m * k), TestNumbers(14).uniform(k * n))
        let (aTurned, bTurned) = (transposed(a, m, k), transposed(b, k, n))
        var plain = [Float](repeating: 0, count: m * n)
        product(level.kernels, MatmulShape(.nn, m: m, n: n, k: k), a, b, [], .identity, false, &plain)
        for form in [MatmulForm.nt, .tn, .tt] {
            var c = [Float](repeating: 0, count: m * n)
            product(
                level.kernels, MatmulShape(form, m: m, n: n, k: k), form.aTransposed ? aTurned : a, form.bTransposed ? bTurned : b, [],
                .identity, false, &c)
            #expect(c.bits == plain.bits, "\(form)")
        }
    }

    @Test(arguments: Level.all)
    func infinityAndNaNStayInTheirRow(level: Level) {
        let (m, n, k) = (13, 21, 19)
        var a = TestNumbers(15).uniform(m * k)
        a[4 * k + 2] = .nan
        a[9 * k + 1] = .infinity
        let b = [Float](repeating: 0.5, count: k * n)
        var c = [Float](repeating: 0, count: m * n)
        product(level.kernels, MatmulShape(.nn, m: m, n: n, k: k), a, b, [], .relu, false, &c)
        for i in 0..<m {
            let row = c[i * n..<(i + 1) * n]
            #expect(row.allSatisfy { i == 4 ? $0.isNaN : i == 9 ? $0 == .infinity : $0.isFinite }, "row \(i)")
        }
    }
}

/// `matmul` over arrays, with a workspace of exactly the size asked for.
func product<Kernels: KernelSet>(
    _ kernels: Kernels, _ shape: MatmulShape, _ a: [Kernels.Scalar], _ b: [Kernels.Scalar], _ bias: [Kernels.Scalar],
    _ activation: Activation, _ accumulate: Bool, _ c: inout [Kernels.Scalar]
) {
    var workspace = [Kernels.Scalar](repeating: .nan, count: kernels.matmulWorkspace(shape))
    var out = c.mutableSpan
    var scratch = workspace.mutableSpan
    kernels.matmul(
        shape, a.span, b.span, bias: bias.span, activation: activation, accumulate: accumulate, into: &out, workspace: &scratch)
}

private func transposed(_ x: [Float], _ rows: Int, _ columns: Int) -> [Float] {
    (0..<rows * columns).map { x[$0 % rows * columns + $0 / rows] }
}
