/// Layer and batch normalisation. Statistics are computed and stored in scalars whatever the storage of x; variances are biased.
package protocol NormalisationKernels<Scalar>: Sendable {
    associatedtype Scalar: KernelScalar

    /// y = (x − mean)·inverse·gain + shift for each of `rows` rows of `columns`; mean and inverse (1/√(variance + ε)) are [rows].
    func layerNorm(
        rows: Int, columns: Int, epsilon: Double, _ x: Operand<Scalar>, gain: Operand<Scalar>, shift: Operand<Scalar>,
        into y: Destination<Scalar>, mean: Destination<Scalar>, inverse: Destination<Scalar>)
    /// dx, plus `residual` unless that is absent; gradients of gain and shift in scalars.
    func layerNormGradient(
        rows: Int, columns: Int, _ x: Operand<Scalar>, gain: Operand<Scalar>, mean: Operand<Scalar>, inverse: Operand<Scalar>,
        outputGradient: Operand<Scalar>, residual: Operand<Scalar>, into dx: Destination<Scalar>, gainGradient: Destination<Scalar>,
        shiftGradient: Destination<Scalar>)

    /// Mean and 1/√(variance + ε) of each column over the rows: [columns] each. With 0 rows: 0 and 0.
    func batchNormStatistics(
        rows: Int, columns: Int, epsilon: Double, _ x: Operand<Scalar>, mean: Destination<Scalar>, inverse: Destination<Scalar>)
    /// y = f((x − mean)·inverse·gain + shift + residual); the residual may be absent.
    func batchNorm(
        rows: Int, columns: Int, _ x: Operand<Scalar>, mean: Operand<Scalar>, inverse: Operand<Scalar>, gain: Operand<Scalar>,
        shift: Operand<Scalar>, residual: Operand<Scalar>, activation: Activation, into y: Destination<Scalar>)
    /// Through the batch statistics: dx, the gradients of gain and shift, and of the residual unless absent.
    /// - Parameters:
    ///   - activation: identity or relu.
    ///   - y: gates dy if the activation is relu, else absent.
    func batchNormGradient(
        rows: Int, columns: Int, _ x: Operand<Scalar>, mean: Operand<Scalar>, inverse: Operand<Scalar>, gain: Operand<Scalar>,
        activation: Activation, output y: Operand<Scalar>, outputGradient: Operand<Scalar>, into dx: Destination<Scalar>,
        gainGradient: Destination<Scalar>, shiftGradient: Destination<Scalar>, residualGradient: Destination<Scalar>)
}
