/// Pooling on either storage type. Every result is one sum or one choice in scalars, stored once: gradients gather what the windows over
/// an input cell send to it, in ascending order of the windows, rather than adding to memory that would round each time.
extension ReferenceKernels {
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func maxPool(
        rows: Int, _ pool: WindowShape, _ x: Operand<Scalar>, into y: Destination<Scalar>, winners: inout MutableSpan<UInt8>
    ) {
        checkMaxima(of: pool)
        let channels = pool.inputChannels
        for position in 0..<rows * pool.outputHeight * pool.outputWidth {
            let (r, py, px) = pool.split(position)
            for c in 0..<channels {
                var (best, winner) = (Scalar(0), -1)
                for cell in 0..<pool.windowCount {
                    guard let (iy, ix) = pool.cell(py, px, cell) else { continue }
                    let value = x[r * pool.inputCount + (iy * pool.inputWidth + ix) * channels + c]
                    if winner < 0 || value > best || value.isNaN { (best, winner) = (value, cell) }
                }
                y[position * channels + c] = best
                winners[position * channels + c] = UInt8(winner)
            }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func maxPoolGradient(
        rows: Int, _ pool: WindowShape, winners: Span<UInt8>, outputGradient: Operand<Scalar>, into dx: Destination<Scalar>
    ) {
        checkMaxima(of: pool)
        gather(rows, pool, outputGradient, into: dx) { index, _, _, cell, value in
            Int(winners[index]) == cell ? value : nil
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func averagePool(rows: Int, _ pool: WindowShape, countIncludesPad: Bool, _ x: Operand<Scalar>, into y: Destination<Scalar>) {
        checkAverages(of: pool)
        let channels = pool.inputChannels
        for position in 0..<rows * pool.outputHeight * pool.outputWidth {
            let (r, py, px) = pool.split(position)
            let share = Scalar(rounding: pool.share(py, px, countIncludesPad: countIncludesPad))
            for c in 0..<channels {
                var sum: Scalar = 0
                for cell in 0..<pool.windowCount {
                    guard let (iy, ix) = pool.cell(py, px, cell) else { continue }
                    sum += x[r * pool.inputCount + (iy * pool.inputWidth + ix) * channels + c]
                }
                y[position * channels + c] = sum * share
            }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func averagePoolGradient(
        rows: Int, _ pool: WindowShape, countIncludesPad: Bool, outputGradient: Operand<Scalar>, into dx: Destination<Scalar>
    ) {
        checkAverages(of: pool)
        gather(rows, pool, outputGradient, into: dx) { _, py, px, _, value in
            value * Scalar(rounding: pool.share(py, px, countIncludesPad: countIncludesPad))
        }
    }

    /// dx = Σ over the windows that contain a cell of `part`(index of the window's output, its row, its column, the cell's position in
    /// it, the output's gradient); nil adds nothing.
    @inline(__always)
    private func gather(
        _ rows: Int, _ pool: WindowShape, _ dy: Operand<Scalar>, into dx: Destination<Scalar>,
        part: (Int, Int, Int, Int, Scalar) -> Scalar?
    ) {
        let channels = pool.inputChannels
        for r in 0..<rows {
            for iy in 0..<pool.inputHeight {
                for ix in 0..<pool.inputWidth {
                    for c in 0..<channels {
                        var sum: Scalar = 0
                        for py in 0..<pool.outputHeight {
                            let ky = iy + pool.padTop - py * pool.strideHeight
                            if ky < 0 || ky >= pool.kernelHeight { continue }
                            for px in 0..<pool.outputWidth {
                                let kx = ix + pool.padLeft - px * pool.strideWidth
                                if kx < 0 || kx >= pool.kernelWidth { continue }
                                let index = ((r * pool.outputHeight + py) * pool.outputWidth + px) * channels + c
                                if let term = part(index, py, px, ky * pool.kernelWidth + kx, dy[index]) { sum += term }
                            }
                        }
                        dx[((r * pool.inputHeight + iy) * pool.inputWidth + ix) * channels + c] = sum
                    }
                }
            }
        }
    }
}

/// A winner is a byte.
func checkMaxima(of pool: WindowShape) {
    precondition(pool.outputChannels == pool.inputChannels, "A pooling keeps its channels: \(pool)")
    precondition(pool.windowCount <= WindowShape.mostInPooling, "A pool window has at most 256 positions, not \(pool.windowCount)")
}

/// The gradient gathers the windows over a cell side by side.
func checkAverages(of pool: WindowShape) {
    precondition(pool.outputChannels == pool.inputChannels, "A pooling keeps its channels: \(pool)")
    precondition(pool.windowsOverCell <= WindowShape.mostInPooling, "At most 256 windows of a pool overlap, not \(pool.windowsOverCell)")
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
