extension ReferenceKernels {
    package func convolutionWorkspace(_ call: ConvolutionCall) -> Int { 0 }

    /// Each output is one chain over (ky, kx, c) from the bias.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func convolution(
        _ call: ConvolutionCall, rows: Int, _ x: Operand<Scalar>, weights: WeightOperand<Scalar>, epilogue: Epilogue<Scalar>,
        into y: Destination<Scalar>, statistics: OutputStatistics<Scalar>, workspace: Scratch
    ) {
        let shape = call.window
        let (channels, filters) = (shape.inputChannels / shape.groups, shape.outputChannels / shape.groups)
        let w = weights.elements
        for r in 0..<rows {
            for oy in 0..<shape.outputHeight {
                for ox in 0..<shape.outputWidth {
                    for f in 0..<shape.outputChannels {
                        var sum = epilogue.bias.isEmpty ? 0 : epilogue.bias[f]
                        for ky in 0..<shape.kernelHeight {
                            for kx in 0..<shape.kernelWidth {
                                guard let pixel = shape.inputPixel(oy, ox, ky, kx) else { continue }
                                let from = r * shape.inputCount + pixel * shape.inputChannels + f / filters * channels
                                let line = (ky * shape.kernelWidth + kx) * channels
                                for c in 0..<channels {
                                    sum += call.factor(x[from + c]) * call.factor(w[(line + c) * shape.outputChannels + f])
                                }
                            }
                        }
                        let to = ((r * shape.outputHeight + oy) * shape.outputWidth + ox) * shape.outputChannels + f
                        epilogue.store(sum, at: to, into: y)
                    }
                }
            }
        }
        if !call.measures { return }
        batchNormStatistics(
            rows: rows * shape.outputHeight * shape.outputWidth, columns: shape.outputChannels, epsilon: statistics.epsilon, y.operand,
            mean: statistics.mean, inverse: statistics.inverse)
    }

    /// Each element of dx is one chain over (ky, kx, f).
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func convolutionInputGradient(
        _ call: ConvolutionCall, rows: Int, outputGradient: Operand<Scalar>, weights: WeightOperand<Scalar>, epilogue: Epilogue<Scalar>,
        into dx: Destination<Scalar>, workspace: Scratch
    ) {
        let shape = call.window
        let (channels, filters) = (shape.inputChannels / shape.groups, shape.outputChannels / shape.groups)
        let w = weights.elements
        for r in 0..<rows {
            for iy in 0..<shape.inputHeight {
                for ix in 0..<shape.inputWidth {
                    for c in 0..<shape.inputChannels {
                        var sum = epilogue.bias.isEmpty ? 0 : epilogue.bias[c]
                        for ky in 0..<shape.kernelHeight {
                            for kx in 0..<shape.kernelWidth {
                                guard let pixel = shape.outputPixel(iy, ix, ky, kx) else { continue }
                                let from = r * shape.outputCount + pixel * shape.outputChannels + c / channels * filters
                                let line = (ky * shape.kernelWidth + kx) * channels + c % channels
                                for f in 0..<filters {
                                    let weight = w[line * shape.outputChannels + c / channels * filters + f]
                                    sum += call.factor(outputGradient[from + f]) * call.factor(weight)
                                }
                            }
                        }
                        let to = ((r * shape.inputHeight + iy) * shape.inputWidth + ix) * shape.inputChannels + c
                        epilogue.store(sum, at: to, into: dx)
                    }
                }
            }
        }
    }

    /// Each element of dw is one sum over the rows and their pixels.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func convolutionWeightGradient(
        _ call: ConvolutionCall, rows: Int, _ x: Operand<Scalar>, outputGradient: Operand<Scalar>, into dw: Destination<Scalar>,
        biasGradient: Destination<Scalar>, workspace: Scratch
    ) {
        let shape = call.window
        let (channels, filters) = (shape.inputChannels / shape.groups, shape.outputChannels / shape.groups)
        let pixels = shape.outputHeight * shape.outputWidth
        for i in 0..<shape.weightCount { dw[i] = 0 }
        for oy in 0..<rows * shape.outputHeight {
            let r = oy / shape.outputHeight
            for ox in 0..<shape.outputWidth {
                let out = (oy * shape.outputWidth + ox) * shape.outputChannels
                for ky in 0..<shape.kernelHeight {
                    for kx in 0..<shape.kernelWidth {
                        guard let pixel = shape.inputPixel(oy % shape.outputHeight, ox, ky, kx) else { continue }
                        let from = r * shape.inputCount + pixel * shape.inputChannels
                        let line = (ky * shape.kernelWidth + kx) * channels
                        for c in 0..<channels {
                            for f in 0..<shape.outputChannels {
                                let value = call.factor(x[from + f / filters * channels + c])
                                dw[(line + c) * shape.outputChannels + f] += value * call.factor(outputGradient[out + f])
                            }
                        }
                    }
                }
            }
        }
        if biasGradient.isEmpty { return }
        for f in 0..<shape.outputChannels {
            var sum: Scalar = 0
            for p in 0..<rows * pixels { sum += outputGradient[p * shape.outputChannels + f] }
            biasGradient[f] = sum
        }
    }

    /// The reference packs weights as they are.
    package func packedBytes(_ call: ConvolutionCall, forInputGradient: Bool) -> Int {
        call.window.weightCount * MemoryLayout<Scalar>.stride
    }

    package func pack(_ call: ConvolutionCall, forInputGradient: Bool, weights: Operand<Scalar>, into packed: Scratch) {
        let to = Destination<Scalar>(base: packed.base, count: call.window.weightCount, type: .scalar)
        for i in 0..<to.count { to[i] = weights[i] }
    }
}

