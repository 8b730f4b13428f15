extension ReferenceKernels {
    package func convolutionWorkspace(_ shape: WindowShape) -> Int { 0 }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func convolve(
        rows: Int, _ shape: WindowShape, _ x: Span<Scalar>, weights: Span<Scalar>, bias: Span<Scalar>, activation: Activation,
        into y: inout MutableSpan<Scalar>, workspace: inout MutableSpan<Scalar>
    ) {
        let filters = shape.outputChannels
        for r in 0..<rows {
            for oy in 0..<shape.outputHeight {
                for ox in 0..<shape.outputWidth {
                    let out = r * shape.outputCount + (oy * shape.outputWidth + ox) * filters
                    for f in 0..<filters { y[out + f] = bias.isEmpty ? 0 : bias[f] }
                    for ky in 0..<shape.kernelHeight {
                        for kx in 0..<shape.kernelWidth {
                            guard let pixel = shape.pixel(oy, ox, ky, kx) else { continue }
                            for c in 0..<shape.inputChannels {
                                let value = x[r * shape.inputCount + pixel + c]
                                let line = ((ky * shape.kernelWidth + kx) * shape.inputChannels + c) * filters
                                for f in 0..<filters { y[out + f] += value * weights[line + f] }
                            }
                        }
                    }
                    if activation != .identity {
                        for f in 0..<filters { y[out + f] = ActivationMath.value(activation, y[out + f]) }
                    }
                }
            }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func convolutionInputGradient(
        rows: Int, _ shape: WindowShape, outputGradient: Span<Scalar>, weights: Span<Scalar>, into dx: inout MutableSpan<Scalar>,
        workspace: inout MutableSpan<Scalar>
    ) {
        for i in 0..<rows * shape.inputCount { dx[i] = 0 }
        for r in 0..<rows {
            for oy in 0..<shape.outputHeight {
                for ox in 0..<shape.outputWidth {
                    let out = r * shape.outputCount + (oy * shape.outputWidth + ox) * shape.outputChannels
                    addInputGradient(r, shape, oy, ox, outputGradient, from: out, weights: weights, to: &dx)
                }
            }
        }
    }

    /// dx += what one output position (its gradient starts at `out` in dy) sends back through its window.
    @inline(__always)
    func addInputGradient(
        _ r: Int, _ shape: WindowShape, _ oy: Int, _ ox: Int, _ dy: Span<Scalar>, from out: Int, weights: Span<Scalar>,
        to dx: inout MutableSpan<Scalar>
    ) {
        for ky in 0..<shape.kernelHeight {
            for kx in 0..<shape.kernelWidth {
                guard let pixel = shape.pixel(oy, ox, ky, kx) else { continue }
                for c in 0..<shape.inputChannels {
                    let line = ((ky * shape.kernelWidth + kx) * shape.inputChannels + c) * shape.outputChannels
                    var sum: Scalar = 0
                    for f in 0..<shape.outputChannels { sum += dy[out + f] * weights[line + f] }
                    dx[r * shape.inputCount + pixel + c] += sum
                }
            }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func convolutionWeightGradient(
        rows: Int, _ shape: WindowShape, _ x: Span<Scalar>, outputGradient: Span<Scalar>, into dw: inout MutableSpan<Scalar>,
        workspace: inout MutableSpan<Scalar>
    ) {
        for i in 0..<shape.weightCount { dw[i] = 0 }
        let filters = shape.outputChannels
        for r in 0..<rows {
            for oy in 0..<shape.outputHeight {
                for ox in 0..<shape.outputWidth {
                    let out = r * shape.outputCount + (oy * shape.outputWidth + ox) * filters
                    for ky in 0..<shape.kernelHeight {
                        for kx in 0..<shape.kernelWidth {
                            guard let pixel = shape.pixel(oy, ox, ky, kx) else { continue }
                            for c in 0..<shape.inputChannels {
                                let value = x[r * shape.inputCount + pixel + c]
                                let line = ((ky * shape.kernelWidth + kx) * shape.inputChannels + c) * filters
                                for f in 0..<filters { dw[line + f] += value * outputGradient[out + f] }
                            }
                        }
                    }
                }
            }
        }
    }
}

extension WindowShape {
    /// Offset of channel 0 of the input pixel under window cell (ky, kx) of output (oy, ox); nil in the padding.
    @inline(__always)
    func pixel(_ oy: Int, _ ox: Int, _ ky: Int, _ kx: Int) -> Int? {
        let iy = oy * strideHeight + ky - padTop
        let ix = ox * strideWidth + kx - padLeft
        guard iy >= 0 && iy < inputHeight && ix >= 0 && ix < inputWidth else { return nil }
        return (iy * inputWidth + ix) * inputChannels
    }
}
