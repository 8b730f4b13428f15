import Kernels
import TensorCore

extension InstructionRunner {
    @inline(__always)
    func runSequence(_ instruction: Instruction) {
        let rows = memory.rows
        switch instruction {
        case .sequenceLoss(let positions, let columns, let prediction, let target, let into, let gradient):
            kernels.softmaxCrossEntropy(
                rows: rows, positions: positions, columns: columns, logits: operand(prediction), classes: labels(target).span, scale: scale,
                into: destination(into), gradient: destination(gradient))
        case .convert(let x, let into):
            kernels.convert(operand(x), into: destination(into))
        case .embedding(let vocabulary, let columns, let length, let tokens, let table, let positions, let into):
            kernels.embedding(
                rows: rows * length, length: length, columns: columns, vocabulary: vocabulary, index: labels(tokens).span,
                table: operand(table), positions: operand(positions), into: destination(into))
        case .embeddingGradient(let vocabulary, let columns, let length, let tokens, let dy, let accumulates, let into):
            kernels.embeddingGradient(
                rows: rows * length, columns: columns, vocabulary: vocabulary, index: labels(tokens).span, outputGradient: operand(dy),
                accumulates: accumulates, into: destination(into))
        case .attention(let call, let qkv, let keys, let into, let statistics, let workspace):
            kernels.attention(
                call, rows: rows, operand(qkv), rowKeys: keySpan(keys).span, into: destination(into), statistics: destination(statistics),
                workspace: memory.scratch(workspace))
        case .attentionGradient(let call, let qkv, let keys, let y, let statistics, let dy, let into, let workspace):
            kernels.attentionGradient(
                call, rows: rows, operand(qkv), rowKeys: keySpan(keys).span, output: operand(y), statistics: operand(statistics),
                outputGradient: operand(dy), into: destination(into), workspace: memory.scratch(workspace))
        case .lstm(
            let call, let x, let inputWeights, let hiddenWeights, let inputBias, let hiddenBias, let into, let saved, let workspace):
            kernels.lstm(
                call, rows: rows, operand(x), inputWeights: memory.weights(inputWeights, K.Scalar.self),
                hiddenWeights: memory.weights(hiddenWeights, K.Scalar.self), inputBias: operand(inputBias),
                hiddenBias: operand(hiddenBias), into: destination(into), saved: destination(saved), workspace: memory.scratch(workspace))
        case .lstmGradient(let g):
            kernels.lstmGradient(
                g.call, rows: rows, operand(g.x), inputWeights: memory.weights(g.inputWeights, K.Scalar.self),
                hiddenWeights: memory.weights(g.hiddenWeights, K.Scalar.self), output: operand(g.y), saved: operand(g.saved),
                outputGradient: operand(g.dy), into: destination(g.into), inputWeightGradient: destination(g.inputWeightGradient),
                hiddenWeightGradient: destination(g.hiddenWeightGradient), inputBiasGradient: destination(g.inputBiasGradient),
                hiddenBiasGradient: destination(g.hiddenBiasGradient), workspace: memory.scratch(g.workspace))
        default:
            preconditionFailure("not a sequence operation")
        }
    }
}
