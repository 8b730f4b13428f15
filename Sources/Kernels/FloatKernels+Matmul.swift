import CKernels

extension FloatKernels {
    package func matmulWorkspace(_ shape: MatmulShape) -> Int {
        table == nil ? 0 : ck_matmul_workspace(shape.m, shape.n, shape.k)
    }

    package func matmul(
        _ shape: MatmulShape, _ a: Span<Float>, _ b: Span<Float>, bias: Span<Float>, activation: Activation, accumulate: Bool,
        into c: inout MutableSpan<Float>, workspace: inout MutableSpan<Float>
    ) {
        require(a.count, shape.m * shape.k, "a of a matrix product")
        require(b.count, shape.k * shape.n, "b of a matrix product")
        require(c.count, shape.m * shape.n, "c of a matrix product")
        if !bias.isEmpty { require(bias.count, shape.n, "The bias of a matrix product") }
        require(workspace.count, matmulWorkspace(shape), "The workspace of a matrix product")
        guard let table else {
            return reference.matmul(
                shape, a, b, bias: bias, activation: activation, accumulate: accumulate, into: &c, workspace: &workspace)
        }
        table.call.matmul(
            shape.form.aTransposed ? 1 : 0, shape.form.bTransposed ? 1 : 0, shape.m, shape.n, shape.k, a.address, b.address, bias.address,
            activation.code, accumulate ? 1 : 0, c.address, workspace.address)
    }
}

extension Activation {
    var code: ck_activation { ck_activation(rawValue: UInt32(rawValue)) }
}
