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
    /// The extents of one sample: [N], [H, W, C] for images, [T] for tokens.
    package var input: [Int]
    package var layers: [NamedLayer]
    package var loss: LossKind
    /// Which parts of the forward pass are computed again in the backward pass rather than kept.
    package var recompute = Recomputation.none

    package init(input: [Int], layers: [NamedLayer], loss: LossKind) {
        self.input = input
        self.layers = layers
        self.loss = loss
    }

    /// Layers without names of their own.
    package init(input: [Int], _ layers: [LayerSpec], loss: LossKind) {
        self.init(input: input, layers: layers.map { NamedLayer($0) }, loss: loss)
    }

    /// How many tokens there are, where the input is tokens; nil where it is numbers. The first layer says so: an embedding reads tokens.
    package var vocabulary: Int? {
        guard case .embedding(let vocabulary, _, _, _)? = layers.first?.spec else { return nil }
        return vocabulary
    }

    /// Whether a sample is [T] tokens (Int32, below ``vocabulary``) rather than numbers.
    package var inputIsTokens: Bool { vocabulary != nil }
}

/// What is computed twice to save memory.
package enum Recomputation: String, Sendable, Equatable, CaseIterable {
    case none
    /// Each block of the list of layers (`residual`, `transformer`) keeps its input only.
    case blocks
}
