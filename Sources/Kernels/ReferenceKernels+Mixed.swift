extension ReferenceKernels {
    package func convert(_ x: Operand<Scalar>, into y: Destination<Scalar>) { preconditionFailure("convert is not written yet") }
    package func activate(_ kind: Activation, _ x: Operand<Scalar>, into y: Destination<Scalar>) {
        preconditionFailure("activate is not written yet")
    }
    package func activationGradient(
        _ kind: Activation, saved: Operand<Scalar>, outputGradient: Operand<Scalar>, into dx: Destination<Scalar>
    ) { preconditionFailure("activationGradient is not written yet") }
    package func add(_ a: Operand<Scalar>, _ b: Operand<Scalar>, into c: Destination<Scalar>) {
        preconditionFailure("add is not written yet")
    }
    package func multiply(_ a: Operand<Scalar>, _ b: Operand<Scalar>, into c: Destination<Scalar>) {
        preconditionFailure("multiply is not written yet")
    }
    package func dropout(
        rows: Int, columns: Int, rate: Double, layerKey: UInt64, rowKeys: Span<UInt64>, _ x: Operand<Scalar>, into y: Destination<Scalar>
    ) { preconditionFailure("dropout is not written yet") }
    package func columnSums(rows: Int, columns: Int, _ x: Operand<Scalar>, into sums: Destination<Scalar>) {
        preconditionFailure("columnSums is not written yet")
    }
    package func softmaxCrossEntropy(
        rows: Int, positions: Int, columns: Int, logits: Operand<Scalar>, classes: Span<Int32>, scale: Scalar,
        into rowLoss: Destination<Scalar>, gradient: Destination<Scalar>
    ) { preconditionFailure("softmaxCrossEntropy is not written yet") }
    package func maxPool(
        rows: Int, _ pool: WindowShape, _ x: Operand<Scalar>, into y: Destination<Scalar>, winners: inout MutableSpan<UInt8>
    ) { preconditionFailure("maxPool is not written yet") }
    package func maxPoolGradient(
        rows: Int, _ pool: WindowShape, winners: Span<UInt8>, outputGradient: Operand<Scalar>, into dx: Destination<Scalar>
    ) { preconditionFailure("maxPoolGradient is not written yet") }
    package func averagePool(rows: Int, _ pool: WindowShape, countIncludesPad: Bool, _ x: Operand<Scalar>, into y: Destination<Scalar>) {
        preconditionFailure("averagePool is not written yet")
    }
    package func averagePoolGradient(
        rows: Int, _ pool: WindowShape, countIncludesPad: Bool, outputGradient: Operand<Scalar>, into dx: Destination<Scalar>
    ) { preconditionFailure("averagePoolGradient is not written yet") }
}
