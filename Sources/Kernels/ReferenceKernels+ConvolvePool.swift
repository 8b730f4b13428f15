extension ReferenceKernels {
    package func convolvePoolWorkspace(convolution: WindowShape, pool: WindowShape) -> Int { convolution.outputChannels }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func convolvePool(
        rows: Int, convolution: WindowShape, pool: WindowShape, _ x: Span<Scalar>, weights: Span<Scalar>, bias: Span<Scalar>,
        activation: Activation, into y: inout MutableSpan<Scalar>, winners: inout MutableSpan<UInt8>,
        workspace: inout MutableSpan<Scalar>
    ) {
        checkFusion(convolution, pool, activation)
        let filters = convolution.outputChannels
        for r in 0..<rows {
            for py in 0..<pool.outputHeight {
                for px in 0..<pool.outputWidth {
                    let out = r * pool.outputCount + (py * pool.outputWidth + px) * filters
                    var isFirst = true
                    for cell in 0..<pool.windowCount {
                        guard let (oy, ox) = pool.cell(py, px, cell) else { continue }
                        for f in 0..<filters { workspace[f] = bias.isEmpty ? 0 : bias[f] }
                        for ky in 0..<convolution.kernelHeight {
                            for kx in 0..<convolution.kernelWidth {
                                guard let pixel = convolution.pixel(oy, ox, ky, kx) else { continue }
                                for c in 0..<convolution.inputChannels {
                                    let value = x[r * convolution.inputCount + pixel + c]
                                    let line = ((ky * convolution.kernelWidth + kx) * convolution.inputChannels + c) * filters
                                    for f in 0..<filters { workspace[f] += value * weights[line + f] }
                                }
                            }
                        }
                        for f in 0..<filters {
                            let value = ActivationMath.value(activation, workspace[f])
                            if isFirst || value > y[out + f] || value.isNaN {
                                y[out + f] = value
                                winners[out + f] = UInt8(cell)
                            }
                        }
                        isFirst = false
                    }
                }
            }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func convolvePoolGradients(
        rows: Int, convolution: WindowShape, pool: WindowShape, _ x: Span<Scalar>, weights: Span<Scalar>, activation: Activation,
        output y: Span<Scalar>, winners: Span<UInt8>, outputGradient dy: Span<Scalar>, weightGradient dw: inout MutableSpan<Scalar>,
        biasGradient: inout MutableSpan<Scalar>, inputGradient dx: inout MutableSpan<Scalar>, workspace: inout MutableSpan<Scalar>
    ) {
        checkFusion(convolution, pool, activation)
        let filters = convolution.outputChannels
        for i in 0..<convolution.weightCount { dw[i] = 0 }
        if !biasGradient.isEmpty {
            for f in 0..<filters { biasGradient[f] = 0 }
        }
        if !dx.isEmpty {
            for i in 0..<rows * convolution.inputCount { dx[i] = 0 }
        }
        for position in 0..<rows * pool.outputHeight * pool.outputWidth {
            let r = position / (pool.outputHeight * pool.outputWidth)
            let (py, px) = (position / pool.outputWidth % pool.outputHeight, position % pool.outputWidth)
            for f in 0..<filters {
                let at = position * filters + f
                // Nested, not &&: the compiler (6.3) loses track of a span captured in the operator's closure here.
                if activation == .relu {
                    if y[at] <= 0 { continue }
                }
                guard let (oy, ox) = pool.cell(py, px, Int(winners[at])) else { continue }
                let gradient = dy[at]
                if !biasGradient.isEmpty { biasGradient[f] += gradient }
                addWindow(
                    of: convolution, at: (oy, ox), sample: r, filter: f, gradient: gradient, x, weights: weights, into: &dw,
                    inputGradient: &dx)
            }
        }
    }

    /// What one output position contributes to the gradients: gradient·x to each weight of filter `f`, gradient·w to each pixel.
    private func addWindow(
        of convolution: WindowShape, at position: (Int, Int), sample r: Int, filter f: Int, gradient: Scalar, _ x: Span<Scalar>,
        weights: Span<Scalar>, into dw: inout MutableSpan<Scalar>, inputGradient dx: inout MutableSpan<Scalar>
    ) {
        let filters = convolution.outputChannels
        let wantsInput = !dx.isEmpty
        for ky in 0..<convolution.kernelHeight {
            for kx in 0..<convolution.kernelWidth {
                guard let pixel = convolution.pixel(position.0, position.1, ky, kx) else { continue }
                for c in 0..<convolution.inputChannels {
                    let input = r * convolution.inputCount + pixel + c
                    let weight = ((ky * convolution.kernelWidth + kx) * convolution.inputChannels + c) * filters + f
                    dw[weight] += x[input] * gradient
                    if wantsInput { dx[input] += weights[weight] * gradient }
                }
            }
        }
    }
}

func checkFusion(_ convolution: WindowShape, _ pool: WindowShape, _ activation: Activation) {
    precondition(
        pool.inputHeight == convolution.outputHeight && pool.inputWidth == convolution.outputWidth
            && pool.inputChannels == convolution.outputChannels && pool.outputChannels == pool.inputChannels,
        "The pooling (\(pool)) does not follow the convolution (\(convolution))")
    precondition(pool.windowCount <= 256, "A pool window has at most 256 positions, not \(pool.windowCount)")
    precondition(activation == .identity || activation == .relu, "Only identity and relu ride on a pooled convolution, not \(activation)")
}

extension WindowShape {
    /// The input position under cell `cell` of the window of output (py, px); nil in the padding.
    @inline(__always)
    func cell(_ py: Int, _ px: Int, _ cell: Int) -> (Int, Int)? {
        let iy = py * strideHeight + cell / kernelWidth - padTop
        let ix = px * strideWidth + cell % kernelWidth - padLeft
        guard iy >= 0 && iy < inputHeight && ix >= 0 && ix < inputWidth else { return nil }
        return (iy, ix)
    }

    /// Offset of channel 0 of the input pixel under window cell (ky, kx) of output (oy, ox); nil in the padding.
    @inline(__always)
    func pixel(_ oy: Int, _ ox: Int, _ ky: Int, _ kx: Int) -> Int? {
        let iy = oy * strideHeight + ky - padTop
        let ix = ox * strideWidth + kx - padLeft
        guard iy >= 0 && iy < inputHeight && ix >= 0 && ix < inputWidth else { return nil }
        return (iy * inputWidth + ix) * inputChannels
    }
}
