/// Sums run in doubles whatever the scalar: a batch normalisation sums over 32 thousand rows, which a chain of floats would not survive.
extension ReferenceKernels {
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func layerNorm(
        rows: Int, columns: Int, epsilon: Double, _ x: Operand<Scalar>, gain: Operand<Scalar>, shift: Operand<Scalar>,
        into y: Destination<Scalar>, mean: Destination<Scalar>, inverse: Destination<Scalar>
    ) {
        for r in 0..<rows {
            let row = r * columns
            let (m, v) = moments(x, from: row, count: columns, step: 1)
            mean[r] = Scalar(rounding: m)
            inverse[r] = Scalar(rounding: 1 / (v + epsilon).squareRoot())
            for c in 0..<columns { y[row + c] = (x[row + c] - mean[r]) * inverse[r] * gain[c] + shift[c] }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func layerNormGradient(
        rows: Int, columns: Int, _ x: Operand<Scalar>, gain: Operand<Scalar>, mean: Operand<Scalar>, inverse: Operand<Scalar>,
        outputGradient dy: Operand<Scalar>, residual: Operand<Scalar>, into dx: Destination<Scalar>, gainGradient: Destination<Scalar>,
        shiftGradient: Destination<Scalar>
    ) {
        // First, because dx may be the memory of dy.
        for c in 0..<columns {
            var (sum, product) = (0.0, 0.0)
            for r in 0..<rows {
                let i = r * columns + c
                sum += dy[i].asDouble
                product += (dy[i] * ((x[i] - mean[r]) * inverse[r])).asDouble
            }
            if !gainGradient.isEmpty { gainGradient[c] = Scalar(rounding: product) }
            if !shiftGradient.isEmpty { shiftGradient[c] = Scalar(rounding: sum) }
        }
        for r in 0..<rows {
            let row = r * columns
            var (sum, product) = (0.0, 0.0)
            for c in 0..<columns {
                let d = dy[row + c] * gain[c]
                sum += d.asDouble
                product += (d * ((x[row + c] - mean[r]) * inverse[r])).asDouble
            }
            let (meanSum, meanProduct) = (Scalar(rounding: sum / Double(columns)), Scalar(rounding: product / Double(columns)))
            for c in 0..<columns {
                let hat = (x[row + c] - mean[r]) * inverse[r]
                let value = inverse[r] * (dy[row + c] * gain[c] - meanSum - hat * meanProduct)
                dx[row + c] = residual.isEmpty ? value : value + residual[row + c]
            }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func batchNormStatistics(
        rows: Int, columns: Int, epsilon: Double, _ x: Operand<Scalar>, mean: Destination<Scalar>, inverse: Destination<Scalar>
    ) {
        for c in 0..<columns {
            let (m, v) = moments(x, from: c, count: rows, step: columns)
            mean[c] = Scalar(rounding: m)
            inverse[c] = rows == 0 ? 0 : Scalar(rounding: 1 / (v + epsilon).squareRoot())
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func batchNorm(
        rows: Int, columns: Int, _ x: Operand<Scalar>, mean: Operand<Scalar>, inverse: Operand<Scalar>, gain: Operand<Scalar>,
        shift: Operand<Scalar>, residual: Operand<Scalar>, activation: Activation, into y: Destination<Scalar>
    ) {
        for r in 0..<rows {
            for c in 0..<columns {
                let i = r * columns + c
                let z = (x[i] - mean[c]) * inverse[c] * gain[c] + shift[c]
                y[i] = ActivationMath.value(activation, residual.isEmpty ? z : z + residual[i])
            }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func batchNormGradient(
        rows: Int, columns: Int, _ x: Operand<Scalar>, mean: Operand<Scalar>, inverse: Operand<Scalar>, gain: Operand<Scalar>,
        activation: Activation, output y: Operand<Scalar>, outputGradient: Operand<Scalar>, into dx: Destination<Scalar>,
        gainGradient: Destination<Scalar>, shiftGradient: Destination<Scalar>, residualGradient: Destination<Scalar>
    ) {
        checkGate(activation)
        for c in 0..<columns {
            var (sum, product) = (0.0, 0.0)
            for r in 0..<rows {
                let i = r * columns + c
                let d = activation == .relu && y[i] <= 0 ? 0 : outputGradient[i]
                sum += d.asDouble
                product += (d * ((x[i] - mean[c]) * inverse[c])).asDouble
            }
            let (meanSum, meanProduct) = (Scalar(rounding: sum / Double(rows)), Scalar(rounding: product / Double(rows)))
            for r in 0..<rows {
                let i = r * columns + c
                let d = activation == .relu && y[i] <= 0 ? 0 : outputGradient[i]
                let hat = (x[i] - mean[c]) * inverse[c]
                dx[i] = gain[c] * inverse[c] * (d - meanSum - hat * meanProduct)
                if !residualGradient.isEmpty { residualGradient[i] = d }
            }
            if !gainGradient.isEmpty { gainGradient[c] = Scalar(rounding: product) }
            if !shiftGradient.isEmpty { shiftGradient[c] = Scalar(rounding: sum) }
        }
    }

    /// Mean and biased variance of every `step`-th element; 0 and 0 if there is none.
    @inline(__always)
    private func moments(_ x: Operand<Scalar>, from start: Int, count: Int, step: Int) -> (mean: Double, variance: Double) {
        if count == 0 { return (0, 0) }
        var sum = 0.0
        for i in 0..<count { sum += x[start + i * step].asDouble }
        let mean = sum / Double(count)
        var squares = 0.0
        for i in 0..<count {
            let d = x[start + i * step].asDouble - mean
            squares += d * d
        }
        return (mean, squares / Double(count))
    }
}

func checkGate(_ activation: Activation) {
    precondition(
        activation == .identity || activation == .relu, "The gradient of a batch normalisation knows identity and relu, not \(activation)")
}
