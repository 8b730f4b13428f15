extension ReferenceKernels {
    package func layerNorm(
        rows: Int, columns: Int, epsilon: Double, _ x: Operand<Scalar>, gain: Operand<Scalar>, shift: Operand<Scalar>,
        into y: Destination<Scalar>, mean: Destination<Scalar>, inverse: Destination<Scalar>
    ) { preconditionFailure("layerNorm is not written yet") }
    package func layerNormGradient(
        rows: Int, columns: Int, _ x: Operand<Scalar>, gain: Operand<Scalar>, mean: Operand<Scalar>, inverse: Operand<Scalar>,
        outputGradient: Operand<Scalar>, residual: Operand<Scalar>, into dx: Destination<Scalar>, gainGradient: Destination<Scalar>,
        shiftGradient: Destination<Scalar>
    ) { preconditionFailure("layerNormGradient is not written yet") }
    package func batchNormStatistics(
        rows: Int, columns: Int, epsilon: Double, _ x: Operand<Scalar>, mean: Destination<Scalar>, inverse: Destination<Scalar>
    ) { preconditionFailure("batchNormStatistics is not written yet") }
    package func batchNorm(
        rows: Int, columns: Int, _ x: Operand<Scalar>, mean: Operand<Scalar>, inverse: Operand<Scalar>, gain: Operand<Scalar>,
        shift: Operand<Scalar>, residual: Operand<Scalar>, activation: Activation, into y: Destination<Scalar>
    ) { preconditionFailure("batchNorm is not written yet") }
    package func batchNormGradient(
        rows: Int, columns: Int, _ x: Operand<Scalar>, mean: Operand<Scalar>, inverse: Operand<Scalar>, gain: Operand<Scalar>,
        activation: Activation, output y: Operand<Scalar>, outputGradient: Operand<Scalar>, into dx: Destination<Scalar>,
        gainGradient: Destination<Scalar>, shiftGradient: Destination<Scalar>, residualGradient: Destination<Scalar>
    ) { preconditionFailure("batchNormGradient is not written yet") }
}
