import Kernels
import Testing

/// Products of either storage type, in all forms, with strides, batches and epilogues, against the reference in double.
@Suite struct ProductTests {
    /// Every small size in turn with every form, riders and types in turn; operands end at unreadable pages.
    @Test(arguments: MatmulForm.allCases)
    func everySmallSize(form: MatmulForm) {
        let sizes = [0, 1, 2, 3, 5, 8, 13, 16, 17, 33, 49, 65]
        let bench = ProductBench()
        var count = 0
        for m in sizes {
            for n in sizes {
                for k in [0, 1, 17, 40] {
                    count += 1
                    let trial = ProductTrial(MatmulShape(form, m: m, n: n, k: k), variant: count)
                    for level in Level.all { bench.check(trial, level) }
                }
            }
        }
    }

    /// Beyond every block: rows, groups of columns, chunks of k, and sums that rest because c may not hold them.
    @Test(arguments: MatmulForm.allCases)
    func largeSizes(form: MatmulForm) {
        let bench = ProductBench()
        var count = 3
        for (m, n, k) in [(97, 131, 300), (7, 330, 259), (170, 70, 290), (13, 20, 1700), (50, 140, 1600), (3, 1100, 150)] {
            for step in [1, 5] {
                count += step
                let trial = ProductTrial(MatmulShape(form, m: m, n: n, k: k), variant: count)
                for level in Level.all where level.kernels.instructionSet != .swift { bench.check(trial, level) }
            }
        }
    }

    /// Few columns over many steps, where all rows of a block pass along one panel: one block and two, with equal tiles and without.
    @Test(arguments: Level.all.filter { $0.kernels.instructionSet != .swift })
    func narrowWeightGradients(level: Level) {
        let bench = ProductBench()
        for (m, n, k) in [(48, 128, 390), (401, 128, 385), (53, 576, 400)] {
            for variant in 0..<2 {
                var trial = ProductTrial(MatmulShape(.tn, m: m, n: n, k: k), variant: 0)
                trial.product = Product(trial.product.shape)
                trial.product.accumulates = variant == 1
                trial.product.cRow += 5 * variant
                (trial.activation, trial.gate) = (variant == 0 ? .identity : .relu, .none)
                (trial.hasBias, trial.hasResidual, trial.hasSlope, trial.hasSums) = (false, false, false, variant == 0)
                bench.check(trial, level)
            }
        }
    }

    /// Few rows against a transposed b, which go by way of the transpose: bands of 96 columns with and without a rest, the limits of rows,
    /// steps and elements, each rider on what is turned, and sums that go to c without one.
    @Test(arguments: Level.all.filter { $0.kernels.instructionSet != .swift })
    func fewRowsAgainstATransposedMatrix(level: Level) {
        let bench = ProductBench()
        let few = [(1, 97, 64), (17, 192, 31), (17, 192, 32), (33, 95, 300)]
        let limits = [(160, 321, 70), (161, 330, 40), (12, 100, 5243), (50, 100, 5243)]
        for (m, n, k) in few + limits {
            for variant in 0..<4 {
                var trial = ProductTrial(MatmulShape(.nt, m: m, n: n, k: k), variant: 0)
                trial.product = Product(trial.product.shape, result: variant == 2 ? .bfloat16 : .scalar)
                trial.product.aRow += variant
                trial.product.bRow += 2 * variant
                trial.product.cRow += 5 * variant
                trial.activation = variant == 3 ? .gelu : .identity
                trial.gate = [.none, .open, .factor, .none][variant]
                (trial.hasBias, trial.hasResidual, trial.hasSlope, trial.hasSums) = (false, variant == 2, variant == 3, false)
                bench.check(trial, level)
            }
        }
    }

    /// Weights packed beforehand hold all of k, of which each chunk reads its own part, also where the last columns become rows.
    @Test(arguments: Level.all)
    func packedWeightsMayMeetATransposedOperand(level: Level) {
        guard level.kernels.instructionSet != .swift else { return }
        for (m, n, k) in [(48, 5, 1000), (96, 69, 700), (33, 130, 390)] {
            let (a, b) = (TestNumbers(24).uniform(m * k), TestNumbers(25).uniform(n * k))
            let shape = MatmulShape(.tn, m: m, n: n, k: k)
            #expect(dense(level, shape, a, b, packed: true).bits == dense(level, shape, a, b, packed: false).bits, "\(shape)")
        }
    }

    /// Row r depends on row r alone, packed or not, and packing weights changes no bit of an fp32 product.
    @Test(arguments: Level.all, [200, 66])
    func rowsDoNotDependOnTheirNumber(level: Level, n: Int) {
        let k = 300
        let m = 180
        let a = TestNumbers(21).uniform(m * k)
        let b = TestNumbers(22).uniform(k * n)
        for transposed in [false, true] {
            let form: MatmulForm = transposed ? .nt : .nn
            let whole = dense(level, MatmulShape(form, m: m, n: n, k: k), a, b, packed: false)
            for rows in [1, 5, 33, 49, 180] {
                for packed in [false, true] where !packed || level.kernels.instructionSet != .swift {
                    let part = dense(level, MatmulShape(form, m: rows, n: n, k: k), Array(a.suffix(rows * k)), b, packed: packed)
                    #expect(part.bits == Array(whole.suffix(rows * n)).bits, "\(form), \(rows) rows, packed \(packed)")
                }
            }
        }
    }

    /// The workspace of a shape serves every smaller batch.
    @Test(arguments: Level.all)
    func workspaceGrowsWithTheBatch(level: Level) {
        for form in MatmulForm.allCases {
            for (n, k) in [(64, 784), (10, 64), (1024, 1024), (333, 2000)] {
                for packed in [false, true] where !packed || !form.aTransposed {
                    var least = 0
                    for batch in [0, 1, 2, 31, 48, 49, 160, 161, 500, 1536, 1537, 2048, 5000] {
                        // The batch is k where a is transposed.
                        let shape = form.aTransposed ? MatmulShape(form, m: k, n: n, k: batch) : MatmulShape(form, m: batch, n: n, k: k)
                        var product = Product(shape)
                        product.packedWeights = packed
                        let bytes = level.kernels.productWorkspace(product)
                        #expect(bytes >= least, "\(shape), packed \(packed)")
                        least = bytes
                    }
                }
            }
        }
    }

    /// NaN and infinities stay where IEEE puts them, also in columns that padding accompanies.
    @Test(arguments: Level.all)
    func nonFiniteNumbersPropagate(level: Level) {
        let (m, n, k) = (14, 21, 19)
        var a = TestNumbers(23).uniform(m * k)
        a[4 * k + 2] = .nan
        a[9 * k + 1] = .infinity
        for form in [MatmulForm.nn, .nt] {
            let c = dense(level, MatmulShape(form, m: m, n: n, k: k), a, [Float](repeating: 0.5, count: k * n), packed: false)
            for i in 0..<m {
                let row = c[i * n..<(i + 1) * n]
                #expect(row.allSatisfy { i == 4 ? $0.isNaN : i == 9 ? $0 == .infinity : $0.isFinite }, "\(form) row \(i)")
            }
        }
    }

    private func dense(_ level: Level, _ shape: MatmulShape, _ a: [Float], _ b: [Float], packed: Bool) -> [Float] {
        var product = Product(shape)
        product.packedWeights = packed
        let memory = ProductMemory(level.kernels, product)
        return memory.run(a, packed ? [] : b, weights: packed ? b : nil)
    }
}
