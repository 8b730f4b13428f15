import Kernels
import Testing

/// Products with bf16 operands, at every level; the blocks and tails are those of the kernels on tiles.
@Suite struct TileProductTests {
    /// Whole numbers, so that every level must give the reference's bits; operands, packed weights and workspace end at unreadable pages.
    @Test(arguments: Form.allCases)
    func everySmallSizeIsExact(form: Form) {
        let sizes = [0, 1, 2, 7, 16, 17, 31, 32, 33, 40]
        var turn: UInt32 = 0
        for m in sizes {
            for n in sizes {
                for k in sizes {
                    turn = turn &* 1_103_515_245 &+ 12345
                    let run = TileRun(form, m, n, k, choices: turn >> 8, numbers: { TestNumbers($0).whole($1) })
                    let expected = run.results(FloatKernels(.swift))
                    for level in Level.all where level.kernels.instructionSet != .swift {
                        if let wrong = run.results(level.kernels).difference(from: expected) {
                            Issue.record("\(level.name), \(run): \(wrong)")
                            return
                        }
                    }
                }
            }
        }
    }

    /// Beyond every block: stretches, bands, groups, a single row of tiles.
    @Test(arguments: Form.allCases)
    func largeSizesAreExact(form: Form) {
        let shapes = [
            (70, 75, 900), (33, 333, 840), (5, 130, 1330), (530, 40, 90), (130, 420, 130), (17, 34, 1700), (1, 64, 784), (40, 70, 2048),
            (530, 40, 1310),
            (40, 530, 1310),
            (44, 167, 520),
            (530, 40, 450),
        ]
        for (turn, (m, n, k)) in shapes.enumerated() {
            let run = TileRun(form, m, n, k, choices: UInt32(turn * 37 + 3), numbers: { TestNumbers($0).whole($1, limit: 1) })
            let expected = run.results(FloatKernels(.swift))
            for level in Level.all where level.kernels.instructionSet != .swift {
                let wrong = run.results(level.kernels).difference(from: expected)
                if let wrong { Issue.record("\(level.name), \(run): \(wrong)") }
            }
        }
    }

    /// Real numbers: the rounding of k additions in fp32, then one to bf16.
    @Test(arguments: Level.all)
    func realNumbersMeetTheRoundingBound(level: Level) {
        for (m, n, k) in [(37, 50, 70), (64, 96, 333), (16, 33, 128)] {
            for form in Form.allCases {
                for activation in [Activation.identity, .geluTanh, .gelu, .sigmoid, .tanh] {
                    var run = TileRun(form, m, n, k, choices: 0b0110, numbers: { TestNumbers($0).uniform($1).map { $0 * 0.25 } })
                    run.activation = activation
                    run.wantsSlope = true
                    let (actual, expected) = (run.results(level.kernels), run.results(FloatKernels(.swift)))
                    let floor = Double(k) * 0x1p-24 + (run.product.result == .scalar ? 0x1p-18 : 0x1p-16)
                    let wrong =
                        mismatch(actual.c, expected.c.doubles, relative: run.product.result == .scalar ? 1e-5 : 0x1.1p-7, floor: floor)
                        ?? mismatch(actual.slope, expected.slope.doubles, relative: 0x1.2p-7, floor: 0x1p-12)
                    if let wrong { Issue.record("\(run), \(activation): \(wrong)") }
                }
            }
        }
    }

    /// A row depends on itself alone: not on how many there are, nor on its place.
    @Test(arguments: Level.all)
    func rowsDoNotDependOnTheirNeighbours(level: Level) {
        let m = 70
        for (n, k) in [(10, 64), (65, 300), (130, 40), (40, 1100)] {
            for form in [Form.nn, .nt, .packed, .packedTransposed] {
                var whole = TileRun(form, m, n, k, choices: 0b0010, numbers: { TestNumbers($0).uniform($1) })
                whole.activation = .geluTanh
                let all = whole.results(level.kernels).c
                for (first, last) in [(0, 1), (0, 16), (1, 18), (5, 37), (20, 70), (69, 70)] {
                    let part = whole.rows(first..<last).results(level.kernels).c
                    #expect(part.bits == Array(all[first * n..<last * n]).bits, "\(form) \(n)×\(k), rows \(first)..<\(last)")
                }
            }
        }
    }

