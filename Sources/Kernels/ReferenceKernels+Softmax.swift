extension ReferenceKernels {
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func softmax(rows: Int, columns: Int, _ x: Span<Scalar>, into y: inout MutableSpan<Scalar>) {
        for r in 0..<rows {
            let row = r * columns
            let (top, sum) = exponentialSum(x, from: row, count: columns)
            let share = 1 / sum
            for c in 0..<columns { y[row + c] = Scalar.exp(x[row + c] - top) * share }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func softmaxGradient(
        rows: Int, columns: Int, output y: Span<Scalar>, outputGradient: Span<Scalar>, into dx: inout MutableSpan<Scalar>
    ) {
        for r in 0..<rows {
            let row = r * columns
            var dot: Scalar = 0
            for c in 0..<columns { dot += y[row + c] * outputGradient[row + c] }
            for c in 0..<columns { dx[row + c] = y[row + c] * (outputGradient[row + c] - dot) }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func softmaxCrossEntropy(
        rows: Int, columns: Int, logits: Span<Scalar>, classes: Span<Int32>, into rowLoss: inout MutableSpan<Scalar>
    ) {
        checkClasses(classes, rows: rows, columns: columns)
        for r in 0..<rows {
            let (top, sum) = exponentialSum(logits, from: r * columns, count: columns)
            rowLoss[r] = Scalar.log(sum) - (logits[r * columns + Int(classes[r])] - top)
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func softmaxCrossEntropyGradient(
        rows: Int, columns: Int, logits: Span<Scalar>, classes: Span<Int32>, scale: Scalar, into gradient: inout MutableSpan<Scalar>
    ) {
        checkClasses(classes, rows: rows, columns: columns)
        for r in 0..<rows {
            let row = r * columns
            let (top, sum) = exponentialSum(logits, from: row, count: columns)
            let share = 1 / sum
            for c in 0..<columns {
                let probability = Scalar.exp(logits[row + c] - top) * share
                gradient[row + c] = (c == Int(classes[r]) ? probability - 1 : probability) * scale
            }
        }
    }

    package func softmaxCrossEntropyBoth(
        rows: Int, columns: Int, logits: Span<Scalar>, classes: Span<Int32>, scale: Scalar, into rowLoss: inout MutableSpan<Scalar>,
        gradient: inout MutableSpan<Scalar>
    ) {
        softmaxCrossEntropy(rows: rows, columns: columns, logits: logits, classes: classes, into: &rowLoss)
        softmaxCrossEntropyGradient(rows: rows, columns: columns, logits: logits, classes: classes, scale: scale, into: &gradient)
    }

    /// The row's maximum (NaN if any element is) and Σ exp(x − maximum).
    @inline(__always)
    private func exponentialSum(_ x: Span<Scalar>, from row: Int, count: Int) -> (top: Scalar, sum: Scalar) {
        var top = -Scalar.infinity
        for c in 0..<count {
            let value = x[row + c]
            if value > top || value.isNaN { top = value }
        }
        var sum: Scalar = 0
        for c in 0..<count { sum += Scalar.exp(x[row + c] - top) }
        return (top, sum)
    }
}

func checkClasses(_ classes: Span<Int32>, rows: Int, columns: Int) {
    for r in 0..<rows {
        precondition(
            classes[r] >= 0 && Int(classes[r]) < columns, "Class \(classes[r]) of row \(r) is outside 0..<\(columns)")
    }
}
