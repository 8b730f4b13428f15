import Kernels
import TensorCore

extension Graph {
    /// Merges a convolution (with its bias and ReLU, if any) and the max pooling that alone reads it. The full map, by far the largest
    /// value of a small convolutional network, is then neither stored nor read again; backward uses the stored positions.
    ///
    /// Marks of ReLU units move to the pooled map: a channel whose map is nowhere above 0 is one whose pooled map is not, as far as the
    /// windows cover the map.
    mutating func fuseConvolutionPool() {
        let uses = useCounts()
        var moved: [ValueID: ValueID] = [:]
        fuse { node, producer, _ in
            guard case .maxPool(let pool) = node.operation, case .convolution(let window, let riders) = producer.operation,
                riders.activation == .relu || riders.activation == .identity, !riders.residual, window.isPlain,
                uses[node.inputs[0].index] == 1
            else { return nil }
            moved[node.inputs[0]] = node.outputs[0]
            var merged = producer
            merged.operation = .convolutionPool(ConvolutionPool(convolution: window, pool: pool, activation: riders.activation))
            merged.outputs = node.outputs
            return merged
        }
        for index in units.indices {
            units[index].value = moved[units[index].value] ?? units[index].value
        }
    }
}
