import Kernels
import TensorCore

extension Lowering {
    mutating func sequenceInstruction(_ node: Node, _ operands: [Slot], _ results: [Slot], _ workspace: Slot) -> Instruction {
        let into = results[0]
        switch node.operation {
        case .embedding:
            let table = graph[node.inputs[1]]
            return .embedding(
                vocabulary: table.lead, columns: table.columns, length: graph[node.inputs[0]].shape.elementCount, tokens: operands[0],
                table: operands[1], positions: optional(operands, 2), into: into)
        case .embeddingGradient:
            let table = graph[node.outputs[0]]
            return .embeddingGradient(
                vocabulary: table.lead, columns: table.columns, length: graph[node.inputs[0]].shape.elementCount, tokens: operands[0],
                dy: operands[1], accumulates: operands.count == 3, into: into)
        case .attention(let call):
            return .attention(
                call, qkv: operands[0], keys: optional(operands, 1), into: into, statistics: results[1], workspace: workspace)
        case .attentionGradient(let call):
            return .attentionGradient(
                call, qkv: operands[0], keys: optional(operands, 4), y: operands[1], statistics: operands[2], dy: operands[3], into: into,
                workspace: workspace)
        case .lstm(let bare):
            let call = Lowering.lstm(bare, precision)
            return .lstm(
                call, x: operands[0], inputWeights: packedGates(node.inputs[1], call, transposed: false),
                hiddenWeights: packedGates(node.inputs[2], call, transposed: false), inputBias: operands[3], hiddenBias: operands[4],
                into: into, saved: results[1], workspace: workspace)
        case .lstmGradient(let bare, let input):
            let call = Lowering.lstm(bare, precision)
            return .lstmGradient(
                LSTMGradientInstruction(
                    call: call, x: operands[0], inputWeights: packedGates(node.inputs[1], call, transposed: true),
                    hiddenWeights: packedGates(node.inputs[2], call, transposed: true), y: operands[3], saved: operands[4],
                    dy: operands[5], inputWeightGradient: results[0], hiddenWeightGradient: results[1], inputBiasGradient: results[2],
                    hiddenBiasGradient: results[3], into: input ? results[4] : .absent, workspace: workspace))
        default:
            preconditionFailure("Lowering: \(node.operation.kind) is no sequence operation")
        }
    }

    /// The weights of an LSTM [D or H, 4H], as b of a forward product or of dgates·Wᵀ.
    private mutating func packedGates(_ value: ValueID, _ call: LSTMCall, transposed: Bool) -> Slot {
        let (width, gates) = (graph[value].lead, 4 * call.hidden)
        return packedMatrix(
            value,
            transposed
                ? WeightPacking(k: gates, n: width, transposed: true, type: call.type)
                : WeightPacking(k: width, n: gates, transposed: false, type: call.type))
    }

    /// Several labels per row, or bf16: what the plain losses do not know.
    func isSequence(_ node: Node) -> Bool {
        let prediction = graph[node.inputs[0]]
        return prediction.lead > 1 || ([node.inputs[0]] + node.outputs).contains { graph[$0].element == .bfloat16 }
    }

    func sequenceLoss(_ node: Node, _ operands: [Slot], _ results: [Slot]) -> Instruction {
        let prediction = graph[node.inputs[0]]
        let (loss, gradient): (Slot, Slot) =
            switch node.operation {
            case .lossWithGradient: (results[0], results[1])
            case .lossGradient: (.absent, results[0])
            default: (results[0], .absent)
            }
        return .sequenceLoss(
            positions: prediction.lead, columns: prediction.columns, prediction: operands[0], target: operands[1], into: loss,
            gradient: gradient)
    }
}
