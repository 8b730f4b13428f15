import Kernels
import TensorCore

extension Lowering {
    /// The instructions, in the order of the nodes.
    mutating func instructions() -> [Instruction] {
        var result: [Instruction] = []
        for (moment, node) in nodes.enumerated() { result.append(instruction(node, workspace: workspace(moment))) }
        return result
    }

    private mutating func instruction(_ node: Node, workspace: Slot) -> Instruction {
        let operands = node.inputs.map { slot($0) }
        let results = node.outputs.map { slot($0) }
        let into = results[0]
        switch node.operation {
        case .matmul: return productInstruction(node, operands, results, workspace)
        case .addBias:
            let (rows, columns) = matrix(node.inputs[0])
            return .addBias(rows, columns: columns, x: operands[0], bias: operands[1], into: into, workspace: workspace)
        case .columnSums:
            let (rows, columns) = matrix(node.inputs[0])
            return .columnSums(rows, columns: columns, x: operands[0], into: into)
        case .activate(let kind): return .activate(kind, x: operands[0], into: into)
        case .activationGradient(let kind): return .activationGradient(kind, saved: operands[0], dy: operands[1], into: into)
        case .add: return .add(operands[0], operands[1], into: into)
        case .subtract: return .subtract(operands[0], operands[1], into: into)
        case .multiply: return .multiply(operands[0], operands[1], into: into)
        case .scale(let factor): return .scale(factor, operands[0], into: into)
        case .zeros: return .zeros(into)
        case .dropout(let rate, let layerKey):
            return .dropout(
                rate: rate, layerKey: layerKey, columns: graph[node.inputs[0]].shape.elementCount, keys: operands[1], x: operands[0],
                into: into)
        case .softmax:
            let (rows, columns) = matrix(node.inputs[0])
            return .softmax(rows, columns: columns, x: operands[0], into: into)
        case .softmaxGradient:
            let (rows, columns) = matrix(node.inputs[0])
            return .softmaxGradient(rows, columns: columns, y: operands[0], dy: operands[1], into: into)
        case .loss(.softmaxCrossEntropy) where isSequence(node), .lossGradient(.softmaxCrossEntropy) where isSequence(node),
            .lossWithGradient(.softmaxCrossEntropy) where isSequence(node):
            return sequenceLoss(node, operands, results)
        case .loss(let kind):
            return .loss(kind, columns: columns(node), prediction: operands[0], target: operands[1], into: into)
        case .lossGradient(let kind):
            return .lossGradient(kind, columns: columns(node), prediction: operands[0], target: operands[1], into: into)
        case .lossWithGradient(let kind):
            return .lossWithGradient(
                kind, columns: columns(node), prediction: operands[0], target: operands[1], into: into, gradient: results[1])
        case .input, .target, .rowKeys, .parameter, .reshape:
            preconditionFailure("Lowering: \(node.operation.kind) computes nothing")
        case .batchNorm:
            preconditionFailure("Lowering: a batch normalisation that was not split")
        case .rowSums:
            return .rowSums(columns: graph[node.inputs[0]].shape.elementCount, x: operands[0], into: into)
        case .convert: return .convert(operands[0], into: into)
        case .embedding, .embeddingGradient, .attention, .attentionGradient, .lstm, .lstmGradient:
            return sequenceInstruction(node, operands, results, workspace)
        case .layerNorm, .layerNormGradient, .batchStatistics, .batchContribution, .inverseDeviation, .normalise, .normaliseGradient:
            return normInstruction(node, operands, results)
        case .convolution, .convolutionInputGradient, .convolutionWeightGradient, .convolutionPool, .convolutionPoolGradients, .maxPool,
            .maxPoolGradient, .averagePool, .averagePoolGradient:
            return windowInstruction(node, operands, results, workspace)
        }
    }

    private mutating func windowInstruction(_ node: Node, _ operands: [Slot], _ results: [Slot], _ workspace: Slot) -> Instruction {
        let into = results[0]
        switch node.operation {
        case .convolution(let window, let riders):
            var call = Lowering.convolution(window, precision, packed: Lowering.isConvolutionPacked(node, graph))
            let weights = convolutionWeights(node.inputs[1], call, forInputGradient: false)
            var statistics = StatisticSlots()
            if let epsilon = riders.statistics {
                call.measures = true
                statistics = StatisticSlots(epsilon: epsilon, mean: results[results.count - 2], inverse: results[results.count - 1])
            }
            return .convolution(
                call, x: operands[0], weights: weights, riderSlots(riders, operands, results), into: into, statistics: statistics,
                workspace: workspace)
        case .convolutionInputGradient(let window, let riders):
            let call = Lowering.convolution(window, precision, packed: Lowering.isConvolutionPacked(node, graph))
            return .convolutionInputGradient(
                call, dy: operands[0], weights: convolutionWeights(node.inputs[1], call, forInputGradient: true),
                riderSlots(riders, operands, results), into: into, workspace: workspace)
        case .convolutionWeightGradient(let window, let bias):
            return .convolutionWeightGradient(
                Lowering.convolution(window, precision, packed: true), x: operands[0], dy: operands[1], into: into,
                bias: bias ? results[1] : .absent,
                workspace: workspace)
        case .convolutionPool(let both):
            return .convolutionPool(
                both, x: operands[0], weights: operands[1], bias: optional(operands, 2), into: into, positions: results[1],
                workspace: workspace)
        case .convolutionPoolGradients(let both, let bias, let input):
            return .convolutionPoolGradients(
                both, x: operands[0], weights: operands[1], y: operands[2], positions: operands[3], dy: operands[4], weightGradient: into,
                biasGradient: bias ? results[1] : .absent, inputGradient: input ? results[results.count - 1] : .absent,
                workspace: workspace)
        case .maxPool(let window): return .maxPool(window, x: operands[0], into: into, positions: results[1])
        case .maxPoolGradient(let window): return .maxPoolGradient(window, positions: operands[0], dy: operands[1], into: into)
        case .averagePool(let window, let countsPadding):
            return .averagePool(window, countsPadding: countsPadding, x: operands[0], into: into)
        case .averagePoolGradient(let window, let countsPadding):
            return .averagePoolGradient(window, countsPadding: countsPadding, dy: operands[0], into: into)
        default:
            preconditionFailure("Lowering: \(node.operation.kind) has no windows")
        }
    }

    func optional(_ operands: [Slot], _ index: Int) -> Slot { index < operands.count ? operands[index] : .absent }

    /// A value as a matrix: its rows and columns.
    func matrix(_ id: ValueID) -> (RowCount, columns: Int) {
        let value = graph[id]
        return (RowCount(count: value.lead, grows: value.extent == .rows), value.columns)
    }

    /// The elements of one row of a loss's prediction.
    func columns(_ node: Node) -> Int { graph[node.inputs[0]].shape.elementCount }
}
