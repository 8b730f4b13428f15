import Graphs

/// A layer of a list, with a name of its own if it has one.
package struct NamedLayer: Sendable, Equatable {
    /// What stands in parameter names instead of the position: "head" makes "layers.head.weight".
    package var name: String?
    package var spec: LayerSpec

    package init(_ spec: LayerSpec, name: String? = nil) {
        self.name = name
        self.spec = spec
    }
}

/// A network as a person writes it down: an input shape, a list of layers, a loss.
package struct NetworkSpec: Sendable, Equatable {
    /// The extents of one sample: [N], or [H, W, C] for images.
    package var input: [Int]
    package var layers: [NamedLayer]
    package var loss: LossKind

    package init(input: [Int], layers: [NamedLayer], loss: LossKind) {
        self.input = input
        self.layers = layers
        self.loss = loss
    }

    /// Layers without names of their own.
    package init(input: [Int], _ layers: [LayerSpec], loss: LossKind) {
        self.init(input: input, layers: layers.map { NamedLayer($0) }, loss: loss)
    }
}
