import Kernels

extension KernelBench {
    /// Packing of products' weights and of convolutions', for both directions.
    func packings() -> [Case] {
        StorageType.allCases.flatMap { type -> [Case] in
            let matrices = [(384, 1536), (768, 3072), (512, 512), (2048, 2048)].flatMap { k, n in
                [false, true].map { transposed in
                    let packing = WeightPacking(k: k, n: n, transposed: transposed, type: type)
                    return Case(kernel: transposed ? "packing, transposed" : "packing", shape: "\(k)×\(n)", type: type) {
                        [kernels] memory in
                        let plain = memory.operand(k * n)
                        let packed = memory.packed(k * n, type, bytes: kernels.packedBytes(packing))
                        return { kernels.pack(packing, weights: plain, into: packed) }
                    }
                }
            }
            let windows = [Self.resNet[1], Self.resNet[7], Self.resNet[10]].flatMap { layer in
                [false, true].map { backward in
                    let call = ConvolutionCall(layer.window, type: type, packedWeights: true)
                    return Case(
                        kernel: backward ? "convolution packing for the input gradient" : "convolution packing",
                        shape: "\(layer.window)", type: type
                    ) { [kernels] memory in
                        let plain = memory.operand(layer.window.weightCount)
                        let packed = memory.packed(
                            layer.window.weightCount, type, bytes: kernels.packedBytes(call, forInputGradient: backward))
                        return { kernels.pack(call, forInputGradient: backward, weights: plain, into: packed) }
                    }
                }
            }
            return matrices + windows
        }
    }
}
