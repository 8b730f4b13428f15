import Graphs

/// From what a person writes down to a graph.
package enum Network {
    /// Builds the graph of a network and its loss.
    ///
    /// Parameters are named `layers.<position or name>.<role>`; every layer counts for the position, and layers in a block follow the
    /// block's name: `layers.3.0.weight`. A softmax right before softmax cross-entropy, or a sigmoid right before binary cross-entropy, is
    /// left to the loss, which computes it more accurately; predictions are then logits.
    ///
    /// - Throws: ``NetworkError`` that names the layer and the shapes that do not fit.
    package static func build(_ spec: NetworkSpec) throws(NetworkError) -> ModelGraph {
        var builder = try NetworkBuilder(spec)
        for position in spec.layers.indices {
            try builder.add(spec.layers[position], at: position, in: "layers", isLast: position == spec.layers.count - 1)
        }
        return try builder.finish()
    }
}
