/// Multi-head attention over qkv[B, T, 3, H, S], S being the size of a head: softmax(q·kᵀ·scale)·v as y[B, T, H·S].
package struct AttentionCall: Hashable, Sendable {
    package var length: Int
    package var heads: Int
    package var size: Int
    package var causal: Bool
    /// Of probabilities. Element ((head·T + query)·T + key) of the row's stream decides, as in `dropout`.
    package var dropout: Double
    package var layerKey: UInt64

    package init(length: Int, heads: Int, size: Int, causal: Bool, dropout: Double = 0, layerKey: UInt64 = 0) {
        self.length = length
        self.heads = heads
        self.size = size
        self.causal = causal
        self.dropout = dropout
        self.layerKey = layerKey
    }

    package var width: Int { heads * size }
    /// 1/√S.
    package var scale: Double { 1 / Double(size).squareRoot() }
}

/// One layer of LSTM over x[B, T, D] from zero states: gates i, f, g, o.
package struct LSTMCall: Hashable, Sendable {
    package var length: Int
    package var inputs: Int
    package var hidden: Int
    /// What is multiplied; weights are packed for it if `packedWeights`.
    package var type: StorageType
    package var packedWeights: Bool

    package init(length: Int, inputs: Int, hidden: Int, type: StorageType = .scalar, packedWeights: Bool = false) {
        self.length = length
        self.inputs = inputs
        self.hidden = hidden
        self.type = type
        self.packedWeights = packedWeights
    }
}

/// Attention and recurrence. What forward saves for backward is opaque but for its size.
package protocol SequenceKernels<Scalar>: Sendable {
    associatedtype Scalar: KernelScalar

    /// Bytes of scratch of both functions, for operands of this type.
    func attentionWorkspace(_ call: AttentionCall, _ type: StorageType) -> Int
    /// - Parameter statistics: [B, H, T] in scalars: the logarithm of each query's sum of exponentials.
    func attention(
        _ call: AttentionCall, rows: Int, _ qkv: Operand<Scalar>, rowKeys: Span<UInt64>, into y: Destination<Scalar>,
        statistics: Destination<Scalar>, workspace: Scratch)
    func attentionGradient(
        _ call: AttentionCall, rows: Int, _ qkv: Operand<Scalar>, rowKeys: Span<UInt64>, output y: Operand<Scalar>,
        statistics: Operand<Scalar>, outputGradient: Operand<Scalar>, into dqkv: Destination<Scalar>, workspace: Scratch)

    /// Bytes of scratch of both functions at this many rows, for x of this type.
    func lstmWorkspace(_ call: LSTMCall, rows: Int, _ type: StorageType) -> Int
    /// y[B, T, H]; saved, 5·B·T·H elements: the gates after their functions, and the cell, in an order of the level's own. Weights [D, 4H]
    /// and [H, 4H], biases [4H].
    func lstm(
        _ call: LSTMCall, rows: Int, _ x: Operand<Scalar>, inputWeights: WeightOperand<Scalar>, hiddenWeights: WeightOperand<Scalar>,
        inputBias: Operand<Scalar>, hiddenBias: Operand<Scalar>, into y: Destination<Scalar>, saved: Destination<Scalar>,
        workspace: Scratch)
    /// Packed weights are those of dgates·Wᵀ: `WeightPacking(k: 4H, n: D or H, transposed: true)` of the stored [D or H, 4H].
    /// - Parameter dx: may be absent.
    func lstmGradient(
        _ call: LSTMCall, rows: Int, _ x: Operand<Scalar>, inputWeights: WeightOperand<Scalar>, hiddenWeights: WeightOperand<Scalar>,
        output y: Operand<Scalar>, saved: Operand<Scalar>, outputGradient: Operand<Scalar>, into dx: Destination<Scalar>,
        inputWeightGradient: Destination<Scalar>, hiddenWeightGradient: Destination<Scalar>, inputBiasGradient: Destination<Scalar>,
        hiddenBiasGradient: Destination<Scalar>, workspace: Scratch)
}
