extension FloatKernels {
    package func convert(_ x: Operand<Float>, into y: Destination<Float>) { reference.convert(x, into: y) }
    package func activate(_ kind: Activation, _ x: Operand<Float>, into y: Destination<Float>) { reference.activate(kind, x, into: y) }
    package func activationGradient(_ kind: Activation, saved: Operand<Float>, outputGradient: Operand<Float>, into dx: Destination<Float>)
    { reference.activationGradient(kind, saved: saved, outputGradient: outputGradient, into: dx) }
    package func add(_ a: Operand<Float>, _ b: Operand<Float>, into c: Destination<Float>) { reference.add(a, b, into: c) }
    package func multiply(_ a: Operand<Float>, _ b: Operand<Float>, into c: Destination<Float>) { reference.multiply(a, b, into: c) }
    package func dropout(
        rows: Int, columns: Int, rate: Double, layerKey: UInt64, rowKeys: Span<UInt64>, _ x: Operand<Float>, into y: Destination<Float>
    ) { reference.dropout(rows: rows, columns: columns, rate: rate, layerKey: layerKey, rowKeys: rowKeys, x, into: y) }
    package func columnSums(rows: Int, columns: Int, _ x: Operand<Float>, into sums: Destination<Float>) {
        reference.columnSums(rows: rows, columns: columns, x, into: sums)
    }
    package func softmaxCrossEntropy(
        rows: Int, positions: Int, columns: Int, logits: Operand<Float>, classes: Span<Int32>, scale: Float,
        into rowLoss: Destination<Float>, gradient: Destination<Float>
    ) {
        reference.softmaxCrossEntropy(
            rows: rows, positions: positions, columns: columns, logits: logits, classes: classes, scale: scale, into: rowLoss,
            gradient: gradient)
    }
    package func maxPool(rows: Int, _ pool: WindowShape, _ x: Operand<Float>, into y: Destination<Float>, winners: inout MutableSpan<UInt8>)
    { reference.maxPool(rows: rows, pool, x, into: y, winners: &winners) }
    package func maxPoolGradient(
        rows: Int, _ pool: WindowShape, winners: Span<UInt8>, outputGradient: Operand<Float>, into dx: Destination<Float>
    ) { reference.maxPoolGradient(rows: rows, pool, winners: winners, outputGradient: outputGradient, into: dx) }
    package func averagePool(rows: Int, _ pool: WindowShape, countIncludesPad: Bool, _ x: Operand<Float>, into y: Destination<Float>) {
        reference.averagePool(rows: rows, pool, countIncludesPad: countIncludesPad, x, into: y)
    }
    package func averagePoolGradient(
        rows: Int, _ pool: WindowShape, countIncludesPad: Bool, outputGradient: Operand<Float>, into dx: Destination<Float>
    ) { reference.averagePoolGradient(rows: rows, pool, countIncludesPad: countIncludesPad, outputGradient: outputGradient, into: dx) }
}
