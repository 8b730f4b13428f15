import CKernels

extension FloatKernels {
    package func productWorkspace(_ product: Product) -> Int {
        guard let size = table?.call.gemm_workspace else { return reference.productWorkspace(product) }
        var call = product.call
        return size(&call)
    }

    package func product(
        _ product: Product, _ a: Operand<Float>, _ b: Operand<Float>, weights: WeightOperand<Float>?, epilogue: Epilogue<Float>,
        into c: Destination<Float>, bSums: Destination<Float>, workspace: Scratch
    ) {
        check(product, a, b, weights, bSums)
        check(product, epilogue, c)
        require(workspace.bytes, productWorkspace(product), "The workspace of a matrix product")
        guard let run = table?.call.gemm else {
            return reference.product(product, a, b, weights: weights, epilogue: epilogue, into: c, bSums: bSums, workspace: workspace)
        }
        var call = product.call
        call.a = a.c
        call.b = weights.map { ck_in(data: $0.base, type: call.b.type) } ?? b.c
        call.c = c.c
        call.epilogue = epilogue.c
        call.b_sums = bSums.floats
        run(&call, workspace.base)
    }

    package func prefersPackedWeights(_ product: Product) -> Bool {
        guard let prefers = table?.call.prefers_packed else { return reference.prefersPackedWeights(product) }
        var call = product.call
        return prefers(&call) != 0
    }

    package func packedBytes(_ packing: WeightPacking) -> Int {
        guard let size = table?.call.packed_bytes else { return reference.packedBytes(packing) }
        var call = packing.call(rows: 0..<packing.rows)
        return size(&call)
    }

    package func pack(_ packing: WeightPacking, rows: Range<Int>, weights: Operand<Float>, into packed: Scratch) {
        precondition(
            rows.lowerBound >= 0 && rows.upperBound <= packing.rows && rows.lowerBound % WeightPacking.rowMultiple == 0
                && (rows.upperBound % WeightPacking.rowMultiple == 0 || rows.upperBound == packing.rows),
            "A part of a matrix of \(packing.rows) rows to be packed: \(rows)")
        require(weights.count, packing.k * packing.n, "The weights of a matrix product")
        precondition(weights.type == .scalar, "A product's weights are packed from scalars")
        require(packed.bytes, packedBytes(packing), "The packed weights of a matrix product")
        guard let run = table?.call.pack else { return reference.pack(packing, rows: rows, weights: weights, into: packed) }
        var call = packing.call(rows: rows)
        run(&call, weights.floats, packed.base)
    }

    private func check(
        _ product: Product, _ a: Operand<Float>, _ b: Operand<Float>, _ weights: WeightOperand<Float>?, _ bSums: Destination<Float>
    ) {
        let (shape, form) = (product.shape, product.shape.form)
        let (aRows, aColumns) = form.aTransposed ? (shape.k, shape.m) : (shape.m, shape.k)
        let (bRows, bColumns) = form.bTransposed ? (shape.n, shape.k) : (shape.k, shape.n)
        precondition(a.isEmpty || a.type == product.operands, "a of a matrix product is not stored as its call says")
        require(a.count, extent(aRows, aColumns, product.aRow, product.batch, product.aBatch), "a of a matrix product")
        precondition((weights != nil) == product.packedWeights, "A product's weights are not packed as its call says")
        if let weights {
            precondition(weights.isPacked && product.batch == 1, "Packed weights serve one product")
            let packing = WeightPacking(k: shape.k, n: shape.n, transposed: form.bTransposed, type: product.operands)
            require(weights.count, packedBytes(packing), "The packed weights of a matrix product")
        } else {
            precondition(b.isEmpty || b.type == product.operands, "b of a matrix product is not stored as its call says")
            require(b.count, extent(bRows, bColumns, product.bRow, product.batch, product.bBatch), "b of a matrix product")
        }
        if bSums.isEmpty { return }
        precondition(form == .tn && product.batch == 1 && weights == nil, "Sums of b come with one product of form tn")
        precondition(bSums.type == .scalar, "Sums of b are scalars")
        require(bSums.count, shape.n, "The sums of b")
    }

    private func check(_ product: Product, _ epilogue: Epilogue<Float>, _ c: Destination<Float>) {
        let count = extent(product.shape.m, product.shape.n, product.cRow, product.batch, product.cBatch)
        precondition(c.isEmpty || c.type == product.result, "c of a matrix product is not stored as its call says")
        require(c.count, count, "c of a matrix product")
        if !epilogue.bias.isEmpty {
            precondition(epilogue.bias.type == .scalar, "The bias of a matrix product is in scalars")
            require(epilogue.bias.count, product.shape.n, "The bias of a matrix product")
        }
        if epilogue.gate != .none { require(epilogue.gateData.count, count, "The gate of a matrix product") }
        if !epilogue.residual.isEmpty { require(epilogue.residual.count, count, "The residual of a matrix product") }
        if !epilogue.slope.isEmpty { require(epilogue.slope.count, count, "The slope of a matrix product") }
    }

    /// The elements from the first to the last of a batch of matrices whose rows lie `row` apart.
    private func extent(_ rows: Int, _ columns: Int, _ row: Int, _ batch: Int, _ distance: Int) -> Int {
        precondition(row >= columns || rows <= 1, "Rows of a matrix product overlap")
        return rows == 0 || columns == 0 || batch == 0 ? 0 : (batch - 1) * distance + (rows - 1) * row + columns
    }
}

extension Product {
    /// As C takes it, without operands.
    fileprivate var call: ck_gemm {
        let type = operands == .scalar ? CK_F32 : CK_BF16
        var call = ck_gemm()
        (call.m, call.n, call.k, call.batch) = (shape.m, shape.n, shape.k, batch)
        (call.transpose_a, call.transpose_b) = (shape.form.aTransposed ? 1 : 0, shape.form.bTransposed ? 1 : 0)
        (call.packed_b, call.accumulate) = (packedWeights ? 1 : 0, accumulates ? 1 : 0)
        (call.a.type, call.b.type, call.c.type) = (type, type, result == .scalar ? CK_F32 : CK_BF16)
        (call.a_row, call.b_row, call.c_row) = (aRow, bRow, cRow)
        (call.a_batch, call.b_batch, call.c_batch) = (aBatch, bBatch, cBatch)
        return call
    }
}

extension WeightPacking {
    /// As C takes it.
    fileprivate func call(rows: Range<Int>) -> ck_packing {
        ck_packing(
            k: k, n: n, transposed: transposed ? 1 : 0, type: type == .scalar ? CK_F32 : CK_BF16, first: rows.lowerBound,
            end: rows.upperBound)
    }
}
