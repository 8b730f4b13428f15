import Kernels
import TensorCore

extension Lowering {
    mutating func productInstruction(_ node: Node, _ operands: [Slot], _ results: [Slot], _ workspace: Slot) -> Instruction {
        guard case .matmul(let form, let riders) = node.operation else { preconditionFailure("not a matmul") }
        let extents = MatmulExtents(form, graph[node.inputs[0]], graph[node.inputs[1]])
        let product = Lowering.product(node, graph, extents.shape(rows: capacity))
        let isPacked = Lowering.isPacked(node, product, graph, kernels)
        let packing = WeightPacking(k: extents.k, n: extents.n, transposed: extents.form.bTransposed, type: product.operands)
        let weights = isPacked ? packedMatrix(node.inputs[1], packing) : .absent
        return .product(
            ProductInstruction(
                extents: extents, operands: product.operands, result: product.result, packed: isPacked, a: operands[0],
                b: isPacked ? .absent : operands[1], weights: weights, riders: riderSlots(riders, operands, results), into: results[0],
                sums: riders.sums ? results[results.count - 1] : .absent, workspace: workspace))
    }

    /// The operands of an epilogue: see ``Riders`` for their order.
    func riderSlots(_ riders: Riders, _ operands: [Slot], _ results: [Slot]) -> RiderSlots {
        var rest = operands.dropFirst(2)
        let bias = riders.bias ? rest.removeFirst() : .absent
        let gate = riders.gate == .none ? Slot.absent : rest.removeFirst()
        let residual = riders.residual ? rest.removeFirst() : .absent
        return RiderSlots(
            activation: riders.activation, gate: riders.gate, bias: bias, gateData: gate, residual: residual,
            slope: riders.slope ? results[1] : .absent)
    }

    /// The packed copy of a weight matrix.
    mutating func packedMatrix(_ value: ValueID, _ packing: WeightPacking) -> Slot {
        packed.slot(PackedWeights(parameter: parameter(value), form: .matrix(packing)), source: slot(value), kernels)
    }

    /// The packed copy of a convolution's weights; the weights themselves if they are not a parameter.
    mutating func convolutionWeights(_ value: ValueID, _ call: ConvolutionCall, forInputGradient: Bool) -> Slot {
        guard call.packedWeights else { return slot(value) }
        return packed.slot(
            PackedWeights(parameter: parameter(value), form: .convolution(call, forInputGradient: forInputGradient)),
            source: slot(value), kernels)
    }

    private func parameter(_ value: ValueID) -> Int {
        guard let index = graph.parameterValues.firstIndex(of: value) else {
            preconditionFailure("Lowering: only parameters can be packed, value \(value.index) is computed")
        }
        return index
    }
}
