import Kernels
import TensorCore

extension Graph {
    /// Moves bias and activation into the matrix product or convolution before them.
    ///
    /// Nothing is gained in arithmetic; what is saved is one trip through memory per operation. A value may only vanish when nobody else
    /// reads it; in training that rules the GELUs out, whose gradient reads what is before the activation.
    ///
    /// - Parameter training: whether gradients will be added.
    mutating func fuseEpilogues(training: Bool) {
        let uses = useCounts()
        fuse { node, producer in
            let x = node.inputs[0]
            guard uses[x.index] == 1 else { return nil }
            var merged = producer
            switch (producer.operation, node.operation) {
            case (.matmul(_, .identity), .addBias), (.convolution(_, .identity), .addBias):
                guard producer.inputs.count == 2 else { return nil }
                merged.inputs.append(node.inputs[1])
            case (.matmul(let form, .identity), .activate(let kind)):
                guard !(training && kind.gradientNeedsInput) else { return nil }
                merged.operation = .matmul(form, kind)
            case (.convolution(let window, .identity), .activate(let kind)):
                guard !(training && kind.gradientNeedsInput) else { return nil }
                merged.operation = .convolution(window, kind)
            default:
                return nil
            }
            merged.outputs = node.outputs
            return merged
        }
    }

    /// Walks the nodes once; where `merge` turns a node and the producer of its first input into one, that one stands in the later place.
    mutating func fuse(_ merge: (_ node: Node, _ producer: Node) -> Node?) {
        var result: [Node?] = []
        var positions = [Int?](repeating: nil, count: values.count)
        for node in nodes {
            var placed = node
            if let first = node.inputs.first, let position = positions[first.index], let producer = result[position],
                let merged = merge(node, producer)
            {
                placed = merged
                result[position] = nil
            }
            for output in placed.outputs {
                positions[output.index] = result.count
            }
            result.append(placed)
        }
        nodes = result.compactMap { $0 }
    }
}
