import CKernels

extension FloatKernels {
    package func embedding(
        rows: Int, length: Int, columns: Int, vocabulary: Int, index: Span<Int32>, table entries: Operand<Float>,
        positions: Operand<Float>, into y: Destination<Float>
    ) {
        require(y.count, rows * columns, "The output of an embedding")
        require(index.count, rows, "The indices of an embedding")
        requireScalars(entries, vocabulary * columns, "The table of an embedding")
        if !positions.isEmpty { requireScalars(positions, min(length, rows) * columns, "The positions of an embedding") }
        guard let f = table?.call.embedding else {
            return reference.embedding(
                rows: rows, length: length, columns: columns, vocabulary: vocabulary, index: index, table: entries, positions: positions,
                into: y)
        }
        checkIndices(index, rows: rows, vocabulary: vocabulary)
        f(rows, length, columns, index.address, entries.floats, positions.floats, y.c)
    }

    package func embeddingGradient(
        rows: Int, columns: Int, vocabulary: Int, index: Span<Int32>, outputGradient: Operand<Float>, accumulates: Bool,
        into gradient: Destination<Float>
    ) {
        require(outputGradient.count, rows * columns, "The output gradient of an embedding")
        require(index.count, rows, "The indices of an embedding")
        requireScalars(gradient.operand, vocabulary * columns, "The gradient of an embedding")
        guard let f = table?.call.embedding_gradient else {
            return reference.embeddingGradient(
                rows: rows, columns: columns, vocabulary: vocabulary, index: index, outputGradient: outputGradient,
                accumulates: accumulates, into: gradient)
        }
        checkIndices(index, rows: rows, vocabulary: vocabulary)
        f(rows, vocabulary, columns, index.address, outputGradient.c, accumulates ? 1 : 0, gradient.floats)
    }

    package func columnSums(rows: Int, columns: Int, _ x: Operand<Float>, into sums: Destination<Float>) {
        require(x.count, rows * columns, "The input of column sums")
        requireScalars(sums.operand, columns, "The sums of columns")
        guard let f = table?.call.mixed_column_sums else { return reference.columnSums(rows: rows, columns: columns, x, into: sums) }
        f(rows, columns, x.c, sums.floats)
    }
}
