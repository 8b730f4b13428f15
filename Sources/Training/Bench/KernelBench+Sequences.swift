import Graphs
import Kernels

extension KernelBench {
    /// Attention and LSTM at the workloads' shapes and a longer one.
    func sequences() -> [Maker] {
        StorageType.allCases.flatMap { type -> [Maker] in
            let calls = [(8, 256, 6, 64), (4, 256, 12, 64), (1, 1024, 8, 64)].map { rows, length, heads, size in
                (rows, AttentionCall(length: length, heads: heads, size: size, causal: true))
            }
            return calls.flatMap { rows, call in
                [false, true].map { backward in
                    Maker(name: "attention") { [self] in attention(call, rows: rows, backward: backward, type) }
                }
            }
                + [(32, 64, 256, 256), (32, 100, 130, 100)].flatMap { rows, length, inputs, hidden in
                    [false, true].map { backward in
                        Maker(name: "lstm") { [self] in
                            lstm(LSTMCall(length: length, inputs: inputs, hidden: hidden, type: type), rows: rows, backward: backward)
                        }
                    }
                }
        }
    }

    private func attention(_ call: AttentionCall, rows: Int, backward: Bool, _ type: StorageType) -> Case {
        let kernels = kernels
        let memory = BenchMemory()
        let count = rows * call.length * call.width
        let (qkv, y) = (memory.operand(3 * count, type), memory.destination(count, type))
        let (dy, dqkv) = (memory.operand(count, type), memory.destination(3 * count, type))
        let statistics = memory.destination(rows * call.heads * call.length, .scalar)
        let workspace = memory.scratch(kernels.attentionWorkspace(call, type))
        let keys: [UInt64] = []
        kernels.attention(call, rows: rows, qkv, rowKeys: keys.span, into: y, statistics: statistics, workspace: workspace)
        return Case(
            kernel: backward ? "attention gradient" : "attention",
            shape: "\(rows) × \(call.length) positions, \(call.heads) heads of \(call.size), causal", type: type,
            flops: Double(rows * call.flops(products: backward ? 5 : 2)),
            bytes: Double(count * (type == .scalar ? 4 : 2) * (backward ? 8 : 4))
        ) {
            withExtendedLifetime(memory) {
                if backward {
                    kernels.attentionGradient(
                        call, rows: rows, qkv, rowKeys: keys.span, output: y.operand, statistics: statistics.operand, outputGradient: dy,
                        into: dqkv, workspace: workspace)
                } else {
                    kernels.attention(call, rows: rows, qkv, rowKeys: keys.span, into: y, statistics: statistics, workspace: workspace)
                }
            }
        }
    }

    private func lstm(_ bare: LSTMCall, rows: Int, backward: Bool) -> Case {
        let kernels = kernels
        var call = bare
        call.packedWeights = true
        let memory = BenchMemory()
        let (tokens, gates, type) = (rows * call.length, 4 * call.hidden, call.type)
        let (x, dy) = (memory.operand(tokens * call.inputs, type), memory.operand(tokens * call.hidden, type))
        let (y, saved) = (memory.destination(tokens * call.hidden, type), memory.destination(tokens * 5 * call.hidden, type))
        let bias = memory.operand(gates, .scalar)
        func packed(_ width: Int, transposed: Bool) -> WeightOperand<Float> {
            let packing =
                transposed
                ? WeightPacking(k: gates, n: width, transposed: true, type: type)
                : WeightPacking(k: width, n: gates, transposed: false, type: type)
            let target = memory.scratch(kernels.packedBytes(packing))
            kernels.pack(packing, weights: memory.operand(width * gates, .scalar), into: target)
            return WeightOperand(base: target.base.map { UnsafeRawPointer($0) }, count: target.bytes, isPacked: true)
        }
        let workspace = memory.scratch(kernels.lstmWorkspace(call, rows: rows, type))
        let (wx, wh) = (packed(call.inputs, transposed: false), packed(call.hidden, transposed: false))
        kernels.lstm(
            call, rows: rows, x, inputWeights: wx, hiddenWeights: wh, inputBias: bias, hiddenBias: bias, into: y, saved: saved,
            workspace: workspace)
        let shape = "\(rows) × \(call.length) positions, \(call.inputs) → \(call.hidden)"
        let elements = Double(tokens * (call.inputs + 6 * call.hidden)) * (type == .scalar ? 4 : 2)
        let fixed = call
        guard backward else {
            return Case(kernel: "lstm", shape: shape, type: type, flops: Double(rows * call.flops), bytes: elements) {
                withExtendedLifetime(memory) {
                    kernels.lstm(
                        fixed, rows: rows, x, inputWeights: wx, hiddenWeights: wh, inputBias: bias, hiddenBias: bias, into: y,
                        saved: saved, workspace: workspace)
                }
            }
        }
        let (wxt, wht) = (packed(call.inputs, transposed: true), packed(call.hidden, transposed: true))
        let (dwx, dwh) = (memory.destination(call.inputs * gates, .scalar), memory.destination(call.hidden * gates, .scalar))
        let (dbx, dbh) = (memory.destination(gates, .scalar), memory.destination(gates, .scalar))
        let dx = memory.destination(tokens * call.inputs, type)
        return Case(kernel: "lstm gradient", shape: shape, type: type, flops: Double(2 * rows * call.flops), bytes: 2 * elements) {
            withExtendedLifetime(memory) {
                kernels.lstmGradient(
                    fixed, rows: rows, x, inputWeights: wxt, hiddenWeights: wht, output: y.operand, saved: saved.operand,
                    outputGradient: dy, into: dx, inputWeightGradient: dwx, hiddenWeightGradient: dwh, inputBiasGradient: dbx,
                    hiddenBiasGradient: dbh, workspace: workspace)
            }
        }
    }
}
