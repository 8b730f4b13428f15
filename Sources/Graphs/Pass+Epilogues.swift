import Kernels
import TensorCore

extension Graph {
    /// Moves bias and activation into the matrix product or convolution before them.
    ///
    /// Nothing is gained in arithmetic; what is saved is one trip through memory per operation. A value may only vanish when nobody else
    /// reads it; in training the GELUs, whose gradient needs what is before the activation, store their slope instead.
    ///
    /// - Parameter training: whether gradients will be added.
    mutating func fuseEpilogues(training: Bool) {
        let (uses, values) = (useCounts(), values)
        fuse { node, producer, operand in
            let x = node.inputs[operand]
            guard uses[x.index] == 1, var riders = producer.operation.riders, riders.gate == .none else { return nil }
            var merged = producer
            merged.outputs[0] = node.outputs[0]
            switch node.operation {
            case .addBias where operand == 0 && riders == .none:
                riders.bias = true
                merged.inputs.append(node.inputs[1])
            case .activate(let kind) where riders.activation == .identity && !riders.residual:
                riders.activation = kind
                if training && kind.gradientNeedsInput {
                    riders.slope = true
                    // The value before the activation has the slope's shape and no other reader: its name is free.
                    merged.outputs.append(x)
                }
            case .add where !riders.residual && riders.activation == .identity && values[node.outputs[0].index].extent == .rows:
                riders.residual = true
                merged.inputs.append(node.inputs[1 - operand])
            default:
                return nil
            }
            merged.operation = merged.operation.carrying(riders)
            return merged
        }
    }

    /// Merges additions and activations into the batch normalisation before them.
    mutating func fuseNormalisations() {
        let uses = useCounts()
        fuse { node, producer, operand in
            guard uses[node.inputs[operand].index] == 1, case .normalise(.identity, let residual) = producer.operation else { return nil }
            var merged = producer
            switch node.operation {
            case .add where !residual:
                merged.inputs.append(node.inputs[1 - operand])
                merged.operation = .normalise(.identity, residual: true)
            case .activate(.relu):
                merged.operation = .normalise(.relu, residual: residual)
            default:
                return nil
            }
            merged.outputs = node.outputs
            return merged
        }
    }

    /// Walks the nodes once; where `merge` turns a node and the producer of one of its inputs into one, that one stands in the later place.
    mutating func fuse(_ merge: (_ node: Node, _ producer: Node, _ operand: Int) -> Node?) {
        var result: [Node?] = []
        var positions = [Int?](repeating: nil, count: values.count)
        for node in nodes {
            var placed = node
            for operand in node.inputs.indices {
                guard let position = positions[node.inputs[operand].index], let producer = result[position],
                    let merged = merge(node, producer, operand)
                else { continue }
                placed = merged
                result[position] = nil
                break
            }
            for output in placed.outputs {
                positions[output.index] = result.count
            }
            result.append(placed)
        }
        nodes = result.compactMap { $0 }
    }
}

extension Operation {
    /// What rides on a product or convolution; nil for other operations.
    var riders: Riders? {
        switch self {
        case .matmul(_, let riders), .convolution(_, let riders), .convolutionInputGradient(_, let riders): riders
        default: nil
        }
    }

    /// The same operation with other riders.
    func carrying(_ riders: Riders) -> Operation {
        switch self {
        case .matmul(let form, _): .matmul(form, riders)
        case .convolution(let window, _): .convolution(window, riders)
        case .convolutionInputGradient(let window, _): .convolutionInputGradient(window, riders)
        default: self
        }
    }
}
