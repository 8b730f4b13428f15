import Kernels
import Testing

/// One attention with its operands in guarded memory, and what the reference makes of the same operands in double.
private final class AttentionCase {
    let call: AttentionCall
    let rows: Int
    let type: StorageType
    let keys: [UInt64]
    var qkv: [Float]
    var dy: [Float]

    init(_ call: AttentionCall, rows: Int, _ type: StorageType, seed: UInt64 = 1) {
        self.call = call
        self.rows = rows
        self.type = type
        keys = (0..<rows).map { mixKey(seed, 5, UInt64($0)) }
        let tokens = rows * call.length * call.width
        qkv = TestNumbers(seed).uniform(3 * tokens).map { stored($0 * 2, type) }
        dy = TestNumbers(seed + 1).uniform(tokens).map { stored($0, type) }
    }

    struct Results {
        var y: [Float]
        var statistics: [Float]
        var dqkv: [Float]
    }

    /// The level's results; operands and results end where unreadable pages begin.
    func run(_ kernels: FloatKernels) -> Results {
        let (input, output) = (Guarded(qkv, type), Guarded([Float](repeating: 9, count: dy.count), type))
        let statistics = Guarded([Float](repeating: 9, count: rows * call.heads * call.length), .scalar)
        let (gradient, result) = (Guarded(dy, type), Guarded([Float](repeating: 9, count: qkv.count), type))
        let (rowKeys, bytes) = (keys, kernels.attentionWorkspace(call, type))
        // NaN everywhere: nothing may depend on what the workspace held.
        let room = GuardedMemory<UInt64>(capacity: bytes / 8 + 8)
        let base = UnsafeMutableRawPointer(room.hold([UInt64](repeating: .max, count: (bytes + 63) / 64 * 8)).baseAddress!)
        let workspace = Scratch(base: base, bytes: bytes)
        kernels.attention(
            call, rows: rows, input.operand, rowKeys: rowKeys.span, into: output.destination, statistics: statistics.destination,
            workspace: workspace)
        kernels.attentionGradient(
            call, rows: rows, input.operand, rowKeys: rowKeys.span, output: output.operand, statistics: statistics.operand,
            outputGradient: gradient.operand, into: result.destination, workspace: workspace)
        return Results(y: output.values, statistics: statistics.values, dqkv: result.values)
    }

    /// The reference's results in double.
    func reference(_ qkv: [Double], _ dy: [Double]) -> (y: [Double], statistics: [Double], dqkv: [Double]) {
        let kernels = ReferenceKernels<Double>()
        var (qkv, dy) = (qkv, dy)
        let rowKeys = keys
        var y = [Double](repeating: 9, count: dy.count)
        var statistics = [Double](repeating: 9, count: rows * call.heads * call.length)
        var dqkv = [Double](repeating: 9, count: qkv.count)
        var scratch = [Double](repeating: .nan, count: kernels.attentionWorkspace(call, .scalar) / 8)
        let workspace = scratch.withUnsafeMutableBytes { Scratch(base: $0.baseAddress, bytes: $0.count) }
        let (input, gradient) = (view(&qkv).operand, view(&dy).operand)
        kernels.attention(
            call, rows: rows, input, rowKeys: rowKeys.span, into: view(&y), statistics: view(&statistics), workspace: workspace)
        kernels.attentionGradient(
            call, rows: rows, input, rowKeys: rowKeys.span, output: view(&y).operand, statistics: view(&statistics).operand,
            outputGradient: gradient, into: view(&dqkv), workspace: workspace)
        return (y, statistics, dqkv)
    }

    /// Records where a level differs from the reference by more than rounding allows.
    func check(_ levels: [Level], _ remark: String = "") {
        let expected = reference(qkv.doubles, dy.doubles)
        for level in levels {
            if let mistake = mistake(of: level.kernels, expected) { Issue.record("\(level.name): \(mistake) \(remark)") }
        }
    }

