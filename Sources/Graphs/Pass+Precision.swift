import Kernels
import TensorCore

extension Graph {
    /// Stores activations and their gradients in bf16 where the operations that make and read them can, and converts where one cannot.
    ///
    /// A value per row becomes bf16 when its producer can store it and some reader takes it as it is. What is written from outside, what
    /// the caller reads, statistics and everything fixed (parameters, their gradients) stay in scalars. Products take two bf16 operands,
    /// so a feature matrix that comes in scalars is converted first.
    ///
    /// - Parameter gradients: the parameters' gradients, which stay in scalars.
    mutating func lowerPrecision(gradients: [ValueID]) {
        let kept = Set(outputs + gradients)
        let readers = readers()
        let roots = memoryRoots()
        // A reshape is another name for its source: decided together.
        var halves = Set<ValueID>()
        for node in nodes {
            for (index, output) in node.outputs.enumerated() where node.operation.storesHalf(output: index) {
                let names = values.indices.map(ValueID.init).filter { roots[$0.index] == output }
                let isWanted = names.contains { name in
                    readers[name.index].contains { reader in
                        storage(ofInput: reader.input, of: nodes[reader.node], stored: .bfloat16) == .bfloat16
                    }
                }
                if self[output].extent == .rows && self[output].element == .scalar && names.allSatisfy({ !kept.contains($0) }) && isWanted {
                    halves.formUnion(names)
                }
            }
        }
        for value in halves { store(value, as: .bfloat16) }
        insertConversions()
    }

    /// For each value, who reads it as which input.
    private func readers() -> [[(node: Int, input: Int)]] {
        var result = [[(node: Int, input: Int)]](repeating: [], count: values.count)
        for (position, node) in nodes.enumerated() {
            for (index, input) in node.inputs.enumerated() { result[input.index].append((position, index)) }
        }
        return result
    }

    private mutating func insertConversions() {
        var converted: [ValueID: ValueID] = [:]
        let before = nodes
        nodes = []
        for var node in before {
            for index in node.inputs.indices {
                let input = node.inputs[index]
                let value = self[input]
                guard value.extent == .rows, let wanted = storage(ofInput: index, of: node, stored: value.element), wanted != value.element
                else {
                    continue
                }
                if let there = converted[input] {
                    node.inputs[index] = there
                    continue
                }
                let output = declare(Value(shape: value.shape, extent: value.extent, element: wanted))
                nodes.append(Node(operation: .convert, inputs: [input], outputs: [output], phase: node.phase))
                converted[input] = output
                node.inputs[index] = output
            }
            nodes.append(node)
        }
    }
}

extension Graph {
    /// How a kernel wants an input that is stored in scalars or bf16; nil if it is neither.
    private func storage(ofInput input: Int, of node: Node, stored: Value.Element) -> Value.Element? {
        guard stored == .scalar || stored == .bfloat16 else { return nil }
        switch node.operation {
        case .matmul:
            if input >= 2 { return stored }
            return multipliesHalves(node) ? .bfloat16 : .scalar
        case .convolution, .convolutionInputGradient, .convolutionWeightGradient:
            return stored
        case .attention, .lstm: return input == 0 ? .bfloat16 : stored
        case .attentionGradient: return input == 0 || input == 1 || input == 3 ? .bfloat16 : stored
        case .lstmGradient: return input == 0 || (3...5).contains(input) ? .bfloat16 : stored
        case .activate, .activationGradient, .add, .multiply, .dropout, .columnSums, .rowSums, .layerNorm, .layerNormGradient, .normalise,
            .normaliseGradient, .batchStatistics, .batchContribution, .embeddingGradient, .maxPool, .maxPoolGradient, .averagePool,
            .averagePoolGradient, .convert, .reshape:
            return stored
        case .loss(.softmaxCrossEntropy), .lossGradient(.softmaxCrossEntropy), .lossWithGradient(.softmaxCrossEntropy): return stored
        default: return .scalar
        }
    }

    /// Whether a product is one of bf16: of two values per row, or of one with weights, which are packed for it.
    func multipliesHalves(_ node: Node) -> Bool {
        guard self[node.inputs[0]].extent == .rows else { return false }
        return self[node.inputs[1]].extent == .rows || parameterValues.contains(node.inputs[1])
    }
}

extension Operation {
    /// Whether the kernel can store that output in bf16.
    func storesHalf(output: Int) -> Bool {
        switch self {
        case .matmul(_, let riders): output == 0 || (riders.slope && output == 1)
        case .convolution(_, let riders): output == 0 || (riders.slope && output == 1)
        case .convolutionInputGradient, .activate, .activationGradient, .add, .multiply, .dropout, .layerNorm, .layerNormGradient,
            .normalise, .embedding, .attention, .attentionGradient, .maxPool, .maxPoolGradient, .averagePool, .averagePoolGradient:
            output == 0
        case .normaliseGradient: output == 0 || output == 3
        case .lstm: true
        case .lstmGradient: output == 4
        case .lossGradient(.softmaxCrossEntropy): output == 0
        case .lossWithGradient(.softmaxCrossEntropy): output == 1
        default: false
        }
    }
}