    /// Padding never meets a NaN or an infinity, and nothing swallows one.
    @Test(arguments: Level.all)
    func infinityAndNaNStayInTheirRow(level: Level) {
        let (m, n, k) = (37, 50, 45)
        for form in Form.allCases {
            var run = TileRun(
                form, m, n, k, choices: 0, numbers: { index, count in [Float](repeating: index == 2 ? 0.5 : 1, count: count) })
            let place = { (row: Int, step: Int) in form.shape.aTransposed ? step * m + row : row * k + step }
            run.a[place(4, k - 1)] = .nan
            run.a[place(36, 0)] = .infinity
            run.activation = .relu
            let c = run.results(level.kernels).c
            for i in 0..<m {
                let row = c[i * n..<(i + 1) * n]
                #expect(row.allSatisfy { i == 4 ? $0.isNaN : i == 36 ? $0 == .infinity : $0.isFinite }, "\(form), row \(i)")
            }
        }
    }

    /// The workspace of the largest batch serves every smaller one.
    @Test(arguments: Level.all)
    func workspaceGrowsWithTheBatch(level: Level) {
        for form in Form.allCases {
            for (n, other) in [(65, 300), (400, 1000), (1000, 40)] {
                var largest = 0
                for batch in stride(from: 1, through: 3000, by: 7) {
                    let batchIsK = form.shape.aTransposed
                    let run = TileRun(form, batchIsK ? other : batch, n, batchIsK ? batch : other, choices: 0, numbers: { _, _ in [] })
                    let bytes = level.kernels.productWorkspace(run.product)
                    #expect(bytes >= largest, "\(form), \(n), \(other) at \(batch)")
                    largest = bytes
                }
            }
        }
    }
}

/// The forms of a product, and b packed beforehand from either orientation.
enum Form: CaseIterable, Sendable {
    case nn, nt, tn, tt, packed, packedTransposed

    var shape: MatmulForm {
        switch self {
        case .nn, .packed, .packedTransposed: .nn
        case .nt: .nt
        case .tn: .tn
        case .tt: .tt
        }
    }
    var isPacked: Bool { self == .packed || self == .packedTransposed }
}

/// One product with all its operands.
private struct TileRun: CustomStringConvertible {
    var form: Form
    var product: Product
    var a: [Float], b: [Float], bias: [Float], old: [Float], other: [Float]
    var activation = Activation.identity
    var gate = Gate.none
    var wantsResidual = false, wantsSlope = false, wantsSums = false

    struct Results {
        var c: [Float], slope: [Float], sums: [Float]

        func difference(from expected: Results) -> String? {
            mismatch(c, expected.c.doubles, within: 0).map { "c" + $0 } ?? mismatch(slope, expected.slope.doubles, within: 0).map {
                "slope" + $0
            }
                ?? (sums.bits == expected.sums.bits ? nil : "sums of b")
        }
    }

    /// `choices` is a handful of bits: what to do on the way out.
    init(_ form: Form, _ m: Int, _ n: Int, _ k: Int, choices: UInt32, numbers: (UInt64, Int) -> [Float]) {
        self.form = form
        product = Product(MatmulShape(form.shape, m: m, n: n, k: k), operands: .bfloat16, result: choices & 2 != 0 ? .bfloat16 : .scalar)
        product.packedWeights = form.isPacked
        product.accumulates = choices & 1 != 0
        a = numbers(1, m * k)
        b = numbers(2, k * n)
        bias = choices & 4 != 0 ? numbers(3, n) : []
        old = numbers(4, m * n)
        other = numbers(5, m * n)
        activation = choices & 8 != 0 ? .relu : .identity
        gate = [.none, .open, .factor][Int(choices >> 4) % 3]
        wantsResidual = choices & 64 != 0
        wantsSums = form == .tn && choices & 128 != 0
    }

    var description: String {
        "\(form) \(product.shape), to \(product.result), adds \(product.accumulates), bias \(!bias.isEmpty), \(activation), \(gate), residual \(wantsResidual)"
    }

