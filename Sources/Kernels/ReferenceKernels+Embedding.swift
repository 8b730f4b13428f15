extension ReferenceKernels {
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func embedding(
        rows: Int, length: Int, columns: Int, vocabulary: Int, index: Span<Int32>, table: Operand<Scalar>, positions: Operand<Scalar>,
        into y: Destination<Scalar>
    ) {
        checkIndices(index, rows: rows, vocabulary: vocabulary)
        for r in 0..<rows {
            let entry = Int(index[r]) * columns
            let place = positions.isEmpty ? 0 : r % length * columns
            for c in 0..<columns {
                y[r * columns + c] = positions.isEmpty ? table[entry + c] : table[entry + c] + positions[place + c]
            }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func embeddingGradient(
        rows: Int, columns: Int, vocabulary: Int, index: Span<Int32>, outputGradient: Operand<Scalar>, accumulates: Bool,
        into gradient: Destination<Scalar>
    ) {
        checkIndices(index, rows: rows, vocabulary: vocabulary)
        if !accumulates { for i in 0..<vocabulary * columns { gradient[i] = 0 } }
        for r in 0..<rows {
            for c in 0..<columns { gradient[Int(index[r]) * columns + c] += outputGradient[r * columns + c] }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func columnSums(rows: Int, columns: Int, _ x: Operand<Scalar>, into sums: Destination<Scalar>) {
        for c in 0..<columns {
            var sum: Scalar = 0
            for r in 0..<rows { sum += x[r * columns + c] }
            sums[c] = sum
        }
    }
}

func checkIndices(_ index: Span<Int32>, rows: Int, vocabulary: Int) {
    for r in 0..<rows {
        precondition(
            index[r] >= 0 && Int(index[r]) < vocabulary, "Index \(index[r]) of row \(r) is outside the vocabulary, 0..<\(vocabulary)")
    }
}
