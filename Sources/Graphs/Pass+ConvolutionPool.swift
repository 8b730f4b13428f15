import Kernels
import TensorCore

extension Graph {
    /// Merges a convolution (with its bias and ReLU, if any) and the max pooling that alone reads it. The full map, by far the largest
    /// value of a small convolutional network, is then neither stored nor read again; backward uses the stored positions.
    ///
    /// Where kernels multiply faster apart, the two change places: the maximum of what is above 0 is what is above 0 of the maximum, and
    /// the ReLU and its gradient then pass over the pooled map only. A position may differ where a whole window is not above 0, and there
    /// no gradient flows.
    ///
    /// Marks of ReLU units move to the pooled map: a channel whose map is nowhere above 0 is one whose pooled map is not, as far as the
    /// windows cover the map.
    /// - Parameter together: whether a convolution is to be merged with its pooling.
    mutating func fuseConvolutionPool(_ together: (WindowShape) -> Bool) {
        let uses = useCounts()
        var moved: [ValueID: ValueID] = [:]
        var apart = Set<ValueID>()
        fuse { node, producer, _ in
            guard case .maxPool(let pool) = node.operation, case .convolution(let window, let riders) = producer.operation,
                riders.activation == .relu || riders.activation == .identity, !riders.residual, window.isPlain,
                uses[node.inputs[0].index] == 1
            else { return nil }
            if riders.activation == .relu { moved[node.inputs[0]] = node.outputs[0] }
            guard together(window) else {
                if riders.activation == .relu { apart.insert(node.inputs[0]) }
                return nil
            }
            var merged = producer
            merged.operation = .convolutionPool(ConvolutionPool(convolution: window, pool: pool, activation: riders.activation))
            merged.outputs = node.outputs
            return merged
        }
        for index in units.indices {
            units[index].value = moved[units[index].value] ?? units[index].value
        }
        poolBeforeReLU(apart)
    }

    /// The convolutions that write these maps lose their ReLU, which follows the pooling of the map instead.
    private mutating func poolBeforeReLU(_ maps: Set<ValueID>) {
        guard !maps.isEmpty else { return }
        var result: [Node] = []
        for var node in nodes {
            if case .convolution(let window, var riders) = node.operation, maps.contains(node.outputs[0]) {
                riders.activation = .identity
                node.operation = .convolution(window, riders)
                result.append(node)
            } else if case .maxPool = node.operation, maps.contains(node.inputs[0]) {
                let rectified = node.outputs[0]
                let pooled = declare(Value(shape: self[rectified].shape, extent: .rows))
                node.outputs[0] = pooled
                result.append(node)
                result.append(Node(operation: .activate(.relu), inputs: [pooled], outputs: [rectified], phase: node.phase))
            } else {
                result.append(node)
            }
        }
        nodes = result
    }
}
