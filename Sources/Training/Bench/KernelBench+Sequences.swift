import Graphs
import Kernels

extension KernelBench {
    /// Attention at the workloads' shapes, with and without dropout, and at powers of two: as many positions in all, in longer sequences.
    func attentions() -> [Case] {
        let workloads = [(8, 256, 6), (4, 256, 12)]
        let powers = [(32, 64, 8), (16, 128, 8), (8, 256, 8), (4, 512, 8), (2, 1024, 8)]
        let shapes = (workloads + powers).map { ($0, 0.0) } + workloads.map { ($0, 0.1) }
        return StorageType.allCases.flatMap { type in
            shapes.flatMap { shape, dropout in
                [false, true].map { backward in
                    let call = AttentionCall(
                        length: shape.1, heads: shape.2, size: 64, causal: true, dropout: dropout, layerKey: dropout > 0 ? 1 : 0)
                    return attention(call, rows: shape.0, backward: backward, type)
                }
            }
        }
    }

    private func attention(_ call: AttentionCall, rows: Int, backward: Bool, _ type: StorageType) -> Case {
        Case(
            kernel: (backward ? "attention gradient" : "attention") + (call.dropout > 0 ? ", dropout" : ""),
            shape: "\(rows) × \(call.length) positions, \(call.heads) heads of \(call.size), causal", type: type,
            flops: rows * call.flops(products: backward ? 5 : 2)
        ) { [kernels] memory in
            let count = rows * call.length * call.width
            let (qkv, y) = (memory.operand(3 * count, type), memory.result(count, type))
            let statistics = memory.result(rows * call.heads * call.length)
            let workspace = memory.scratch(kernels.attentionWorkspace(call, type))
            let keys = (0..<rows).map { UInt64($0) }
            let forward = {
                kernels.attention(call, rows: rows, qkv, rowKeys: keys.span, into: y, statistics: statistics, workspace: workspace)
            }
            guard backward else { return forward }
            // Backward divides by what forward found.
            forward()
            let (dy, dqkv) = (memory.operand(count, type), memory.result(3 * count, type))
            return {
                kernels.attentionGradient(
                    call, rows: rows, qkv, rowKeys: keys.span, output: y.operand, statistics: statistics.operand, outputGradient: dy,
                    into: dqkv, workspace: workspace)
            }
        }
    }

    /// LSTM at the workload's shape, at a width that is no multiple of anything, and at powers of two.
    func lstms() -> [Case] {
        StorageType.allCases.flatMap { type in
            [(256, 64, 256), (130, 100, 100), (64, 64, 64), (128, 64, 128), (512, 64, 512)].flatMap { inputs, length, hidden in
                [false, true].map { backward in
                    lstm(
                        LSTMCall(length: length, inputs: inputs, hidden: hidden, type: type, packedWeights: true), rows: 32,
                        backward: backward)
                }
            }
        }
    }

    private func lstm(_ call: LSTMCall, rows: Int, backward: Bool) -> Case {
        Case(
            kernel: backward ? "lstm gradient" : "lstm", shape: "\(rows) × \(call.length) positions, \(call.inputs) → \(call.hidden)",
            type: call.type, flops: rows * call.flops * (backward ? 2 : 1)
        ) { [kernels] memory in
            let (tokens, gates, type) = (rows * call.length, 4 * call.hidden, call.type)
            let (x, y) = (memory.operand(tokens * call.inputs, type), memory.result(tokens * call.hidden, type))
            let saved = memory.result(tokens * 5 * call.hidden, type)
            let bias = memory.operand(gates)
            func weights(_ width: Int, transposed: Bool) -> WeightOperand<Float> {
                let (k, n) = transposed ? (gates, width) : (width, gates)
                let packing = WeightPacking(k: k, n: n, transposed: transposed, type: type)
                let counted = backward == transposed ? width * gates : 0
                return memory.weights(width * gates, type, moved: counted, packedBytes: kernels.packedBytes(packing)) { plain, packed in
                    kernels.pack(packing, weights: plain, into: packed)
                }
            }
            let workspace = memory.scratch(kernels.lstmWorkspace(call, rows: rows, type))
            let (wx, wh) = (weights(call.inputs, transposed: false), weights(call.hidden, transposed: false))
            let forward = {
                kernels.lstm(
                    call, rows: rows, x, inputWeights: wx, hiddenWeights: wh, inputBias: bias, hiddenBias: bias, into: y, saved: saved,
                    workspace: workspace)
            }
            guard backward else { return forward }
            // Backward reads the gates that forward saved.
            forward()
            let (wxt, wht) = (weights(call.inputs, transposed: true), weights(call.hidden, transposed: true))
            let (dwx, dwh) = (memory.result(call.inputs * gates), memory.result(call.hidden * gates))
            let (dbx, dbh) = (memory.result(gates), memory.result(gates))
            let (dy, dx) = (memory.operand(tokens * call.hidden, type), memory.result(tokens * call.inputs, type))
            return {
                kernels.lstmGradient(
                    call, rows: rows, x, inputWeights: wxt, hiddenWeights: wht, output: y.operand, saved: saved.operand,
                    outputGradient: dy, into: dx, inputWeightGradient: dwx, hiddenWeightGradient: dwh, inputBiasGradient: dbx,
                    hiddenBiasGradient: dbh, workspace: workspace)
            }
        }
    }
}
