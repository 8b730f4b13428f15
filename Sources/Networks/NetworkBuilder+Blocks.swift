import Graphs
import Kernels
import TensorCore

extension NetworkBuilder {
    /// Adds what `body` adds, and marks it as a part that backward may compute again if it is not inside another block.
    mutating func markingSegment(
        _ name: String, _ block: String, _ body: (inout NetworkBuilder) throws(NetworkError) -> Void
    ) throws(NetworkError) {
        let start = current
        try body(&self)
        if block == "layers", current != start { graph.markSegment(name, from: start, to: current) }
    }

    /// Adds layers(x) + shortcut(x). Parameters are called by the block's name and the layer's own, those of the shortcut with `shortcut`
    /// in between.
    mutating func addResidual(
        _ layers: [NamedLayer], _ shortcut: [NamedLayer], _ name: String, _ place: String
    ) throws(NetworkError) {
        guard !layers.isEmpty else { throw NetworkError(place, "there are no layers in the block") }
        let (start, image) = (current, flattened)
        for (position, layer) in layers.enumerated() { try add(layer, at: position, in: name, isLast: false) }
        let (main, mainImage) = (current, flattened)
        (current, flattened) = (start, image)
        for (position, layer) in shortcut.enumerated() { try add(layer, at: position, in: name + ".shortcut", isLast: false) }
        guard graph[main].shape == shape else {
            throw NetworkError(
                place,
                "its layers give \(graph[main].shape), but \(shortcut.isEmpty ? "its input is" : "its shortcut gives") \(shape); "
                    + (shape.rank == 3 && graph[main].shape.rank == 3
                        ? "a conv2d with kernel 1 in the shortcut, with the stride and the filters of the layers, makes them alike"
                        : "both have to be alike"))
        }
        guard mainImage == flattened else {
            throw NetworkError(
                place,
                "after flatten its layers and its shortcut keep their features in different orders; put a dense layer before the block")
        }
        guard main != current else { throw NetworkError(place, "its layers do nothing") }
        current = graph.addSum(main, current)
    }

    /// Adds x + attention(norm(x)), then x + dense(f(dense(norm(x)))).
    mutating func addTransformer(
        _ heads: Int, _ hidden: Int?, _ activation: Activation, _ causal: Bool, _ dropout: Double, _ bias: Bool, _ name: String,
        _ place: String
    ) throws(NetworkError) {
        guard shape.rank == 2 else {
            throw NetworkError(
                place,
                "needs a sequence positions×features, but gets \(shape)"
                    + (shape.rank == 1 ? "; an embedding makes one of tokens" : ""))
        }
        let width = shape[1]
        guard hidden ?? 1 >= 1 else { throw NetworkError(place, "the hidden width has to be at least 1, got \(hidden ?? 0)") }
        func dropping(_ name: String) -> [NamedLayer] { dropout > 0 ? [NamedLayer(.dropout(rate: dropout), name: name)] : [] }
        try addResidual(
            [
                NamedLayer(.layerNorm(), name: "ln1"),
                NamedLayer(.attention(heads: heads, causal: causal, dropout: dropout, bias: bias), name: "attention"),
            ] + dropping("drop1"), [], name, place)
        try addResidual(
            [
                NamedLayer(.layerNorm(), name: "ln2"),
                NamedLayer(.dense(units: hidden ?? 4 * width, activation: activation, bias: bias), name: "fc"),
                NamedLayer(.dense(units: width, bias: bias), name: "out"),
            ] + dropping("drop2"), [], name, place)
    }
}
