import CKernels

extension FloatKernels {
    package func maxPool(
        rows: Int, _ pool: WindowShape, _ x: Operand<Float>, into y: Destination<Float>, winners: inout MutableSpan<UInt8>
    ) {
        checkMaxima(of: pool)
        require(x.count, rows * pool.inputCount, "The input of a pooling")
        require(min(y.count, winners.count), rows * pool.outputCount, "An output of a pooling")
        guard let f = table?.call.mixed_max_pool else { return reference.maxPool(rows: rows, pool, x, into: y, winners: &winners) }
        var window = pool.window
        f(rows, &window, x.c, y.c, winners.address)
    }

    package func maxPoolGradient(
        rows: Int, _ pool: WindowShape, winners: Span<UInt8>, outputGradient: Operand<Float>, into dx: Destination<Float>
    ) {
        checkMaxima(of: pool)
        require(min(winners.count, outputGradient.count), rows * pool.outputCount, "An output of a pooling")
        require(dx.count, rows * pool.inputCount, "The input gradient of a pooling")
        guard let f = table?.call.mixed_max_pool_gradient else {
            return reference.maxPoolGradient(rows: rows, pool, winners: winners, outputGradient: outputGradient, into: dx)
        }
        var window = pool.window
        f(rows, &window, winners.address, outputGradient.c, dx.c)
    }

    package func averagePool(rows: Int, _ pool: WindowShape, countIncludesPad: Bool, _ x: Operand<Float>, into y: Destination<Float>) {
        checkAverages(of: pool)
        require(x.count, rows * pool.inputCount, "The input of a pooling")
        require(y.count, rows * pool.outputCount, "The output of a pooling")
        guard let f = table?.call.mixed_average_pool else {
            return reference.averagePool(rows: rows, pool, countIncludesPad: countIncludesPad, x, into: y)
        }
        var window = pool.window
        f(rows, &window, countIncludesPad ? 1 : 0, x.c, y.c)
    }

    package func averagePoolGradient(
        rows: Int, _ pool: WindowShape, countIncludesPad: Bool, outputGradient: Operand<Float>, into dx: Destination<Float>
    ) {
        checkAverages(of: pool)
        require(outputGradient.count, rows * pool.outputCount, "The output gradient of a pooling")
        require(dx.count, rows * pool.inputCount, "The input gradient of a pooling")
        guard let f = table?.call.mixed_average_pool_gradient else {
            return reference.averagePoolGradient(
                rows: rows, pool, countIncludesPad: countIncludesPad, outputGradient: outputGradient, into: dx)
        }
        var window = pool.window
        f(rows, &window, countIncludesPad ? 1 : 0, outputGradient.c, dx.c)
    }
}