    private func mistake(of kernels: FloatKernels, _ expected: (y: [Double], statistics: [Double], dqkv: [Double])) -> String? {
        let actual = run(kernels)
        // Sums of a few hundred terms of size one in fp32, and in bf16 one rounding of the result, to which tiles add those of
        // probabilities and of gradients of scores: each of the terms to 2⁻⁹, the sums of which grow as their root.
        let share = type == .scalar ? 4e-6 : 0x1p-7
        for (name, actual, expected, share) in [
            ("y", actual.y, expected.y, share), ("statistics", actual.statistics, expected.statistics, 1e-5),
            ("dqkv", actual.dqkv, expected.dqkv, share),
        ] {
            let largest = expected.filter(\.isFinite).map(abs).max() ?? 0
            if let wrong = mismatch(actual, expected, within: share * max(largest, 0.5)) {
                return "\(name)\(wrong) of \(call), \(type), \(rows) rows"
            }
        }
        return nil
    }
}

/// Elements of either type in guarded memory.
private struct Guarded {
    private let floats: GuardedMemory<Float>
    private let halves: GuardedMemory<UInt16>
    private let base: UnsafeMutableRawPointer
    private let count: Int
    private let type: StorageType

    init(_ values: [Float], _ type: StorageType) {
        floats = GuardedMemory(capacity: type == .scalar ? max(values.count, 1) : 1)
        halves = GuardedMemory(capacity: type == .scalar ? 1 : max(values.count, 1))
        base =
            type == .scalar
            ? UnsafeMutableRawPointer(floats.hold(values).baseAddress!)
            : UnsafeMutableRawPointer(halves.hold(values.map(BFloat16Bits.rounding)).baseAddress!)
        count = values.count
        self.type = type
    }

    var destination: Destination<Float> { Destination(base: base, count: count, type: type) }
    var operand: Operand<Float> { destination.operand }
    var values: [Float] { (0..<count).map { operand[$0] } }
}

private func view(_ values: inout [Double]) -> Destination<Double> {
    values.withUnsafeMutableBytes { Destination(base: $0.baseAddress, count: $0.count / 8, type: .scalar) }
}

private func stored(_ value: Float, _ type: StorageType) -> Float {
    type == .scalar ? value : BFloat16Bits.float(BFloat16Bits.rounding(value))
}

@Suite struct AttentionTests {
    /// Every length up to two tiles and around the blocks' borders, every kind of size, both masks, with and without dropout.
    @Test(arguments: StorageType.allCases)
    func levelsAgreeWithTheReference(type: StorageType) {
        for (length, size) in Self.shapes {
            for (causal, dropout) in [(true, 0), (false, 0.3), (true, 0.3), (false, 0)] {
                let call = AttentionCall(
                    length: length, heads: 2, size: size, causal: causal, dropout: dropout, layerKey: 0xfedc_ba98_7654_3210)
                AttentionCase(call, rows: 2, type).check(Level.all)
            }
        }
    }

    private static var shapes: [(length: Int, size: Int)] {
        let small = (1...18).map { ($0, [16, 24, 40][$0 % 3]) } + [(31, 48), (32, 8), (33, 5), (34, 16)]
        return small + [(48, 32), (49, 16), (63, 24), (64, 64), (65, 80), (97, 16), (100, 33), (128, 16), (130, 128), (1, 1), (2, 127)]
    }

    /// Several blocks of keys, so that the running maximum changes.
    @Test(arguments: StorageType.allCases)
    func longSequencesAgreeWithTheReference(type: StorageType) {
        for (length, causal, dropout) in [(300, true, 0.1), (300, false, 0), (257, false, 0.2), (400, true, 0)] {
            let call = AttentionCall(length: length, heads: 1, size: 24, causal: causal, dropout: dropout, layerKey: 7)
            let test = AttentionCase(call, rows: 1, type)
            // Scores that rise with the key.
            for key in 0..<length { test.qkv[(key * 3 + 1) * 24] = stored(Float(key) / 50, type) }
            for query in 0..<length { test.qkv[query * 3 * 24] = 2 }
            test.check(Level.all.filter { $0.kernels.instructionSet != .swift })
        }
    }

    /// The gradient in double against differences of the loss Σ y·dy.
    @Test func gradientsAreThoseOfDifferences() {
        for (causal, dropout) in [(true, 0.0), (false, 0.25)] {
            let call = AttentionCall(length: 5, heads: 2, size: 3, causal: causal, dropout: dropout, layerKey: 3)
            let test = AttentionCase(call, rows: 2, .scalar)
            let (qkv, dy) = (test.qkv.doubles, test.dy.doubles)
            let gradient = test.reference(qkv, dy).dqkv
            for i in qkv.indices {
                let step = 1e-5
                func loss(_ change: Double) -> Double {
                    var moved = qkv
                    moved[i] += change
                    return zip(test.reference(moved, dy).y, dy).reduce(0) { $0 + $1.0 * $1.1 }
                }
                let difference = (loss(step) - loss(-step)) / (2 * step)
                #expect(abs(difference - gradient[i]) <= 1e-8, "element \(i): \(gradient[i]), by differences \(difference)")
            }
        }
    }

