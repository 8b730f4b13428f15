import CKernels

extension FloatKernels {
    package func convert(_ x: Operand<Float>, into y: Destination<Float>) {
        require(x.count, y.count, "The input of a conversion")
        guard let f = table?.call.convert else { return reference.convert(x, into: y) }
        f(y.count, x.c, y.c)
    }

    package func activate(_ kind: Activation, _ x: Operand<Float>, into y: Destination<Float>) {
        require(x.count, y.count, "The input of an activation")
        guard let f = table?.call.mixed_activate else { return reference.activate(kind, x, into: y) }
        f(kind.code, y.count, x.c, y.c)
    }

    package func activationGradient(
        _ kind: Activation, saved: Operand<Float>, outputGradient: Operand<Float>, into dx: Destination<Float>
    ) {
        require(saved.count, dx.count, "What an activation's gradient saved")
        require(outputGradient.count, dx.count, "The output gradient of an activation")
        guard let f = table?.call.mixed_activation_gradient else {
            return reference.activationGradient(kind, saved: saved, outputGradient: outputGradient, into: dx)
        }
        f(kind.code, dx.count, saved.c, outputGradient.c, dx.c)
    }

    package func add(_ a: Operand<Float>, _ b: Operand<Float>, into c: Destination<Float>) {
        require(min(a.count, b.count), c.count, "A term of a sum")
        guard let f = table?.call.mixed_add else { return reference.add(a, b, into: c) }
        f(c.count, a.c, b.c, c.c)
    }

    package func multiply(_ a: Operand<Float>, _ b: Operand<Float>, into c: Destination<Float>) {
        require(min(a.count, b.count), c.count, "A factor of a product")
        guard let f = table?.call.mixed_multiply else { return reference.multiply(a, b, into: c) }
        f(c.count, a.c, b.c, c.c)
    }

    package func dropout(
        rows: Int, columns: Int, rate: Double, layerKey: UInt64, rowKeys: Span<UInt64>, _ x: Operand<Float>, into y: Destination<Float>
    ) {
        require(min(x.count, y.count), rows * columns, "An operand of dropout")
        require(rowKeys.count, rows, "The row keys of dropout")
        guard let f = table?.call.mixed_dropout else {
            return reference.dropout(rows: rows, columns: columns, rate: rate, layerKey: layerKey, rowKeys: rowKeys, x, into: y)
        }
        f(
            rows, columns, DropoutRule.threshold(rate: rate), Float(DropoutRule.keptScale(rate: rate)), layerKey, rowKeys.address, x.c,
            y.c)
    }

    package func softmaxCrossEntropy(
        rows: Int, positions: Int, columns: Int, logits: Operand<Float>, classes: Span<Int32>, scale: Float,
        into rowLoss: Destination<Float>, gradient: Destination<Float>
    ) {
        require(logits.count, rows * positions * columns, "The logits of a loss")
        require(classes.count, rows * positions, "The classes of a loss")
        if !rowLoss.isEmpty { requireScalars(rowLoss.operand, rows, "The losses of rows") }
        if !gradient.isEmpty { require(gradient.count, rows * positions * columns, "The gradient of a loss") }
        guard let f = table?.call.sequence_cross_entropy else {
            return reference.softmaxCrossEntropy(
                rows: rows, positions: positions, columns: columns, logits: logits, classes: classes, scale: scale, into: rowLoss,
                gradient: gradient)
        }
        checkClasses(classes, rows: rows * positions, columns: columns)
        f(rows, positions, columns, logits.c, classes.address, scale, rowLoss.floats, gradient.c)
    }
}
