/// The recurrence, one batch row after another. In bf16 the factors of every product (x, weights, the hidden state, the gradients of the
/// gates) are rounded to bf16; sums, gates, and the cell from one step to the next are scalars.
extension ReferenceKernels {
    /// The running cell and sums of one step forward; the gradients of all gates of one row backward.
    package func lstmWorkspace(_ call: LSTMCall, rows: Int, _ type: StorageType) -> Int {
        ((call.length + 1) * 4 * call.hidden + 2 * call.hidden) * MemoryLayout<Scalar>.stride
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func lstm(
        _ call: LSTMCall, rows: Int, _ x: Operand<Scalar>, inputWeights: WeightOperand<Scalar>, hiddenWeights: WeightOperand<Scalar>,
        inputBias: Operand<Scalar>, hiddenBias: Operand<Scalar>, into y: Destination<Scalar>, saved: Destination<Scalar>, workspace: Scratch
    ) {
        let (length, inputs, hidden) = (call.length, call.inputs, call.hidden)
        let wx = LSTMWeights(inputWeights, rows: inputs, call, transposed: false)
        let wh = LSTMWeights(hiddenWeights, rows: hidden, call, transposed: false)
        let scratch = Destination<Scalar>(base: workspace.base, count: 5 * hidden, type: .scalar)
        for row in 0..<rows {
            for j in 0..<hidden { scratch[4 * hidden + j] = 0 }
            for t in 0..<length {
                let token = row * length + t
                for j in 0..<4 * hidden {
                    var sum = inputBias[j] + hiddenBias[j]
                    for p in 0..<inputs { sum += call.factor(x[token * inputs + p]) * wx[p, j] }
                    if t > 0 {
                        for p in 0..<hidden { sum += call.factor(y.operand[(token - 1) * hidden + p]) * wh[p, j] }
                    }
                    scratch[j] = sum
                }
                for j in 0..<hidden {
                    let i = ActivationMath.sigmoid(scratch[j])
                    let f = ActivationMath.sigmoid(scratch[hidden + j])
                    let g = Scalar.tanh(scratch[2 * hidden + j])
                    let o = ActivationMath.sigmoid(scratch[3 * hidden + j])
                    let cell = f * scratch[4 * hidden + j] + i * g
                    scratch[4 * hidden + j] = cell
                    let at = token * 5 * hidden + j
                    saved[at] = i
                    saved[at + hidden] = f
                    saved[at + 2 * hidden] = g
                    saved[at + 3 * hidden] = o
                    saved[at + 4 * hidden] = cell
                    y[token * hidden + j] = o * Scalar.tanh(cell)
                }
            }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func lstmGradient(
        _ call: LSTMCall, rows: Int, _ x: Operand<Scalar>, inputWeights: WeightOperand<Scalar>, hiddenWeights: WeightOperand<Scalar>,
        output y: Operand<Scalar>, saved: Operand<Scalar>, outputGradient: Operand<Scalar>, into dx: Destination<Scalar>,
        inputWeightGradient: Destination<Scalar>, hiddenWeightGradient: Destination<Scalar>, inputBiasGradient: Destination<Scalar>,
        hiddenBiasGradient: Destination<Scalar>, workspace: Scratch
    ) {
        let (length, inputs, hidden) = (call.length, call.inputs, call.hidden)
        let gates = 4 * hidden
        let wx = LSTMWeights(inputWeights, rows: inputs, call, transposed: true)
        let wh = LSTMWeights(hiddenWeights, rows: hidden, call, transposed: true)
        let dgates = Destination<Scalar>(base: workspace.base, count: length * gates, type: .scalar)
        let dcells = Destination<Scalar>(
            base: workspace.base.map { $0 + length * gates * MemoryLayout<Scalar>.stride }, count: hidden, type: .scalar)
        for i in 0..<inputs * gates { inputWeightGradient[i] = 0 }
        for i in 0..<hidden * gates { hiddenWeightGradient[i] = 0 }
        for j in 0..<gates { inputBiasGradient[j] = 0 }
        for row in 0..<rows {
            for j in 0..<hidden { dcells[j] = 0 }
            for t in (0..<length).reversed() {
                let token = row * length + t
                for j in 0..<hidden {
                    var dh = outputGradient[token * hidden + j]
                    if t + 1 < length {
                        for q in 0..<gates { dh += call.factor(dgates.operand[(t + 1) * gates + q]) * wh[j, q] }
                    }
                    let at = token * 5 * hidden + j
                    let (i, f, g, o) = (saved[at], saved[at + hidden], saved[at + 2 * hidden], saved[at + 3 * hidden])
                    let bent = Scalar.tanh(saved[at + 4 * hidden])
                    let before = t > 0 ? saved[at - hidden] : 0
                    let dcell = dcells[j] + dh * o * (1 - bent * bent)
                    dgates[t * gates + j] = dcell * g * (i * (1 - i))
                    dgates[t * gates + hidden + j] = dcell * before * (f * (1 - f))
                    dgates[t * gates + 2 * hidden + j] = dcell * i * (1 - g * g)
                    dgates[t * gates + 3 * hidden + j] = dh * bent * (o * (1 - o))
                    dcells[j] = dcell * f
                }
            }
            for t in 0..<length {
                let token = row * length + t
                for q in 0..<gates {
                    inputBiasGradient[q] += dgates.operand[t * gates + q]
                    let dgate = call.factor(dgates.operand[t * gates + q])
                    for p in 0..<inputs { inputWeightGradient[p * gates + q] += call.factor(x[token * inputs + p]) * dgate }
                    if t > 0 {
                        for p in 0..<hidden { hiddenWeightGradient[p * gates + q] += call.factor(y[(token - 1) * hidden + p]) * dgate }
                    }
                }
                if dx.isEmpty { continue }
                for p in 0..<inputs {
                    var sum: Scalar = 0
                    for q in 0..<gates { sum += call.factor(dgates.operand[t * gates + q]) * wx[p, q] }
                    dx[token * inputs + p] = sum
                }
            }
        }
        for j in 0..<gates { hiddenBiasGradient[j] = inputBiasGradient.operand[j] }
    }
}

extension LSTMCall {
    /// A number as the products see it.
    @inline(__always)
    func factor<Scalar: KernelScalar>(_ value: Scalar) -> Scalar {
        type == .scalar ? value : Scalar(BFloat16Bits.float(BFloat16Bits.rounding(Float(value))))
    }
}

/// Weights [rows, 4H] in whichever form they come: as stored, or as the b of a product, of which the gradient's is the transposed matrix.
private struct LSTMWeights<Scalar: KernelScalar> {
    private let elements: Operand<Scalar>
    private let rowStep, columnStep: Int
    private let rounds: Bool

    init(_ weights: WeightOperand<Scalar>, rows: Int, _ call: LSTMCall, transposed: Bool) {
        let columns = 4 * call.hidden
        // The reference packs into scalars that have been rounded.
        elements = weights.isPacked ? Operand(base: weights.base, count: rows * columns, type: .scalar) : weights.plain
        (rowStep, columnStep) = weights.isPacked && transposed ? (1, rows) : (columns, 1)
        rounds = call.type == .bfloat16 && !weights.isPacked
    }

    @inline(__always)
    subscript(row: Int, column: Int) -> Scalar {
        let value = elements[row * rowStep + column * columnStep]
        return rounds ? Scalar(BFloat16Bits.float(BFloat16Bits.rounding(Float(value)))) : value
    }
}
