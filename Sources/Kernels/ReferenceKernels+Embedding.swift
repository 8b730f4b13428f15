extension ReferenceKernels {
    package func embedding(
        rows: Int, length: Int, columns: Int, vocabulary: Int, index: Span<Int32>, table: Operand<Scalar>, positions: Operand<Scalar>,
        into y: Destination<Scalar>
    ) { preconditionFailure("embedding is not written yet") }
    package func embeddingGradient(
        rows: Int, columns: Int, vocabulary: Int, index: Span<Int32>, outputGradient: Operand<Scalar>, accumulates: Bool,
        into gradient: Destination<Scalar>
    ) { preconditionFailure("embeddingGradient is not written yet") }
}
