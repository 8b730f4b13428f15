import CKernels

extension FloatKernels {
    package func softmax(rows: Int, columns: Int, _ x: Span<Float>, into y: inout MutableSpan<Float>) {
        require(min(x.count, y.count), rows * columns, "An operand of softmax")
        guard let table else { return reference.softmax(rows: rows, columns: columns, x, into: &y) }
        table.call.softmax(rows, columns, x.address, y.address)
    }

    package func softmaxGradient(
        rows: Int, columns: Int, output y: Span<Float>, outputGradient: Span<Float>, into dx: inout MutableSpan<Float>
    ) {
        require(min(y.count, outputGradient.count, dx.count), rows * columns, "An operand of softmax's gradient")
        guard let table else {
            return reference.softmaxGradient(rows: rows, columns: columns, output: y, outputGradient: outputGradient, into: &dx)
        }
        table.call.softmax_gradient(rows, columns, y.address, outputGradient.address, dx.address)
    }

    package func softmaxCrossEntropy(
        rows: Int, columns: Int, logits: Span<Float>, classes: Span<Int32>, into rowLoss: inout MutableSpan<Float>
    ) {
        checkCrossEntropy(rows, columns, logits, classes)
        require(rowLoss.count, rows, "The losses of rows")
        guard let table else {
            return reference.softmaxCrossEntropy(rows: rows, columns: columns, logits: logits, classes: classes, into: &rowLoss)
        }
        table.call.softmax_cross_entropy(rows, columns, logits.address, classes.address, 1, rowLoss.address, nil)
    }

    package func softmaxCrossEntropyGradient(
        rows: Int, columns: Int, logits: Span<Float>, classes: Span<Int32>, scale: Float, into gradient: inout MutableSpan<Float>
    ) {
        checkCrossEntropy(rows, columns, logits, classes)
        require(gradient.count, rows * columns, "The gradient of a loss")
        guard let table else {
            return reference.softmaxCrossEntropyGradient(
                rows: rows, columns: columns, logits: logits, classes: classes, scale: scale, into: &gradient)
        }
        table.call.softmax_cross_entropy(rows, columns, logits.address, classes.address, scale, nil, gradient.address)
    }

    package func softmaxCrossEntropyBoth(
        rows: Int, columns: Int, logits: Span<Float>, classes: Span<Int32>, scale: Float, into rowLoss: inout MutableSpan<Float>,
        gradient: inout MutableSpan<Float>
    ) {
        checkCrossEntropy(rows, columns, logits, classes)
        require(rowLoss.count, rows, "The losses of rows")
        require(gradient.count, rows * columns, "The gradient of a loss")
        guard let table else {
            return reference.softmaxCrossEntropyBoth(
                rows: rows, columns: columns, logits: logits, classes: classes, scale: scale, into: &rowLoss, gradient: &gradient)
        }
        table.call.softmax_cross_entropy(rows, columns, logits.address, classes.address, scale, rowLoss.address, gradient.address)
    }

    private func checkCrossEntropy(_ rows: Int, _ columns: Int, _ logits: Span<Float>, _ classes: Span<Int32>) {
        require(logits.count, rows * columns, "The logits of a loss")
        require(classes.count, rows, "The classes of a loss")
        checkClasses(classes, rows: rows, columns: columns)
    }

    package func binaryCrossEntropyWithLogits(
        rows: Int, columns: Int, logits: Span<Float>, targets: Span<Float>, into rowLoss: inout MutableSpan<Float>
    ) {
        require(min(logits.count, targets.count), rows * columns, "An operand of a loss")
        require(rowLoss.count, rows, "The losses of rows")
        guard let table else {
            return reference.binaryCrossEntropyWithLogits(rows: rows, columns: columns, logits: logits, targets: targets, into: &rowLoss)
        }
        table.call.binary_cross_entropy(rows, columns, logits.address, targets.address, 1, rowLoss.address, nil)
    }

    package func binaryCrossEntropyWithLogitsGradient(
        rows: Int, columns: Int, logits: Span<Float>, targets: Span<Float>, scale: Float, into gradient: inout MutableSpan<Float>
    ) {
        require(min(logits.count, targets.count, gradient.count), rows * columns, "An operand of a loss")
        guard let table else {
            return reference.binaryCrossEntropyWithLogitsGradient(
                rows: rows, columns: columns, logits: logits, targets: targets, scale: scale, into: &gradient)
        }
        table.call.binary_cross_entropy(rows, columns, logits.address, targets.address, scale, nil, gradient.address)
    }

    package func binaryCrossEntropyWithLogitsBoth(
        rows: Int, columns: Int, logits: Span<Float>, targets: Span<Float>, scale: Float, into rowLoss: inout MutableSpan<Float>,
        gradient: inout MutableSpan<Float>
    ) {
        require(min(logits.count, targets.count, gradient.count), rows * columns, "An operand of a loss")
        require(rowLoss.count, rows, "The losses of rows")
        guard let table else {
            return reference.binaryCrossEntropyWithLogitsBoth(
                rows: rows, columns: columns, logits: logits, targets: targets, scale: scale, into: &rowLoss, gradient: &gradient)
        }
        table.call.binary_cross_entropy(rows, columns, logits.address, targets.address, scale, rowLoss.address, gradient.address)
    }

    package func meanSquaredError(
        rows: Int, columns: Int, predictions: Span<Float>, targets: Span<Float>, into rowLoss: inout MutableSpan<Float>
    ) {
        require(min(predictions.count, targets.count), rows * columns, "An operand of a loss")
        require(rowLoss.count, rows, "The losses of rows")
        guard let table else {
            return reference.meanSquaredError(rows: rows, columns: columns, predictions: predictions, targets: targets, into: &rowLoss)
        }
        table.call.mean_squared_error(rows, columns, predictions.address, targets.address, 1, rowLoss.address, nil)
    }

    package func meanSquaredErrorGradient(
        rows: Int, columns: Int, predictions: Span<Float>, targets: Span<Float>, scale: Float, into gradient: inout MutableSpan<Float>
    ) {
        require(min(predictions.count, targets.count, gradient.count), rows * columns, "An operand of a loss")
        guard let table else {
            return reference.meanSquaredErrorGradient(
                rows: rows, columns: columns, predictions: predictions, targets: targets, scale: scale, into: &gradient)
        }
        table.call.mean_squared_error(rows, columns, predictions.address, targets.address, scale, nil, gradient.address)
    }

    package func meanSquaredErrorBoth(
        rows: Int, columns: Int, predictions: Span<Float>, targets: Span<Float>, scale: Float, into rowLoss: inout MutableSpan<Float>,
        gradient: inout MutableSpan<Float>
    ) {
        require(min(predictions.count, targets.count, gradient.count), rows * columns, "An operand of a loss")
        require(rowLoss.count, rows, "The losses of rows")
        guard let table else {
            return reference.meanSquaredErrorBoth(
                rows: rows, columns: columns, predictions: predictions, targets: targets, scale: scale, into: &rowLoss, gradient: &gradient)
        }
        table.call.mean_squared_error(rows, columns, predictions.address, targets.address, scale, rowLoss.address, gradient.address)
    }
}
