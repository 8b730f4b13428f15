extension ReferenceKernels {
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func maxPool(
        rows: Int, _ pool: WindowShape, _ x: Span<Scalar>, into y: inout MutableSpan<Scalar>, winners: inout MutableSpan<UInt8>
    ) {
        checkPool(pool)
        let channels = pool.inputChannels
        for position in 0..<rows * pool.outputHeight * pool.outputWidth {
            let (r, py, px) = pool.split(position)
            let out = position * channels
            var isFirst = true
            for cell in 0..<pool.windowCount {
                guard let (iy, ix) = pool.cell(py, px, cell) else { continue }
                let input = r * pool.inputCount + (iy * pool.inputWidth + ix) * channels
                for c in 0..<channels {
                    let value = x[input + c]
                    if isFirst || value > y[out + c] || value.isNaN {
                        y[out + c] = value
                        winners[out + c] = UInt8(cell)
                    }
                }
                isFirst = false
            }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func maxPoolGradient(
        rows: Int, _ pool: WindowShape, winners: Span<UInt8>, outputGradient: Span<Scalar>, into dx: inout MutableSpan<Scalar>
    ) {
        checkPool(pool)
        let channels = pool.inputChannels
        for i in 0..<rows * pool.inputCount { dx[i] = 0 }
        for position in 0..<rows * pool.outputHeight * pool.outputWidth {
            let (r, py, px) = pool.split(position)
            for c in 0..<channels {
                guard let (iy, ix) = pool.cell(py, px, Int(winners[position * channels + c])) else { continue }
                dx[r * pool.inputCount + (iy * pool.inputWidth + ix) * channels + c] += outputGradient[position * channels + c]
            }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func averagePool(
        rows: Int, _ pool: WindowShape, countIncludesPad: Bool, _ x: Span<Scalar>, into y: inout MutableSpan<Scalar>
    ) {
        checkPool(pool)
        let channels = pool.inputChannels
        for position in 0..<rows * pool.outputHeight * pool.outputWidth {
            let (r, py, px) = pool.split(position)
            let out = position * channels
            for c in 0..<channels { y[out + c] = 0 }
            for cell in 0..<pool.windowCount {
                guard let (iy, ix) = pool.cell(py, px, cell) else { continue }
                let input = r * pool.inputCount + (iy * pool.inputWidth + ix) * channels
                for c in 0..<channels { y[out + c] += x[input + c] }
            }
            let share = Scalar(rounding: pool.share(py, px, countIncludesPad: countIncludesPad))
            for c in 0..<channels { y[out + c] *= share }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func averagePoolGradient(
        rows: Int, _ pool: WindowShape, countIncludesPad: Bool, outputGradient: Span<Scalar>, into dx: inout MutableSpan<Scalar>
    ) {
        checkPool(pool)
        let channels = pool.inputChannels
        for i in 0..<rows * pool.inputCount { dx[i] = 0 }
        for position in 0..<rows * pool.outputHeight * pool.outputWidth {
            let (r, py, px) = pool.split(position)
            let share = Scalar(rounding: pool.share(py, px, countIncludesPad: countIncludesPad))
            for cell in 0..<pool.windowCount {
                guard let (iy, ix) = pool.cell(py, px, cell) else { continue }
                let input = r * pool.inputCount + (iy * pool.inputWidth + ix) * channels
                for c in 0..<channels { dx[input + c] += outputGradient[position * channels + c] * share }
            }
        }
    }
}

func checkPool(_ pool: WindowShape) {
    precondition(pool.outputChannels == pool.inputChannels, "A pooling keeps its channels: \(pool)")
    precondition(pool.windowCount <= 256, "A pool window has at most 256 positions, not \(pool.windowCount)")
}

extension WindowShape {
    /// (batch row, output row, output column) of a position in [B, oh, ow].
    @inline(__always)
    func split(_ position: Int) -> (Int, Int, Int) {
        (position / (outputHeight * outputWidth), position / outputWidth % outputHeight, position % outputWidth)
    }

    /// One over the number of cells that an average counts at output (py, px).
    func share(_ py: Int, _ px: Int, countIncludesPad: Bool) -> Double {
        let top = py * strideHeight - padTop
        let left = px * strideWidth - padLeft
        if countIncludesPad {
            // As PyTorch: the window may not reach beyond the padding below and to the right.
            let height = min(top + kernelHeight, inputHeight + padBottom) - top
            let width = min(left + kernelWidth, inputWidth + padRight) - left
            return 1 / Double(height * width)
        }
        let height = min(top + kernelHeight, inputHeight) - max(top, 0)
        let width = min(left + kernelWidth, inputWidth) - max(left, 0)
        return 1 / Double(height * width)
    }
}
