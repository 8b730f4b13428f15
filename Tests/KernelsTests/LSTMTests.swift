import Kernels
import Testing

@Suite struct LSTMTests {
    /// Small sizes, tails of sixteen and thirty-two, plain and packed weights, both types; memory ends at unreadable pages.
    @Test(arguments: Level.all)
    func everyLevelAgreesWithTheReference(level: Level) {
        let sizes = [(1, 1), (2, 3), (3, 5), (5, 1), (16, 16), (17, 15), (33, 17), (4, 32), (31, 33)]
        for (inputs, hidden) in sizes {
            for (rows, length) in [(1, 1), (2, 5), (5, 2), (1, 4), (17, 2), (33, 3)] {
                for (type, packed) in [(StorageType.scalar, false), (.scalar, true), (.bfloat16, true), (.bfloat16, false)] {
                    let call = LSTMCall(length: length, inputs: inputs, hidden: hidden, type: type, packedWeights: packed)
                    let expected = LSTMRun(ReferenceKernels<Float>(), call, rows: rows)
                    let actual = LSTMRun(level.kernels, call, rows: rows)
                    if let wrong = actual.difference(from: expected) {
                        Issue.record("\(level.name), \(call), rows \(rows): \(wrong)")
                        return
                    }
                }
            }
        }
    }

    /// Sizes on which the plans branch. In fp32: several products of x to a sequence, and more rows than one of them has by rule. On tiles:
    /// weights' gradients whose sums rest between stretches of 512 tokens, more than sixteen panels of gates, more than sixteen blocks of
    /// columns, weights beyond the second-level cache with few rows and with many; all tiles whole. The reference's results, once for all.
    @Test(arguments: LargeLSTM.all)
    func largeSizesAgreeWithTheReference(size: LargeLSTM) {
        for type in StorageType.allCases {
            let expected = LSTMRun(ReferenceKernels<Float>(), size.call(type, packed: false), rows: size.rows)
            for level in Level.all where level.kernels.instructionSet != .swift {
                for packed in [false, true] {
                    let call = size.call(type, packed: packed)
                    if let wrong = LSTMRun(level.kernels, call, rows: size.rows).difference(from: expected) {
                        Issue.record("\(level.name), \(call), rows \(size.rows): \(wrong)")
                    }
                }
            }
        }
    }

    @Test(arguments: Level.all)
    func aRowDoesNotDependOnItsBatch(level: Level) {
        for type in StorageType.allCases {
            let call = LSTMCall(length: 4, inputs: 20, hidden: 40, type: type, packedWeights: true)
            // On tiles 32 rows go together, and few of them have the products of x made beforehand.
            let runs = [40, 9, 3].map { LSTMRun(level.kernels, call, rows: $0) }
            for few in runs {
                #expect(runs[0].y.prefix(few.y.count).map(\.bitPattern) == few.y.map(\.bitPattern), "\(type)")
            }
        }
    }

    /// A NaN in one row stays there, and spoils all that comes after it in time.
    @Test(arguments: Level.all)
    func aNaNStaysInItsRow(level: Level) {
        for type in StorageType.allCases {
            let call = LSTMCall(length: 3, inputs: 5, hidden: 19, type: type, packedWeights: true)
            let run = LSTMRun(level.kernels, call, rows: 3, poisoned: 5 * (3 + 1))
            let nan = (0..<9).map { token in (0..<19).map { run.y[token * 19 + $0].isNaN } }
            for token in 0..<9 { #expect(nan[token].allSatisfy { $0 == (token == 4 || token == 5) }, "\(type), token \(token)") }
            #expect(run.inputWeightGradient.contains { $0.isNaN })
        }
    }
}

struct LargeLSTM: CustomTestStringConvertible, Sendable {
    let rows, length, inputs, hidden: Int
    var testDescription: String { "\(rows)×\(length)×\(inputs)→\(hidden)" }

    static let all = [
        LargeLSTM(rows: 5, length: 70, inputs: 20, hidden: 40), LargeLSTM(rows: 33, length: 17, inputs: 70, hidden: 150),
        LargeLSTM(rows: 13, length: 41, inputs: 500, hidden: 40), LargeLSTM(rows: 12, length: 3, inputs: 300, hidden: 300),
        LargeLSTM(rows: 21, length: 3, inputs: 300, hidden: 300), LargeLSTM(rows: 32, length: 20, inputs: 64, hidden: 64),
        LargeLSTM(rows: 260, length: 3, inputs: 9, hidden: 17),
    ]

    func call(_ type: StorageType, packed: Bool) -> LSTMCall {
        LSTMCall(length: length, inputs: inputs, hidden: hidden, type: type, packedWeights: packed)
    }
}

/// One layer forward and backward on numbers that depend only on the sizes.
private struct LSTMRun {
    private(set) var y: [Float] = []
    private(set) var dx: [Float] = []
    private(set) var inputWeightGradient: [Float] = []
    private(set) var hiddenWeightGradient: [Float] = []
    private(set) var biasGradients: [Float] = []
    private let halves: Bool

