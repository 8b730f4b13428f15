extension ReferenceKernels {
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func binaryCrossEntropyWithLogits(
        rows: Int, columns: Int, logits: Span<Scalar>, targets: Span<Scalar>, into rowLoss: inout MutableSpan<Scalar>
    ) {
        for r in 0..<rows {
            var sum: Scalar = 0
            for i in r * columns..<(r + 1) * columns {
                let x = logits[i]
                sum += (x < 0 ? 0 : x) - x * targets[i] + Scalar.log1p(Scalar.exp(-x.magnitude))
            }
            rowLoss[r] = sum / Scalar(columns)
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func binaryCrossEntropyWithLogitsGradient(
        rows: Int, columns: Int, logits: Span<Scalar>, targets: Span<Scalar>, scale: Scalar, into gradient: inout MutableSpan<Scalar>
    ) {
        let factor = scale / Scalar(max(columns, 1))
        for i in 0..<rows * columns { gradient[i] = (ActivationMath.sigmoid(logits[i]) - targets[i]) * factor }
    }

    package func binaryCrossEntropyWithLogitsBoth(
        rows: Int, columns: Int, logits: Span<Scalar>, targets: Span<Scalar>, scale: Scalar, into rowLoss: inout MutableSpan<Scalar>,
        gradient: inout MutableSpan<Scalar>
    ) {
        binaryCrossEntropyWithLogits(rows: rows, columns: columns, logits: logits, targets: targets, into: &rowLoss)
        binaryCrossEntropyWithLogitsGradient(
            rows: rows, columns: columns, logits: logits, targets: targets, scale: scale, into: &gradient)
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func meanSquaredError(
        rows: Int, columns: Int, predictions: Span<Scalar>, targets: Span<Scalar>, into rowLoss: inout MutableSpan<Scalar>
    ) {
        for r in 0..<rows {
            var sum: Scalar = 0
            for i in r * columns..<(r + 1) * columns {
                let difference = predictions[i] - targets[i]
                sum += difference * difference
            }
            rowLoss[r] = sum / Scalar(columns)
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func meanSquaredErrorGradient(
        rows: Int, columns: Int, predictions: Span<Scalar>, targets: Span<Scalar>, scale: Scalar,
        into gradient: inout MutableSpan<Scalar>
    ) {
        let factor = 2 * scale / Scalar(max(columns, 1))
        for i in 0..<rows * columns { gradient[i] = (predictions[i] - targets[i]) * factor }
    }

    package func meanSquaredErrorBoth(
        rows: Int, columns: Int, predictions: Span<Scalar>, targets: Span<Scalar>, scale: Scalar,
        into rowLoss: inout MutableSpan<Scalar>, gradient: inout MutableSpan<Scalar>
    ) {
        meanSquaredError(rows: rows, columns: columns, predictions: predictions, targets: targets, into: &rowLoss)
        meanSquaredErrorGradient(
            rows: rows, columns: columns, predictions: predictions, targets: targets, scale: scale, into: &gradient)
    }
}
