import Kernels
import TensorCore

extension Lowering {
    func normInstruction(_ node: Node, _ operands: [Slot], _ results: [Slot]) -> Instruction {
        let into = results[0]
        let (rows, columns) = matrix(node.inputs[0])
        func norm(_ epsilon: Double, gain: Slot, shift: Slot, y: Slot, mean: Slot, inverse: Slot) -> NormInstruction {
            NormInstruction(
                rows: rows, columns: columns, epsilon: epsilon, x: operands[0], gain: gain, shift: shift, y: y, mean: mean,
                inverse: inverse)
        }
        switch node.operation {
        case .layerNorm(let epsilon):
            return .layerNorm(
                norm(epsilon, gain: operands[1], shift: operands[2], y: into, mean: results[1], inverse: results[2]))
        case .layerNormGradient:
            return .layerNormGradient(
                norm(0, gain: operands[1], shift: .absent, y: .absent, mean: operands[2], inverse: operands[3]), dy: operands[4],
                residual: optional(operands, 5), into: into, gainGradient: results[1], shiftGradient: results[2])
        case .batchStatistics(let epsilon):
            return .batchStatistics(rows, columns: columns, epsilon: epsilon, x: operands[0], mean: into, inverse: results[1])
        case .batchContribution(let positions, let epsilon):
            return .batchContribution(
                RowCount(count: positions, grows: true), epsilon: epsilon, mean: operands[0], inverse: operands[1], into: into,
                variance: results[1])
        case .inverseDeviation(let epsilon):
            return .inverseDeviation(epsilon: epsilon, x: operands[0], into: into)
        case .normalise(let activation, _):
            return .normalise(
                norm(0, gain: operands[3], shift: operands[4], y: into, mean: operands[1], inverse: operands[2]),
                residual: optional(operands, 5), activation)
        case .normaliseGradient(let activation, let residual):
            return .normaliseGradient(
                norm(
                    0, gain: operands[3], shift: .absent, y: activation == .relu ? operands[4] : .absent, mean: operands[1],
                    inverse: operands[2]), activation, dy: operands[5], into: into, gainGradient: results[1], shiftGradient: results[2],
                residualGradient: residual ? results[3] : .absent)
        default:
            preconditionFailure("Lowering: \(node.operation.kind) does not normalise")
        }
    }
}
