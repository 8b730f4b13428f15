extension ReferenceKernels {
    package func productWorkspace(_ product: Product) -> Int { 0 }

    /// Each element is one chain in ascending k, from the bias and the old c.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func product(
        _ product: Product, _ a: Operand<Scalar>, _ b: Operand<Scalar>, weights: WeightOperand<Scalar>?, epilogue: Epilogue<Scalar>,
        into c: Destination<Scalar>, bSums: Destination<Scalar>, workspace: Scratch
    ) {
        let (m, n, k) = (product.shape.m, product.shape.n, product.shape.k)
        let form = product.shape.form
        let (aRow, aStep) = form.aTransposed ? (1, product.aRow) : (product.aRow, 1)
        // Packed weights are [K,N] in scalars, whatever they were.
        let factors = weights.map { Operand<Scalar>(base: $0.base, count: k * n, type: .scalar) } ?? b
        let (bStep, bColumn) = weights != nil ? (n, 1) : form.bTransposed ? (1, product.bRow) : (product.bRow, 1)
        for member in 0..<product.batch {
            let (aStart, bStart) = (member * product.aBatch, member * product.bBatch)
            for i in 0..<m {
                let row = member * product.cBatch + i * product.cRow
                for first in stride(from: 0, to: n, by: 32) {
                    let count = min(32, n - first)
                    var sums = InlineArray<32, Scalar>(repeating: 0)
                    for j in 0..<count {
                        sums[j] = (epilogue.bias.isEmpty ? 0 : epilogue.bias[first + j]) + (product.accumulates ? c[row + first + j] : 0)
                    }
                    for p in 0..<k {
                        let factor = a[aStart + i * aRow + p * aStep]
                        let line = bStart + p * bStep + first * bColumn
                        for j in 0..<count { sums[j] += factor * factors[line + j * bColumn] }
                    }
                    for j in 0..<count { epilogue.store(sums[j], at: row + first + j, into: c) }
                }
            }
        }
        if bSums.isEmpty { return }
        for j in 0..<n {
            var sum: Scalar = 0
            for p in 0..<k { sum += b[p * product.bRow + j] }
            bSums[j] = sum
        }
    }

    package func prefersPackedWeights(_ product: Product) -> Bool { product.operands == .bfloat16 }

    /// The reference packs weights as [K,N], rounded to the type of the products but stored in scalars.
    package func packedBytes(_ packing: WeightPacking) -> Int { packing.k * packing.n * MemoryLayout<Scalar>.stride }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func pack(_ packing: WeightPacking, rows: Range<Int>, weights: Operand<Scalar>, into packed: Scratch) {
        let (k, n) = (packing.k, packing.n)
        let to = Destination<Scalar>(base: packed.base, count: k * n, type: .scalar)
        for p in packing.transposed ? 0..<k : rows {
            for j in packing.transposed ? rows : 0..<n {
                let value = weights[packing.transposed ? j * k + p : p * n + j]
                let rounds = packing.type == .bfloat16
                to[p * n + j] = rounds ? Scalar(BFloat16Bits.float(BFloat16Bits.rounding(Float(value)))) : value
            }
        }
    }
}

extension Epilogue {
    /// Ends a sum that started from the bias.
    @inline(__always)
    fileprivate func store(_ z: Scalar, at index: Int, into c: Destination<Scalar>) {
        var value = activation == .identity ? z : ActivationMath.value(activation, z)
        if !slope.isEmpty { slope[index] = ActivationMath.slope(activation, saved: activation.gradientNeedsInput ? z : value) }
        switch gate {
        case .none: break
        case .open: value = gateData[index] > 0 ? value : 0
        case .factor: value *= gateData[index]
        }
        if !residual.isEmpty { value += residual[index] }
        c[index] = value
    }
}
