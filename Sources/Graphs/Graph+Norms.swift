import TensorCore

extension Graph {
    /// (x − mean)/√(variance + ε)·gain + shift over the last extent.
    package mutating func addLayerNorm(_ x: ValueID, gain: ValueID, shift: ValueID, epsilon: Double) -> ValueID {
        let value = self[x]
        checkColumns(x, [gain, shift], "layer normalisation")
        let statistic = Value(shape: Shape([value.lead]), extent: .rows)
        return append(.layerNorm(epsilon: epsilon), [x, gain, shift], [Value(shape: value.shape, extent: .rows), statistic, statistic])[0]
    }

    /// (x − mean)/√(variance + ε)·gain + shift over the batch and all extents but the last: in training with the statistics of the batch
    /// (one virtual shard), in inference with the running ones.
    ///
    /// - Parameters:
    ///   - mean: the buffer of running means.
    ///   - variance: the buffer of running (unbiased) variances.
    package mutating func addBatchNorm(
        _ x: ValueID, gain: ValueID, shift: ValueID, mean: ValueID, variance: ValueID, epsilon: Double, momentum: Double
    ) -> ValueID {
        checkColumns(x, [gain, shift, mean, variance], "batch normalisation")
        return append(
            .batchNorm(BatchNorm(epsilon: epsilon, momentum: momentum)), [x, gain, shift, mean, variance], self[x].shape, .rows)
    }

    private func checkColumns(_ x: ValueID, _ vectors: [ValueID], _ what: String) {
        precondition(self[x].extent == .rows, "\(what): a value per row is needed")
        for vector in vectors {
            precondition(
                self[vector].extent == .fixed && self[vector].shape == Shape([self[x].columns]),
                "\(what): a vector of shape \(self[vector].shape) does not fit \(self[x].shape)")
        }
    }
}
