import CKernels

extension FloatKernels {
    package func maxPool(
        rows: Int, _ pool: WindowShape, _ x: Span<Float>, into y: inout MutableSpan<Float>, winners: inout MutableSpan<UInt8>
    ) {
        checkPool(pool)
        require(x.count, rows * pool.inputCount, "The input of a pooling")
        require(min(y.count, winners.count), rows * pool.outputCount, "An output of a pooling")
        guard let table else { return reference.maxPool(rows: rows, pool, x, into: &y, winners: &winners) }
        var window = pool.window
        table.call.max_pool(rows, &window, x.address, y.address, winners.address)
    }

    package func maxPoolGradient(
        rows: Int, _ pool: WindowShape, winners: Span<UInt8>, outputGradient: Span<Float>, into dx: inout MutableSpan<Float>
    ) {
        checkPool(pool)
        require(min(winners.count, outputGradient.count), rows * pool.outputCount, "An output of a pooling")
        require(dx.count, rows * pool.inputCount, "The input gradient of a pooling")
        guard let table else {
            return reference.maxPoolGradient(rows: rows, pool, winners: winners, outputGradient: outputGradient, into: &dx)
        }
        var window = pool.window
        table.call.max_pool_gradient(rows, &window, winners.address, outputGradient.address, dx.address)
    }

    package func averagePool(
        rows: Int, _ pool: WindowShape, countIncludesPad: Bool, _ x: Span<Float>, into y: inout MutableSpan<Float>
    ) {
        checkPool(pool)
        require(x.count, rows * pool.inputCount, "The input of a pooling")
        require(y.count, rows * pool.outputCount, "The output of a pooling")
        guard let table else { return reference.averagePool(rows: rows, pool, countIncludesPad: countIncludesPad, x, into: &y) }
        var window = pool.window
        table.call.average_pool(rows, &window, countIncludesPad ? 1 : 0, x.address, y.address)
    }

    package func averagePoolGradient(
        rows: Int, _ pool: WindowShape, countIncludesPad: Bool, outputGradient: Span<Float>, into dx: inout MutableSpan<Float>
    ) {
        checkPool(pool)
        require(outputGradient.count, rows * pool.outputCount, "The output gradient of a pooling")
        require(dx.count, rows * pool.inputCount, "The input gradient of a pooling")
        guard let table else {
            return reference.averagePoolGradient(
                rows: rows, pool, countIncludesPad: countIncludesPad, outputGradient: outputGradient, into: &dx)
        }
        var window = pool.window
        table.call.average_pool_gradient(rows, &window, countIncludesPad ? 1 : 0, outputGradient.address, dx.address)
    }
}
