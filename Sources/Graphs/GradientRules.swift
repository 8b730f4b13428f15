import Kernels
import TensorCore

/// What a rule is given: a node, the gradient of the loss with respect to its first output, and the graph to add to.
struct GradientContext {
    var graph: Graph
    let node: Node
    /// The gradient with respect to the node's first output. The loss itself has none: its rule is where gradients start.
    let upstream: ValueID?
    /// For each input, whether its gradient leads to a parameter. Rules add nothing for the others.
    let wanted: [Bool]

    /// The gradient with respect to the node's first output.
    var dy: ValueID {
        guard let upstream else { preconditionFailure("gradient: \(node.operation.kind) has no upstream gradient") }
        return upstream
    }

    /// Adds a node of the backward phase.
    mutating func add(_ operation: Operation, _ inputs: [ValueID], like value: ValueID) -> ValueID {
        graph.append(operation, inputs, graph[value].shape, graph[value].extent, phase: .backward)
    }
}

/// Adds the nodes that compute the gradients of a node's inputs; one result per input, nil where none is wanted.
typealias GradientRule = @Sendable (inout GradientContext) -> [ValueID?]

/// The one table of derivatives. The entries live in `Rules+….swift`; an operation that is not here cannot be differentiated.
///
/// Rules add the gradients of parameters before those of activations, so that a bucket is complete as early as possible.
enum GradientRules {
    static let table: [Operation.Kind: GradientRule] = [
        .matmul: matmul,
        .addBias: addBias,
        .activate: activate,
        .convolution: convolution,
        .convolutionPool: convolutionPool,
        .maxPool: maxPool,
        .averagePool: averagePool,
        .reshape: reshape,
        .dropout: dropout,
        .softmax: softmax,
        .add: add,
        .subtract: subtract,
        .multiply: multiply,
        .scale: scale,
        .loss: loss,
        .embedding: embedding,
        .layerNorm: layerNorm,
        .normalise: normalise,
        .attention: attention,
        .lstm: lstm,
    ]
}

extension Operation.Kind {
    /// Whether the table of rules has an entry.
    package var isDifferentiable: Bool { GradientRules.table[self] != nil }
}
