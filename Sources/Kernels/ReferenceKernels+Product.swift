extension ReferenceKernels {
    package func productWorkspace(_ product: Product) -> Int { preconditionFailure("productWorkspace is not written yet") }
    package func product(
        _ product: Product, _ a: Operand<Scalar>, _ b: Operand<Scalar>, weights: WeightOperand<Scalar>?, epilogue: Epilogue<Scalar>,
        into c: Destination<Scalar>, bSums: Destination<Scalar>, workspace: Scratch
    ) { preconditionFailure("product is not written yet") }
    package func prefersPackedWeights(_ product: Product) -> Bool { preconditionFailure("prefersPackedWeights is not written yet") }
    package func packedBytes(_ packing: WeightPacking) -> Int { preconditionFailure("packedBytes is not written yet") }
    package func pack(_ packing: WeightPacking, weights: Operand<Scalar>, into packed: Scratch) {
        preconditionFailure("pack is not written yet")
    }
}
