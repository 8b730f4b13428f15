import Kernels

/// One layer forward and backward on numbers that depend only on the sizes.
struct LSTMRun {
    enum Input { case x, inputWeights, hiddenWeights, inputBias, hiddenBias, outputGradient }

    private(set) var y: [Float] = []
    private(set) var dx: [Float] = []
    private(set) var inputWeightGradient: [Float] = []
    private(set) var hiddenWeightGradient: [Float] = []
    private(set) var biasGradients: [Float] = []
    private let halves: Bool

    init<K: KernelSet>(_ kernels: K, _ call: LSTMCall, rows: Int, replacing: [Input: [Float]] = [:]) where K.Scalar == Float {
        let (tokens, gates, type) = (rows * call.length, 4 * call.hidden, call.type)
        halves = type == .bfloat16
        func held(_ input: Input, _ values: [Float], _ type: StorageType = .scalar) -> StoredValues<Float> {
            StoredValues(replacing[input] ?? values, type)
        }
        let x = held(.x, TestNumbers(91).uniform(tokens * call.inputs), type)
        // Sums of more than forty terms are no larger than those of forty: beyond, a recurrence may enlarge what is rounded at each step.
        func weights(_ input: Input, _ seed: UInt64, _ width: Int, _ size: Float) -> StoredValues<Float> {
            let size = size * min(1, (40 / Float(width)).squareRoot())
            return held(input, TestNumbers(seed).uniform(width * gates).map { $0 * size })
        }
        let (wx, wh) = (weights(.inputWeights, 92, call.inputs, 0.5), weights(.hiddenWeights, 93, call.hidden, 0.3))
        let (bx, bh) = (held(.inputBias, TestNumbers(94).uniform(gates)), held(.hiddenBias, TestNumbers(95).uniform(gates)))
        let (y, saved) = (
            StoredValues<Float>(results: tokens * call.hidden, type), StoredValues<Float>(results: 5 * tokens * call.hidden, type)
        )
        let dy = held(.outputGradient, TestNumbers(96).uniform(tokens * call.hidden), type)
        let dx = StoredValues<Float>(results: tokens * call.inputs, type)
        let (dwx, dwh) = (StoredValues<Float>(results: call.inputs * gates), StoredValues<Float>(results: call.hidden * gates))
        let (dbx, dbh) = (StoredValues<Float>(results: gates), StoredValues<Float>(results: gates))
        let bytes = kernels.lstmWorkspace(call, rows: rows, type)
        let memory = Bytes((bytes + 63) / 64 * 64)
        let scratch = Scratch(base: memory.base, bytes: bytes)
        var packed: [Bytes] = []
        func operand(_ w: StoredValues<Float>, _ width: Int, transposed: Bool) -> WeightOperand<Float> {
            guard call.packedWeights else { return WeightOperand(base: w.destination.base, count: width * gates, isPacked: false) }
            let packing = WeightPacking(
                k: transposed ? gates : width, n: transposed ? width : gates, transposed: transposed, type: type)
            let size = kernels.packedBytes(packing)
            let memory = Bytes((size + 63) / 64 * 64)
            packed.append(memory)
            kernels.pack(packing, weights: w.operand, into: Scratch(base: memory.base, bytes: size))
            return WeightOperand(base: memory.base, count: size, isPacked: true)
        }
        kernels.lstm(
            call, rows: rows, x.operand, inputWeights: operand(wx, call.inputs, transposed: false),
            hiddenWeights: operand(wh, call.hidden, transposed: false), inputBias: bx.operand,
            hiddenBias: bh.operand, into: y.destination, saved: saved.destination, workspace: scratch)
        kernels.lstmGradient(
            call, rows: rows, x.operand, inputWeights: operand(wx, call.inputs, transposed: true),
            hiddenWeights: operand(wh, call.hidden, transposed: true), output: y.operand, saved: saved.operand,
            outputGradient: dy.operand, into: dx.destination, inputWeightGradient: dwx.destination,
            hiddenWeightGradient: dwh.destination, inputBiasGradient: dbx.destination, hiddenBiasGradient: dbh.destination,
            workspace: scratch)
        withExtendedLifetime((packed, wx, wh, bx, bh, memory)) {
            self.y = y.values
            self.dx = dx.values
            inputWeightGradient = dwx.values
            hiddenWeightGradient = dwh.values
            biasGradients = dbx.values + dbh.values
        }
    }

    var all: [(name: String, values: [Float])] {
        [
            ("y", y), ("dx", dx), ("dwx", inputWeightGradient), ("dwh", hiddenWeightGradient), ("bias", biasGradients),
        ]
    }

    /// In fp32 the rounding of short chains; in bf16 a few roundings of what is stored, relative to the largest element.
    func difference(from expected: LSTMRun) -> String? {
        for ((name, actual), (_, wanted)) in zip(all, expected.all) {
            let largest = Double(wanted.map(\.magnitude).max() ?? 0)
            let bound = halves ? largest * 0.02 + 2e-3 : largest * 2e-5 + 1e-6
            if let wrong = mismatch(actual, wanted.map(Double.init), within: bound) { return "\(name)\(wrong)" }
        }
        return nil
    }
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
