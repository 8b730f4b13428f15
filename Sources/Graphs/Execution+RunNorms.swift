import Kernels
import TensorCore

extension InstructionRunner {
    @inline(__always)
    func runNorm(_ instruction: Instruction) {
        switch instruction {
        case .layerNorm(let n):
            kernels.layerNorm(
                rows: n.rows.resolved(memory.rows), columns: n.columns, epsilon: n.epsilon, operand(n.x), gain: operand(n.gain),
                shift: operand(n.shift), into: destination(n.y), mean: destination(n.mean), inverse: destination(n.inverse))
        case .layerNormGradient(let n, let dy, let residual, let into, let gainGradient, let shiftGradient):
            kernels.layerNormGradient(
                rows: n.rows.resolved(memory.rows), columns: n.columns, operand(n.x), gain: operand(n.gain), mean: operand(n.mean),
                inverse: operand(n.inverse), outputGradient: operand(dy), residual: operand(residual), into: destination(into),
                gainGradient: destination(gainGradient), shiftGradient: destination(shiftGradient))
        case .batchStatistics(let rows, let columns, let epsilon, let x, let mean, let inverse):
            kernels.batchNormStatistics(
                rows: rows.resolved(memory.rows), columns: columns, epsilon: epsilon, operand(x), mean: destination(mean),
                inverse: destination(inverse))
        case .batchContribution(let positions, let epsilon, let mean, let inverse, let into, let variance):
            contribute(positions.resolved(memory.rows), epsilon, operand(mean), operand(inverse), destination(into), destination(variance))
        case .inverseDeviation(let epsilon, let x, let into):
            let (variance, result) = (operand(x), destination(into))
            for index in 0..<result.count { result[index] = 1 / K.Scalar.sqrt(variance[index] + K.Scalar(rounding: epsilon)) }
        case .normalise(let n, let residual, let activation):
            kernels.batchNorm(
                rows: n.rows.resolved(memory.rows), columns: n.columns, operand(n.x), mean: operand(n.mean), inverse: operand(n.inverse),
                gain: operand(n.gain), shift: operand(n.shift), residual: operand(residual), activation: activation, into: destination(n.y))
        case .normaliseGradient(let n, let activation, let dy, let into, let gainGradient, let shiftGradient, let residualGradient):
            kernels.batchNormGradient(
                rows: n.rows.resolved(memory.rows), columns: n.columns, operand(n.x), mean: operand(n.mean), inverse: operand(n.inverse),
                gain: operand(n.gain), activation: activation, output: operand(n.y), outputGradient: operand(dy), into: destination(into),
                gainGradient: destination(gainGradient), shiftGradient: destination(shiftGradient),
                residualGradient: destination(residualGradient))
        default:
            preconditionFailure("not a normalisation")
        }
    }

    /// This batch's share of the global batch, times its mean and its unbiased variance: summed over shards they are what the running
    /// statistics move towards. A few hundred channels: no kernel is worth it.
    private func contribute(
        _ positions: Int, _ epsilon: Double, _ mean: Operand<K.Scalar>, _ inverse: Operand<K.Scalar>, _ into: Destination<K.Scalar>,
        _ variance: Destination<K.Scalar>
    ) {
        let share = K.Scalar(rounding: Double(memory.rows)) * scale
        let unbiased = K.Scalar(rounding: positions > 1 ? Double(positions) / Double(positions - 1) : 1)
        for index in 0..<into.count {
            into[index] = share * mean[index]
            let square = 1 / (inverse[index] * inverse[index]) - K.Scalar(rounding: epsilon)
            variance[index] = share * unbiased * (square < 0 ? 0 : square)
        }
    }
}