    init<K: KernelSet>(_ kernels: K, _ call: LSTMCall, rows: Int, poisoned: Int? = nil) where K.Scalar == Float {
        let (tokens, gates, type) = (rows * call.length, 4 * call.hidden, call.type)
        halves = type == .bfloat16
        var values = TestNumbers(91).uniform(tokens * call.inputs)
        if let poisoned { values[poisoned] = .nan }
        let x = Held(values, type)
        // Sums of more than forty terms are no larger than those of forty: beyond, a recurrence may enlarge what is rounded at each step.
        func weights(_ seed: UInt64, _ width: Int, _ size: Float) -> Held {
            let size = size * min(1, (40 / Float(width)).squareRoot())
            return Held(TestNumbers(seed).uniform(width * gates).map { $0 * size }, .scalar)
        }
        let (wx, wh) = (weights(92, call.inputs, 0.5), weights(93, call.hidden, 0.3))
        let (bx, bh) = (Held(TestNumbers(94).uniform(gates), .scalar), Held(TestNumbers(95).uniform(gates), .scalar))
        let (y, saved) = (Held(count: tokens * call.hidden, type), Held(count: 5 * tokens * call.hidden, type))
        let dy = Held(TestNumbers(96).uniform(tokens * call.hidden), type)
        let dx = Held(count: tokens * call.inputs, type)
        let (dwx, dwh) = (Held(count: call.inputs * gates, .scalar), Held(count: call.hidden * gates, .scalar))
        let (dbx, dbh) = (Held(count: gates, .scalar), Held(count: gates, .scalar))
        let bytes = kernels.lstmWorkspace(call, rows: rows, type)
        let memory = Bytes((bytes + 63) / 64 * 64)
        let scratch = Scratch(base: memory.base, bytes: bytes)
        var packed: [Bytes] = []
        func operand(_ w: Held, _ width: Int, transposed: Bool) -> WeightOperand<Float> {
            guard call.packedWeights else { return WeightOperand(base: w.destination.base, count: width * gates, isPacked: false) }
            let packing = WeightPacking(
                k: transposed ? gates : width, n: transposed ? width : gates, transposed: transposed, type: type)
            let size = kernels.packedBytes(packing)
            let memory = Bytes((size + 63) / 64 * 64)
            packed.append(memory)
            kernels.pack(packing, weights: w.destination.operand, into: Scratch(base: memory.base, bytes: size))
            return WeightOperand(base: memory.base, count: size, isPacked: true)
        }
        kernels.lstm(
            call, rows: rows, x.destination.operand, inputWeights: operand(wx, call.inputs, transposed: false),
            hiddenWeights: operand(wh, call.hidden, transposed: false), inputBias: bx.destination.operand,
            hiddenBias: bh.destination.operand, into: y.destination, saved: saved.destination, workspace: scratch)
        kernels.lstmGradient(
            call, rows: rows, x.destination.operand, inputWeights: operand(wx, call.inputs, transposed: true),
            hiddenWeights: operand(wh, call.hidden, transposed: true), output: y.destination.operand, saved: saved.destination.operand,
            outputGradient: dy.destination.operand, into: dx.destination, inputWeightGradient: dwx.destination,
            hiddenWeightGradient: dwh.destination, inputBiasGradient: dbx.destination, hiddenBiasGradient: dbh.destination,
            workspace: scratch)
        withExtendedLifetime((packed, bx, bh, memory)) {
            self.y = y.values
            self.dx = dx.values
            inputWeightGradient = dwx.values
            hiddenWeightGradient = dwh.values
            biasGradients = dbx.values + dbh.values
        }
    }

    /// In fp32 the rounding of short chains; in bf16 a few roundings of what is stored, relative to the largest element.
    func difference(from expected: LSTMRun) -> String? {
        let pairs = [
            ("y", y, expected.y), ("dx", dx, expected.dx), ("dwx", inputWeightGradient, expected.inputWeightGradient),
            ("dwh", hiddenWeightGradient, expected.hiddenWeightGradient), ("bias", biasGradients, expected.biasGradients),
        ]
        for (name, actual, wanted) in pairs {
            let largest = Double(wanted.map(\.magnitude).max() ?? 0)
            let bound = halves ? largest * 0.02 + 2e-3 : largest * 2e-5 + 1e-6
            if let wrong = mismatch(actual, wanted.map(Double.init), within: bound) { return "\(name)\(wrong)" }
        }
        return nil
    }
}

/// Elements of a type before an unreadable page.
private final class Held {
    private let floats: GuardedMemory<Float>
    private let halves: GuardedMemory<UInt16>
    let destination: Destination<Float>

    init(_ values: [Float], _ type: StorageType) {
        floats = GuardedMemory(capacity: type == .scalar ? values.count : 1)
        halves = GuardedMemory(capacity: type == .scalar ? 1 : values.count)
        let base =
            type == .scalar
            ? UnsafeMutableRawPointer(floats.hold(values).baseAddress)
            : UnsafeMutableRawPointer(halves.hold(values.map(BFloat16Bits.rounding)).baseAddress)
        destination = Destination(base: base, count: values.count, type: type)
    }

    convenience init(count: Int, _ type: StorageType) { self.init([Float](repeating: .nan, count: count), type) }

    var values: [Float] { (0..<destination.count).map { destination[$0] } }
}

/// Scratch before an unreadable page, full of NaN.
private final class Bytes {
    private let memory: GuardedMemory<UInt8>
    let base: UnsafeMutableRawPointer?

    init(_ count: Int) {
        memory = GuardedMemory(capacity: max(count, 1))
        base = UnsafeMutableRawPointer(memory.hold([UInt8](repeating: 0xFF, count: count)).baseAddress)
    }
}
