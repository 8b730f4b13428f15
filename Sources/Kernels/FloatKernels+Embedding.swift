extension FloatKernels {
    package func embedding(
        rows: Int, length: Int, columns: Int, vocabulary: Int, index: Span<Int32>, table: Operand<Float>, positions: Operand<Float>,
        into y: Destination<Float>
    ) {
        reference.embedding(
            rows: rows, length: length, columns: columns, vocabulary: vocabulary, index: index, table: table, positions: positions, into: y)
    }
    package func embeddingGradient(
        rows: Int, columns: Int, vocabulary: Int, index: Span<Int32>, outputGradient: Operand<Float>, accumulates: Bool,
        into gradient: Destination<Float>
    ) {
        reference.embeddingGradient(
            rows: rows, columns: columns, vocabulary: vocabulary, index: index, outputGradient: outputGradient, accumulates: accumulates,
            into: gradient)
    }
}
