import Kernels
import TensorCore

extension Graph {
    /// Rows of a table: [T, D] from tokens [T] and a table [V, D], plus the first T rows of `positions`, which may have more.
    package mutating func addEmbedding(_ tokens: ValueID, table: ValueID, positions: ValueID?) -> ValueID {
        let (index, rows) = (self[tokens], self[table])
        precondition(
            index.element == .label && rows.extent == .fixed && rows.shape.rank == 2,
            "embedding: indices and a table [V, D] are needed, got \(index.shape) and \(rows.shape)")
        let shape = Shape(index.shape.dimensions + [rows.columns])
        if let positions {
            precondition(
                self[positions].extent == .fixed && self[positions].columns == rows.columns
                    && self[positions].lead >= index.shape.elementCount,
                "embedding: positions of shape \(self[positions].shape) do not fit \(shape)")
        }
        return append(.embedding, [tokens, table] + (positions.map { [$0] } ?? []), shape, .rows)
    }

    /// Multi-head attention over the packed projections q, k, v: [T, D] from [T, 3D].
    ///
    /// - Precondition: `heads` divides D; 0 ≤ dropout < 1.
    package mutating func addAttention(
        _ qkv: ValueID, heads: Int, causal: Bool, dropout: Double = 0, layerKey: UInt64 = 0
    ) -> ValueID {
        let x = self[qkv]
        precondition(
            x.extent == .rows && x.shape.rank == 2 && heads > 0 && x.columns % (3 * heads) == 0,
            "attention: \(x.shape) does not hold three projections for \(heads) heads")
        precondition(dropout >= 0 && dropout < 1, "attention: dropout has to be at least 0 and below 1, got \(dropout)")
        let call = AttentionCall(
            length: x.lead, heads: heads, size: x.columns / (3 * heads), causal: causal, dropout: dropout, layerKey: layerKey)
        let keys = dropout > 0 ? [addRowKeys()] : []
        return append(
            .attention(call), [qkv] + keys,
            [
                Value(shape: Shape([call.length, call.width]), extent: .rows),
                Value(shape: Shape([call.heads, call.length]), extent: .rows),
            ])[0]
    }

    /// One layer of LSTM from zero states: [T, H] from [T, D]. Weights [D, 4H] and [H, 4H], biases [4H], gates i, f, g, o.
    package mutating func addLSTM(
        _ x: ValueID, inputWeights: ValueID, hiddenWeights: ValueID, inputBias: ValueID, hiddenBias: ValueID
    ) -> ValueID {
        let hidden = self[hiddenWeights].lead
        let call = LSTMCall(length: self[x].lead, inputs: self[x].columns, hidden: hidden)
        precondition(
            self[x].extent == .rows && self[x].shape.rank == 2 && self[inputWeights].shape == Shape([call.inputs, 4 * hidden])
                && self[hiddenWeights].shape == Shape([hidden, 4 * hidden]) && self[inputBias].shape == Shape([4 * hidden])
                && self[hiddenBias].shape == Shape([4 * hidden]),
            "lstm: \(self[x].shape) with weights \(self[inputWeights].shape) and \(self[hiddenWeights].shape) do not fit")
        return append(
            .lstm(call), [x, inputWeights, hiddenWeights, inputBias, hiddenBias],
            [
                Value(shape: Shape([call.length, hidden]), extent: .rows), Value(shape: Shape([call.length, 5 * hidden]), extent: .rows),
            ])[0]
    }
}
