import Kernels
import TensorCore

extension Lowering {
    /// Bytes of scratch at full capacity, which by the kernels' contract is enough for fewer rows.
    static func workspace(of node: Node, _ graph: Graph, capacity: Int, _ kernels: K, _ precision: Precision) -> Int {
        let scalar = MemoryLayout<K.Scalar>.stride
        switch node.operation {
        case .matmul(let form, _):
            let extents = MatmulExtents(form, graph[node.inputs[0]], graph[node.inputs[1]])
            var product = product(node, graph, extents.shape(rows: capacity))
            product.packedWeights = isPacked(node, product, graph, kernels)
            return kernels.productWorkspace(product)
        case .addBias:
            let x = graph[node.inputs[0]]
            let rows = x.lead * (x.extent == .rows ? capacity : 1)
            return kernels.matmulWorkspace(MatmulShape(.nn, m: rows, n: x.columns, k: 0)) * scalar
        case .convolution(let window, _), .convolutionInputGradient(let window, _), .convolutionWeightGradient(let window, _):
            var call = convolution(window, precision, packed: isConvolutionPacked(node, graph))
            call.measures = node.operation.riders?.statistics != nil
            return kernels.convolutionWorkspace(call)
        case .convolutionPool(let both), .convolutionPoolGradients(let both, _, _):
            return kernels.convolvePoolWorkspace(convolution: both.convolution, pool: both.pool) * scalar
        case .attention(let call), .attentionGradient(let call):
            return kernels.attentionWorkspace(call, precision.storage)
        case .lstm(let call), .lstmGradient(let call, _):
            return kernels.lstmWorkspace(lstm(call, precision), rows: capacity, precision.storage)
        default:
            return 0
        }
    }

    /// How a product is called; whether its weights are packed is decided by ``isPacked(_:_:_:_:)``.
    static func product(_ node: Node, _ graph: Graph, _ shape: MatmulShape) -> Product {
        Product(
            shape, operands: graph[node.inputs[0]].element == .bfloat16 ? .bfloat16 : .scalar,
            result: graph[node.outputs[0]].element == .bfloat16 ? .bfloat16 : .scalar)
    }

    /// Whether b is a parameter that the level wants packed. In bf16 it always is: parameters are stored in scalars.
    static func isPacked(_ node: Node, _ product: Product, _ graph: Graph, _ kernels: K) -> Bool {
        guard graph.parameterValues.contains(node.inputs[1]), graph[node.inputs[0]].extent == .rows else { return false }
        return product.operands == .bfloat16 || kernels.prefersPackedWeights(product)
    }

    /// Convolutions know by their type whether products are of bf16; what their operands are stored in is another matter.
    static func convolution(_ window: WindowShape, _ precision: Precision, packed: Bool) -> ConvolutionCall {
        ConvolutionCall(window, type: precision.storage, packedWeights: packed)
    }

    /// Whether a convolution's weights are a parameter, which can be packed once per step.
    static func isConvolutionPacked(_ node: Node, _ graph: Graph) -> Bool {
        if case .convolutionWeightGradient = node.operation { return true }
        return graph.parameterValues.contains(node.inputs[1])
    }

    static func lstm(_ call: LSTMCall, _ precision: Precision) -> LSTMCall {
        var call = call
        call.type = precision.storage
        call.packedWeights = true
        return call
    }
}

extension Precision {
    /// What products multiply.
    var storage: StorageType { self == .bf16 ? .bfloat16 : .scalar }
}
