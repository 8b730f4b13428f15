import Kernels

extension KernelBench {
    /// Rows, contraction, columns of a layer's forward product; backward has the same three in other roles.
    private static let layers: [(name: String, rows: Int, inputs: Int, outputs: Int)] = [
        ("mlp-small", 32, 784, 64), ("mlp-small", 32, 64, 64), ("mlp-small", 32, 64, 10),
        ("mlp", 128, 784, 1024), ("mlp", 128, 1024, 1024), ("mlp", 128, 1024, 10),
        ("cnn", 32, 5408, 64), ("lstm", 2048, 256, 1024), ("lstm", 2048, 256, 65),
        ("gpt-mini", 2048, 384, 1152), ("gpt-mini", 2048, 384, 384), ("gpt-mini", 2048, 384, 1536), ("gpt-mini", 2048, 1536, 384),
        ("gpt-mini", 2048, 384, 65), ("gpt2", 1024, 768, 2304), ("gpt2", 1024, 768, 3072), ("gpt2", 1024, 3072, 768),
        ("gpt2", 1024, 768, 50257),
    ]

    /// Forward products, input gradients and weight gradients of the workloads' layers, and square ones.
    func products() -> [Maker] {
        let squares = [64, 128, 256, 512, 1024, 2048].map { ("square", $0, $0, $0) }
        return StorageType.allCases.flatMap { type in
            (squares + Self.layers).flatMap { layer in
                [MatmulForm.nn, .nt, .tn].map { form in product(layer.0, form, rows: layer.1, inputs: layer.2, outputs: layer.3, type) }
            }
        }
    }

    private func product(_ name: String, _ form: MatmulForm, rows: Int, inputs: Int, outputs: Int, _ type: StorageType) -> Maker {
        let what = form == .nn ? "forward" : form == .nt ? "input gradient" : "weight gradient"
        return Maker(name: "product \(name) \(what)") { [kernels] in
            let shape =
                switch form {
                case .tn: MatmulShape(.tn, m: inputs, n: outputs, k: rows)
                case .nt: MatmulShape(.nt, m: rows, n: inputs, k: outputs)
                default: MatmulShape(.nn, m: rows, n: outputs, k: inputs)
                }
            // Gradients of weights are fp32 whatever is multiplied.
            var product = Product(shape, operands: type, result: form == .tn ? .scalar : type)
            product.packedWeights = form != .tn && kernels.prefersPackedWeights(product)
            let memory = BenchMemory()
            let (a, b) = (
                memory.operand(shape.m * shape.k, type), memory.operand(shape.k * shape.n, product.packedWeights ? .scalar : type)
            )
            var weights: WeightOperand<Float>?
            if product.packedWeights {
                let packing = WeightPacking(k: shape.k, n: shape.n, transposed: form == .nt, type: type)
                let packed = memory.scratch(kernels.packedBytes(packing))
                kernels.pack(packing, weights: b, into: packed)
                weights = WeightOperand(base: packed.base.map { UnsafeRawPointer($0) }, count: packed.bytes, isPacked: true)
            }
            let c = memory.destination(shape.m * shape.n, product.result)
            let workspace = memory.scratch(kernels.productWorkspace(product))
            let size = type == .scalar ? 4 : 2
            let fixed = product
            let packedWeights = weights
            return Case(
                kernel: "product", shape: "\(name) \(shape)\(fixed.packedWeights ? " packed" : "")", type: type,
                flops: 2 * Double(shape.m) * Double(shape.n) * Double(shape.k),
                bytes: Double(size * (shape.m * shape.k + shape.k * shape.n) + (form == .tn ? 4 : size) * shape.m * shape.n)
            ) {
                withExtendedLifetime(memory) {
                    kernels.product(
                        fixed, a, packedWeights == nil ? b : .absent, weights: packedWeights, epilogue: Epilogue(), into: c,
                        bSums: .absent, workspace: workspace)
                }
            }
        }
    }
}
