extension FloatKernels {
    package func layerNorm(
        rows: Int, columns: Int, epsilon: Double, _ x: Operand<Float>, gain: Operand<Float>, shift: Operand<Float>,
        into y: Destination<Float>, mean: Destination<Float>, inverse: Destination<Float>
    ) {
        reference.layerNorm(
            rows: rows, columns: columns, epsilon: epsilon, x, gain: gain, shift: shift, into: y, mean: mean, inverse: inverse)
    }
    package func layerNormGradient(
        rows: Int, columns: Int, _ x: Operand<Float>, gain: Operand<Float>, mean: Operand<Float>, inverse: Operand<Float>,
        outputGradient: Operand<Float>, residual: Operand<Float>, into dx: Destination<Float>, gainGradient: Destination<Float>,
        shiftGradient: Destination<Float>
    ) {
        reference.layerNormGradient(
            rows: rows, columns: columns, x, gain: gain, mean: mean, inverse: inverse, outputGradient: outputGradient, residual: residual,
            into: dx, gainGradient: gainGradient, shiftGradient: shiftGradient)
    }
    package func batchNormStatistics(
        rows: Int, columns: Int, epsilon: Double, _ x: Operand<Float>, mean: Destination<Float>, inverse: Destination<Float>
    ) { reference.batchNormStatistics(rows: rows, columns: columns, epsilon: epsilon, x, mean: mean, inverse: inverse) }
    package func batchNorm(
        rows: Int, columns: Int, _ x: Operand<Float>, mean: Operand<Float>, inverse: Operand<Float>, gain: Operand<Float>,
        shift: Operand<Float>, residual: Operand<Float>, activation: Activation, into y: Destination<Float>
    ) {
        reference.batchNorm(
            rows: rows, columns: columns, x, mean: mean, inverse: inverse, gain: gain, shift: shift, residual: residual,
            activation: activation, into: y)
    }
    package func batchNormGradient(
        rows: Int, columns: Int, _ x: Operand<Float>, mean: Operand<Float>, inverse: Operand<Float>, gain: Operand<Float>,
        activation: Activation, output y: Operand<Float>, outputGradient: Operand<Float>, into dx: Destination<Float>,
        gainGradient: Destination<Float>, shiftGradient: Destination<Float>, residualGradient: Destination<Float>
    ) {
        reference.batchNormGradient(
            rows: rows, columns: columns, x, mean: mean, inverse: inverse, gain: gain, activation: activation, output: y,
            outputGradient: outputGradient, into: dx, gainGradient: gainGradient, shiftGradient: shiftGradient,
            residualGradient: residualGradient)
    }
}
