import Kernels
import TensorCore

extension Graph {
    /// Moves the work that follows a gradient into the operation that makes it: the gate of an activation and the sum with another path
    /// into products and convolutions, a sum into a layer normalisation, column sums into the weight gradient that reads the same matrix,
    /// and a sum of table gradients into the scatter.
    mutating func fuseBackwardRiders() {
        fuseGates()
        fuseSums()
        fuseColumnSums()
    }

    private mutating func fuseGates() {
        let (uses, values) = (useCounts(), values)
        fuse { node, producer, operand in
            guard node.phase == .backward, producer.phase == .backward, uses[node.inputs[operand].index] == 1,
                var riders = producer.operation.riders, riders == .none, values[node.outputs[0].index].extent == .rows
            else { return nil }
            switch node.operation {
            case .activationGradient(.relu) where operand == 1: riders.gate = .open
            case .multiply: riders.gate = .factor
            default: return nil
            }
            var merged = producer
            merged.inputs.append(node.inputs[1 - operand])
            merged.operation = producer.operation.carrying(riders)
            merged.outputs[0] = node.outputs[0]
            return merged
        }
    }

    private mutating func fuseSums() {
        let (uses, values) = (useCounts(), values)
        fuse { node, producer, operand in
            // Only what a producer writes first can take something in.
            guard node.operation == .add, node.phase == .backward, producer.phase == .backward, uses[node.inputs[operand].index] == 1,
                node.inputs[operand] == producer.outputs[0]
            else { return nil }
            var merged = producer
            merged.inputs.append(node.inputs[1 - operand])
            merged.outputs[0] = node.outputs[0]
            switch producer.operation {
            case .layerNormGradient where producer.inputs.count == 5, .embeddingGradient where producer.inputs.count == 2:
                return merged
            default:
                guard values[node.outputs[0].index].extent == .rows, var riders = producer.operation.riders, !riders.residual
                else { return nil }
                riders.residual = true
                merged.operation = producer.operation.carrying(riders)
                return merged
            }
        }
    }

    /// A bias' gradient sums what the weights' gradient contracts: one reading gives both.
    private mutating func fuseColumnSums() {
        var summed: [ValueID: (position: Int, sums: ValueID)] = [:]
        for (position, node) in nodes.enumerated() where node.operation == .columnSums {
            summed[node.inputs[0]] = (position, node.outputs[0])
        }
        var merged = Set<Int>()
        for index in nodes.indices {
            switch nodes[index].operation {
            case .matmul(.tn, var riders):
                guard self[nodes[index].inputs[1]].extent == .rows, let sums = summed[nodes[index].inputs[1]], riders == .none,
                    merged.insert(sums.position).inserted
                else { continue }
                riders.sums = true
                nodes[index].operation = .matmul(.tn, riders)
                nodes[index].outputs.append(sums.sums)
            case .convolutionWeightGradient(let window, bias: false):
                guard let sums = summed[nodes[index].inputs[1]], merged.insert(sums.position).inserted else { continue }
                nodes[index].operation = .convolutionWeightGradient(window, bias: true)
                nodes[index].outputs.append(sums.sums)
            default: continue
            }
        }
        nodes = nodes.enumerated().filter { !merged.contains($0.offset) }.map(\.element)
    }
}
