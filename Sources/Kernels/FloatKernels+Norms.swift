import CKernels

extension FloatKernels {
    package func layerNorm(
        rows: Int, columns: Int, epsilon: Double, _ x: Operand<Float>, gain: Operand<Float>, shift: Operand<Float>,
        into y: Destination<Float>, mean: Destination<Float>, inverse: Destination<Float>
    ) {
        require(min(x.count, y.count), rows * columns, "An operand of layer normalisation")
        requireScalars(gain, columns, "The gain of layer normalisation")
        requireScalars(shift, columns, "The shift of layer normalisation")
        requireScalars(mean.operand, rows, "A statistic of layer normalisation")
        requireScalars(inverse.operand, rows, "A statistic of layer normalisation")
        guard let f = table?.call.layer_norm else {
            return reference.layerNorm(
                rows: rows, columns: columns, epsilon: epsilon, x, gain: gain, shift: shift, into: y, mean: mean, inverse: inverse)
        }
        f(rows, columns, Float(epsilon), x.c, gain.floats, shift.floats, y.c, mean.floats, inverse.floats)
    }

    package func layerNormGradient(
        rows: Int, columns: Int, _ x: Operand<Float>, gain: Operand<Float>, mean: Operand<Float>, inverse: Operand<Float>,
        outputGradient dy: Operand<Float>, residual: Operand<Float>, into dx: Destination<Float>, gainGradient: Destination<Float>,
        shiftGradient: Destination<Float>
    ) {
        require(min(x.count, dy.count, dx.count), rows * columns, "An operand of layer normalisation's gradient")
        if !residual.isEmpty { require(residual.count, rows * columns, "The residual of layer normalisation's gradient") }
        requireScalars(gain, columns, "The gain of layer normalisation")
        requireScalars(mean, rows, "A statistic of layer normalisation")
        requireScalars(inverse, rows, "A statistic of layer normalisation")
        requireScalars(gainGradient.operand, columns, "The gradient of a gain")
        if !shiftGradient.isEmpty { requireScalars(shiftGradient.operand, columns, "The gradient of a shift") }
        guard let f = table?.call.layer_norm_gradient else {
            return reference.layerNormGradient(
                rows: rows, columns: columns, x, gain: gain, mean: mean, inverse: inverse, outputGradient: dy, residual: residual,
                into: dx, gainGradient: gainGradient, shiftGradient: shiftGradient)
        }
        f(
            rows, columns, x.c, gain.floats, mean.floats, inverse.floats, dy.c, residual.c, dx.c, gainGradient.floats,
            shiftGradient.floats)
    }

    package func batchNormStatistics(
        rows: Int, columns: Int, epsilon: Double, _ x: Operand<Float>, mean: Destination<Float>, inverse: Destination<Float>
    ) {
        require(x.count, rows * columns, "The input of batch statistics")
        requireScalars(mean.operand, columns, "A batch statistic")
        requireScalars(inverse.operand, columns, "A batch statistic")
        guard let f = table?.call.batch_norm_statistics else {
            return reference.batchNormStatistics(rows: rows, columns: columns, epsilon: epsilon, x, mean: mean, inverse: inverse)
        }
        f(rows, columns, Float(epsilon), x.c, mean.floats, inverse.floats)
    }

    package func batchNorm(
        rows: Int, columns: Int, _ x: Operand<Float>, mean: Operand<Float>, inverse: Operand<Float>, gain: Operand<Float>,
        shift: Operand<Float>, residual: Operand<Float>, activation: Activation, into y: Destination<Float>
    ) {
        require(min(x.count, y.count), rows * columns, "An operand of batch normalisation")
        if !residual.isEmpty { require(residual.count, rows * columns, "The residual of batch normalisation") }
        requireScalars(mean, columns, "A constant of batch normalisation")
        requireScalars(inverse, columns, "A constant of batch normalisation")
        requireScalars(gain, columns, "A constant of batch normalisation")
        requireScalars(shift, columns, "A constant of batch normalisation")
        guard let f = table?.call.batch_norm else {
            return reference.batchNorm(
                rows: rows, columns: columns, x, mean: mean, inverse: inverse, gain: gain, shift: shift, residual: residual,
                activation: activation, into: y)
        }
        f(
            rows, columns, x.c, mean.floats, inverse.floats, gain.floats, shift.floats, residual.c, activation.code, y.c)
    }

    package func batchNormGradient(
        rows: Int, columns: Int, _ x: Operand<Float>, mean: Operand<Float>, inverse: Operand<Float>, gain: Operand<Float>,
        activation: Activation, output y: Operand<Float>, outputGradient dy: Operand<Float>, into dx: Destination<Float>,
        gainGradient: Destination<Float>, shiftGradient: Destination<Float>, residualGradient: Destination<Float>
    ) {
        checkGate(activation)
        require(min(x.count, dy.count, dx.count), rows * columns, "An operand of batch normalisation's gradient")
        if activation == .relu { require(y.count, rows * columns, "The gate of batch normalisation's gradient") }
        if !residualGradient.isEmpty { require(residualGradient.count, rows * columns, "The gradient of a residual") }
        requireScalars(mean, columns, "A constant of batch normalisation")
        requireScalars(inverse, columns, "A constant of batch normalisation")
        requireScalars(gain, columns, "A constant of batch normalisation")
        if !gainGradient.isEmpty { requireScalars(gainGradient.operand, columns, "The gradient of a gain") }
        if !shiftGradient.isEmpty { requireScalars(shiftGradient.operand, columns, "The gradient of a shift") }
        guard let f = table?.call.batch_norm_gradient else {
            return reference.batchNormGradient(
                rows: rows, columns: columns, x, mean: mean, inverse: inverse, gain: gain, activation: activation, output: y,
                outputGradient: dy, into: dx, gainGradient: gainGradient, shiftGradient: shiftGradient, residualGradient: residualGradient)
        }
        f(
            rows, columns, x.c, mean.floats, inverse.floats, gain.floats, activation.code, y.c, dy.c, dx.c, gainGradient.floats,
            shiftGradient.floats, residualGradient.c)
    }
}

/// Traps unless an operand holds `needed` floats: parameters and statistics are never stored otherwise.
@inline(__always)
func requireScalars(_ operand: Operand<Float>, _ needed: Int, _ what: StaticString) {
    require(operand.count, needed, what)
    precondition(operand.type == .scalar || needed == 0, "\(what) is not stored in scalars")
}
