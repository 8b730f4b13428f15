import Kernels
import Testing

/// One attention with its operands in guarded memory, and what the reference makes of the same operands in double.
final class AttentionCase {
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
        qkv = type.stored(TestNumbers(seed).uniform(3 * tokens).map { $0 * 2 })
        dy = type.stored(TestNumbers(seed + 1).uniform(tokens))
    }

    struct Results {
        var y: [Float]
        var statistics: [Float]
        var dqkv: [Float]
    }

    /// The level's results; operands and results end where unreadable pages begin.
    func run(_ kernels: FloatKernels) -> Results {
        let (input, output) = (StoredValues(qkv, type), StoredValues([Float](repeating: 9, count: dy.count), type))
        let statistics = StoredValues([Float](repeating: 9, count: rows * call.heads * call.length), .scalar)
        let (gradient, result) = (StoredValues(dy, type), StoredValues([Float](repeating: 9, count: qkv.count), type))
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

private func view(_ values: inout [Double]) -> Destination<Double> {
    values.withUnsafeMutableBytes { Destination(base: $0.baseAddress, count: $0.count / 8, type: .scalar) }
}
