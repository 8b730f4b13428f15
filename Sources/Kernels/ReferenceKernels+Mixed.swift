extension ReferenceKernels {
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func convert(_ x: Operand<Scalar>, into y: Destination<Scalar>) {
        for i in 0..<y.count { y[i] = x[i] }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func activate(_ kind: Activation, _ x: Operand<Scalar>, into y: Destination<Scalar>) {
        for i in 0..<y.count { y[i] = ActivationMath.value(kind, x[i]) }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func activationGradient(
        _ kind: Activation, saved: Operand<Scalar>, outputGradient: Operand<Scalar>, into dx: Destination<Scalar>
    ) {
        if kind == .relu {
            // A choice, not a product: a closed unit gives 0 even where dy is not finite.
            for i in 0..<dx.count { dx[i] = saved[i] <= 0 ? 0 : outputGradient[i] }
        } else {
            for i in 0..<dx.count { dx[i] = outputGradient[i] * ActivationMath.slope(kind, saved: saved[i]) }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func add(_ a: Operand<Scalar>, _ b: Operand<Scalar>, into c: Destination<Scalar>) {
        for i in 0..<c.count { c[i] = a[i] + b[i] }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func multiply(_ a: Operand<Scalar>, _ b: Operand<Scalar>, into c: Destination<Scalar>) {
        for i in 0..<c.count { c[i] = a[i] * b[i] }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func dropout(
        rows: Int, columns: Int, rate: Double, layerKey: UInt64, rowKeys: Span<UInt64>, _ x: Operand<Scalar>, into y: Destination<Scalar>
    ) {
        let threshold = DropoutRule.threshold(rate: rate)
        let kept = Scalar(rounding: DropoutRule.keptScale(rate: rate))
        for r in 0..<rows {
            let random = CounterRandom(seed: rowKeys[r], stream: layerKey)
            var block = SIMD4<UInt32>()
            for c in 0..<columns {
                if c & 3 == 0 { block = random.words(at: UInt64(c >> 2)) }
                y[r * columns + c] = x[r * columns + c] * (block[c & 3] < threshold ? 0 : kept)
            }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func softmaxCrossEntropy(
        rows: Int, positions: Int, columns: Int, logits: Operand<Scalar>, classes: Span<Int32>, scale: Scalar,
        into rowLoss: Destination<Scalar>, gradient: Destination<Scalar>
    ) {
        checkClasses(classes, rows: rows * positions, columns: columns)
        let factor = scale / Scalar(positions)
        for r in 0..<rows {
            var loss: Scalar = 0
            for i in r * positions..<(r + 1) * positions {
                let (row, hit) = (i * columns, Int(classes[i]))
                var top = -Scalar.infinity
                for c in 0..<columns {
                    let value = logits[row + c]
                    if value > top || value.isNaN { top = value }
                }
                var sum: Scalar = 0
                for c in 0..<columns { sum += Scalar.exp(logits[row + c] - top) }
                // Before the gradient, which may be the memory of the logits.
                loss += Scalar.log(sum) - (logits[row + hit] - top)
                if gradient.isEmpty { continue }
                let share = 1 / sum
                for c in 0..<columns {
                    let probability = Scalar.exp(logits[row + c] - top) * share
                    gradient[row + c] = (c == hit ? probability - 1 : probability) * factor
                }
            }
            if !rowLoss.isEmpty { rowLoss[r] = loss / Scalar(positions) }
        }
    }
}
