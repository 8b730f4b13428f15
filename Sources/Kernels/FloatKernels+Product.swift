extension FloatKernels {
    package func productWorkspace(_ product: Product) -> Int { reference.productWorkspace(product) }
    package func product(
        _ product: Product, _ a: Operand<Float>, _ b: Operand<Float>, weights: WeightOperand<Float>?, epilogue: Epilogue<Float>,
        into c: Destination<Float>, bSums: Destination<Float>, workspace: Scratch
    ) { reference.product(product, a, b, weights: weights, epilogue: epilogue, into: c, bSums: bSums, workspace: workspace) }
    package func prefersPackedWeights(_ product: Product) -> Bool { reference.prefersPackedWeights(product) }
    package func packedBytes(_ packing: WeightPacking) -> Int { reference.packedBytes(packing) }
    package func pack(_ packing: WeightPacking, weights: Operand<Float>, into packed: Scratch) {
        reference.pack(packing, weights: weights, into: packed)
    }
}