extension ConvolutionCall {
    /// An operand's element as it is multiplied: rounded to the type of the products.
    @inline(__always)
    fileprivate func factor<Scalar: KernelScalar>(_ value: Scalar) -> Scalar {
        type == .scalar ? value : Scalar(BFloat16Bits.float(BFloat16Bits.rounding(Float(value))))
    }
}

extension WeightOperand {
    /// The elements as the reference holds them, packed or not.
    fileprivate var elements: Operand<Scalar> {
        Operand(base: base, count: isPacked ? count / MemoryLayout<Scalar>.stride : count, type: .scalar)
    }
}

extension Epilogue {
    /// Ends a sum that started from the bias.
    @inline(__always)
    fileprivate func store(_ z: Scalar, at index: Int, into y: Destination<Scalar>) {
        var value = activation == .identity ? z : ActivationMath.value(activation, z)
        if !slope.isEmpty { slope[index] = ActivationMath.slope(activation, saved: activation.gradientNeedsInput ? z : value) }
        switch gate {
        case .none: break
        case .open: value = gateData[index] > 0 ? value : 0
        case .factor: value *= gateData[index]
        }
        if !residual.isEmpty { value += residual[index] }
        y[index] = value
    }
}

extension WindowShape {
    /// The input pixel under window cell (ky, kx) of output (oy, ox); nil in the padding.
    @inline(__always)
    fileprivate func inputPixel(_ oy: Int, _ ox: Int, _ ky: Int, _ kx: Int) -> Int? {
        let iy = oy * strideHeight + ky * dilationHeight - padTop
        let ix = ox * strideWidth + kx * dilationWidth - padLeft
        guard iy >= 0 && iy < inputHeight && ix >= 0 && ix < inputWidth else { return nil }
        return iy * inputWidth + ix
    }

    /// The output pixel whose window cell (ky, kx) lies over input (iy, ix), if there is one.
    @inline(__always)
    fileprivate func outputPixel(_ iy: Int, _ ix: Int, _ ky: Int, _ kx: Int) -> Int? {
        let (top, left) = (iy + padTop - ky * dilationHeight, ix + padLeft - kx * dilationWidth)
        guard top >= 0 && left >= 0 && top % strideHeight == 0 && left % strideWidth == 0 else { return nil }
        let (oy, ox) = (top / strideHeight, left / strideWidth)
        guard oy < outputHeight && ox < outputWidth else { return nil }
        return oy * outputWidth + ox
    }
}