    /// A batch row's results do not depend on the other rows: a batch may be divided among ranks.
    @Test(arguments: Level.all, StorageType.allCases)
    func rowsAreIndependent(level: Level, type: StorageType) {
        let call = AttentionCall(length: 37, heads: 2, size: 24, causal: true, dropout: 0.2, layerKey: 9)
        let three = AttentionCase(call, rows: 3, type)
        let all = three.run(level.kernels)
        let one = AttentionCase(call, rows: 1, type)
        #expect(one.keys[0] == three.keys[0])
        let (input, output) = (three.qkv.count / 3, three.dy.count / 3)
        (one.qkv, one.dy) = (Array(three.qkv[0..<input]), Array(three.dy[0..<output]))
        let alone = one.run(level.kernels)
        #expect(alone.y.bits == Array(all.y[0..<output]).bits)
        #expect(alone.statistics.bits == Array(all.statistics[0..<call.heads * call.length]).bits)
        #expect(alone.dqkv.bits == Array(all.dqkv[0..<input]).bits)
    }

    /// A NaN reaches what the reference's NaN reaches and nothing else: a value's the queries that see its key, and so on; as for
    /// gradients of keys and values, a query's or an output gradient's the keys that it sees.
    @Test(arguments: StorageType.allCases)
    func notANumberReachesExactlyWhoSeesIt(type: StorageType) {
        for length in [7, 40, 150] {
            let call = AttentionCall(length: length, heads: 2, size: 24, causal: true)
            for (part, value) in [(0, Float.nan), (1, .nan), (2, .nan), (2, .infinity), (3, .nan)] {
                let test = AttentionCase(call, rows: 2, type)
                let token = length + length * 2 / 3  // of the second row
                if part == 3 {
                    test.dy[token * 48 + 24 + 5] = value
                } else {
                    test.qkv[((token * 3 + part) * 2 + 1) * 24 + 5] = value
                }
                test.check(Level.all, "\(value) in part \(part)")
            }
        }
    }

    /// The fused levels' masks are the reference's: a dropped key's value has no influence.
    @Test(arguments: Level.all, StorageType.allCases)
    func dropoutIsTheCounterGenerators(level: Level, type: StorageType) {
        // Values of one: y is the sum of the kept probabilities, queries of zero: all of them equal.
        for length in [3, 30, 65, 70] {
            let call = AttentionCall(length: length, heads: 3, size: 16, causal: false, dropout: 0.4, layerKey: 11)
            let test = AttentionCase(call, rows: 2, type)
            for token in 0..<2 * length {
                for i in 0..<48 { test.qkv[token * 144 + i] = 0 }
                for i in 96..<144 { test.qkv[token * 144 + i] = 1 }
            }
            let y = test.run(level.kernels).y
            for row in 0..<2 {
                let random = CounterRandom(seed: test.keys[row], stream: 11)
                for (head, query) in (0..<3).flatMap({ head in (0..<length).map { (head, $0) } }) {
                    let kept = (0..<length).filter {
                        random.uint32(at: UInt64((head * length + query) * length + $0)) >= UInt32((0.4 * 0x1p32).rounded())
                    }
                    let expected = Double(kept.count) / Double(length) / 0.6
                    let actual = Double(y[((row * length + query) * 3 + head) * 16])
                    #expect(abs(actual - expected) <= (type == .scalar ? 1e-5 : 0.01) * max(expected, 0.1))
                }
            }
        }
    }

    @Test(arguments: Level.all)
    func noRowsAreNothing(level: Level) {
        let call = AttentionCall(length: 9, heads: 2, size: 16, causal: true)
        for type in StorageType.allCases {
            let results = AttentionCase(call, rows: 0, type).run(level.kernels)
            #expect(results.y.isEmpty && results.dqkv.isEmpty)
        }
    }
}