    func rows(_ range: Range<Int>) -> TileRun {
        var part = self
        let (n, k) = (product.shape.n, product.shape.k)
        part.product.shape.m = range.count
        part.a = Array(a[range.lowerBound * k..<range.upperBound * k])
        part.old = Array(old[range.lowerBound * n..<range.upperBound * n])
        part.other = Array(other[range.lowerBound * n..<range.upperBound * n])
        return part
    }

    func results(_ kernels: FloatKernels) -> Results {
        let (m, n, k) = (product.shape.m, product.shape.n, product.shape.k)
        let memory = (0..<5).map { _ in GuardedMemory<UInt16>(capacity: max(m * k, k * n, 2 * m * n)) }
        func half(_ index: Int, _ values: [Float]) -> Operand<Float> {
            Operand(base: memory[index].hold(values.map(BFloat16Bits.rounding)).baseAddress, count: values.count, type: .bfloat16)
        }
        let c: Destination<Float>
        let floats = GuardedMemory<Float>(capacity: m * n)
        if product.result == .scalar {
            c = Destination(base: floats.hold(old).baseAddress, count: m * n, type: .scalar)
        } else {
            c = Destination(base: memory[2].hold(old.map(BFloat16Bits.rounding)).baseAddress, count: m * n, type: .bfloat16)
        }
        let few = GuardedMemory<Float>(capacity: 2 * n)
        let sumMemory = GuardedMemory<Float>(capacity: n)
        let sums =
            wantsSums
            ? Destination<Float>(base: sumMemory.hold([Float](repeating: .nan, count: n)).baseAddress, count: n, type: .scalar) : .absent
        var epilogue = Epilogue<Float>()
        if !bias.isEmpty { epilogue.bias = Operand(base: few.hold(bias).baseAddress, count: n, type: .scalar) }
        epilogue.activation = activation
        epilogue.gate = gate
        if gate != .none || wantsResidual {
            let operand = half(3, other)
            if gate != .none { epilogue.gateData = operand }
            if wantsResidual { epilogue.residual = operand }
        }
        let slopes = memory[4].hold([UInt16](repeating: 0, count: m * n))
        if wantsSlope { epilogue.slope = Destination(base: slopes.baseAddress, count: m * n, type: .bfloat16) }

        let (aHeld, bHeld) = (half(0, a), half(1, b))
        let workspace = GuardedBytes(kernels.productWorkspace(product))
        if form.isPacked {
            let packing = WeightPacking(k: k, n: n, transposed: form == .packedTransposed, type: .bfloat16)
            let bytes = kernels.packedBytes(packing)
            let packed = GuardedBytes(bytes)
            let weights = GuardedMemory<Float>(capacity: k * n)
            // As the level rounds them: the numbers are made bf16 first, so that all levels pack the same.
            let stored = weights.hold(b.map { BFloat16Bits.float(BFloat16Bits.rounding($0)) })
            kernels.pack(packing, weights: Operand(base: stored.baseAddress, count: k * n, type: .scalar), into: packed.scratch)
            withExtendedLifetime((packed, weights)) {
                kernels.product(
                    product, aHeld, .absent, weights: WeightOperand(base: packed.scratch.base, count: bytes, isPacked: true),
                    epilogue: epilogue,
                    into: c, bSums: sums, workspace: workspace.scratch)
            }
        } else {
            kernels.product(product, aHeld, bHeld, weights: nil, epilogue: epilogue, into: c, bSums: sums, workspace: workspace.scratch)
        }
        // The memory lives until everything has been read from it.
        return withExtendedLifetime((memory, floats, few, sumMemory, workspace)) {
            Results(
                c: (0..<m * n).map { c[$0] }, slope: wantsSlope ? slopes.map(BFloat16Bits.float) : [],
                sums: wantsSums ? (0..<n).map { sums[$0] } : [])
        }
    }
}

/// Scratch that ends at an unreadable page; whole lines, as its alignment is 64.
private struct GuardedBytes {
    private let memory: GuardedMemory<UInt8>
    let scratch: Scratch

    init(_ bytes: Int) {
        let count = (bytes + 63) / 64 * 64
        memory = GuardedMemory(capacity: count)
        scratch = Scratch(base: UnsafeMutableRawPointer(memory.hold([UInt8](repeating: 0xFF, count: count)).baseAddress), bytes: bytes)
    }
}
