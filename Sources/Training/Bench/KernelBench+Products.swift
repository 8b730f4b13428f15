import Kernels

extension KernelBench {
    /// Rows, contraction, columns of a layer's forward product; backward has the same three in other roles.
    private typealias Layer = (name: String, rows: Int, inputs: Int, outputs: Int)

    private static let layers: [Layer] = [
        ("mlp-small", 32, 784, 64), ("mlp-small", 32, 64, 64), ("mlp-small", 32, 64, 10),
        ("mlp", 128, 784, 1024), ("mlp", 128, 1024, 1024), ("mlp", 128, 1024, 10),
        ("cnn", 32, 5408, 64), ("cnn", 32, 64, 10), ("resnet18", 32, 512, 10), ("lstm", 2048, 256, 1024), ("lstm", 2048, 256, 65),
        ("gpt-mini", 2048, 384, 1152), ("gpt-mini", 2048, 384, 384), ("gpt-mini", 2048, 384, 1536), ("gpt-mini", 2048, 1536, 384),
        ("gpt-mini", 2048, 384, 65), ("gpt2", 1024, 768, 2304), ("gpt2", 1024, 768, 768), ("gpt2", 1024, 768, 3072),
        ("gpt2", 1024, 3072, 768), ("gpt2", 1024, 768, 50257),
    ]

    /// What rides on a product, and the layers where it does.
    private enum Rider: String, CaseIterable {
        case biasReLU = "product, bias and relu"
        case biasGELUSlope = "product, bias, gelu and its slope"
        case biasResidual = "product, bias and residual"
        case gateReLU = "product, input gradient, relu's gate"
        case gateSlope = "product, input gradient, gate by slope"
        case biasGradient = "product, weight gradient with bias gradient"

        var form: MatmulForm {
            switch self {
            case .biasReLU, .biasGELUSlope, .biasResidual: .nn
            case .gateReLU, .gateSlope: .nt
            case .biasGradient: .tn
            }
        }

        var layers: [Layer] {
            let square: Layer = ("square", 512, 512, 512)
            switch self {
            case .biasReLU, .gateReLU: return [("mlp-small", 32, 64, 64), ("mlp", 128, 1024, 1024), square]
            case .biasGELUSlope: return [("gpt-mini", 2048, 384, 1536), ("gpt2", 1024, 768, 3072), square]
            case .biasResidual, .gateSlope: return [("gpt-mini", 2048, 1536, 384), ("gpt2", 1024, 3072, 768), square]
            case .biasGradient: return [("mlp", 128, 1024, 1024), ("gpt-mini", 2048, 384, 1536), square]
            }
        }

        /// - Parameter count: of the product's result.
        func epilogue(columns: Int, count: Int, _ type: StorageType, _ memory: BenchMemory) -> Epilogue<Float> {
            var epilogue = Epilogue<Float>()
            switch self {
            case .biasReLU:
                epilogue.bias = memory.operand(columns)
                epilogue.activation = .relu
            case .biasGELUSlope:
                epilogue.bias = memory.operand(columns)
                epilogue.activation = .geluTanh
                epilogue.slope = memory.result(count, type)
            case .biasResidual:
                epilogue.bias = memory.operand(columns)
                epilogue.residual = memory.operand(count, type)
            case .gateReLU, .gateSlope:
                epilogue.gate = self == .gateReLU ? .open : .factor
                epilogue.gateData = memory.operand(count, type)
            case .biasGradient: break
            }
            return epilogue
        }
    }

    /// Forward products, input gradients and weight gradients of the workloads' layers, and square ones.
    func products() -> [Case] {
        let squares: [Layer] = [64, 128, 256, 512, 1024, 2048].map { ("square", $0, $0, $0) }
        return StorageType.allCases.flatMap { type in
            (squares + Self.layers).flatMap { layer in
                [("product", MatmulForm.nn), ("product, input gradient", .nt), ("product, weight gradient", .tn)].map {
                    product($0, $1, layer, type, rider: nil)
                }
            }
        }
    }

    /// Products with what rides on them.
    func fusedProducts() -> [Case] {
        StorageType.allCases.flatMap { type in
            Rider.allCases.flatMap { rider in rider.layers.map { product(rider.rawValue, rider.form, $0, type, rider: rider) } }
        }
    }

    private func product(_ name: String, _ form: MatmulForm, _ layer: Layer, _ type: StorageType, rider: Rider?) -> Case {
        let shape =
            switch form {
            case .tn: MatmulShape(.tn, m: layer.inputs, n: layer.outputs, k: layer.rows)
            case .nt: MatmulShape(.nt, m: layer.rows, n: layer.inputs, k: layer.outputs)
            default: MatmulShape(.nn, m: layer.rows, n: layer.outputs, k: layer.inputs)
            }
        // Gradients of weights are fp32 whatever is multiplied.
        var call = Product(shape, operands: type, result: form == .tn ? .scalar : type)
        call.packedWeights = form != .tn && kernels.prefersPackedWeights(call)
        return Case(
            kernel: name, shape: "\(layer.name) \(shape)\(call.packedWeights ? " packed" : "")", type: type,
            flops: 2 * shape.m * shape.n * shape.k
        ) { [kernels, call] memory in
            let count = shape.m * shape.n
            let a = memory.operand(shape.m * shape.k, type)
            var b = Operand<Float>.absent
            var weights: WeightOperand<Float>?
            if call.packedWeights {
                let packing = WeightPacking(k: shape.k, n: shape.n, transposed: form == .nt, type: type)
                weights = memory.weights(shape.k * shape.n, type, packedBytes: kernels.packedBytes(packing)) { plain, packed in
                    kernels.pack(packing, weights: plain, into: packed)
                }
            } else {
                b = memory.operand(shape.k * shape.n, type)
            }
            let c = memory.result(count, call.result)
            let epilogue = rider?.epilogue(columns: shape.n, count: count, type, memory) ?? Epilogue()
            let sums = rider == .biasGradient ? memory.result(shape.n) : .absent
            let workspace = memory.scratch(kernels.productWorkspace(call))
            return { [b, weights] in
                kernels.product(call, a, b, weights: weights, epilogue: epilogue, into: c, bSums: sums, workspace: workspace)
            }
        }
    }
}
