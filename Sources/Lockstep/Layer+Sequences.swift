import Formats

extension Layer {
    /// Rows of a table: tokens [B, T] → [B, T, width], plus a learned row for each position. Only as the first layer.
    public static func embedding(vocabulary: Int, width: Int, positions: Bool = false, name: String? = nil) -> Layer {
        var settings: JSONObject = ["vocabulary": .integer(vocabulary), "width": .integer(width), "positions": .bool(positions)]
        settings["name"] = name.map { .string($0) }
        return Layer("embedding", settings)
    }

    /// Scores over the vocabulary from the embedding's own table: [B, T, width] → [B, T, vocabulary]. `embedding` is that layer's name, or
    /// its place in the list.
    public static func head(tied embedding: String) -> Layer { Layer("head", ["tied": .string(embedding)]) }

    /// One layer of LSTM from zero states: [B, T, D] → [B, T, units].
    public static func lstm(_ units: Int, name: String? = nil) -> Layer {
        var settings: JSONObject = ["units": .integer(units)]
        settings["name"] = name.map { .string($0) }
        return Layer("lstm", settings)
    }

    /// Multi-head attention with its projections: [B, T, D] → [B, T, D].
    public static func attention(heads: Int, causal: Bool = true, dropout: Double = 0) -> Layer {
        Layer("attention", ["heads": .integer(heads), "causal": .bool(causal), "dropout": .number(dropout)])
    }

    /// A pre-norm block: attention and a perceptron `hidden` wide (four times D unless given), each added to its input.
    public static func transformer(
        heads: Int, hidden: Int? = nil, activation: String = "gelu", causal: Bool = true, dropout: Double = 0
    ) -> Layer {
        var settings: JSONObject = [
            "heads": .integer(heads), "activation": .string(activation), "causal": .bool(causal), "dropout": .number(dropout),
        ]
        settings["hidden"] = hidden.map { .integer($0) }
        return Layer("transformer", settings)
    }

    /// Over the last extent, with a gain and a shift for each of its elements.
    public static func layerNorm(epsilon: Double = 1e-5) -> Layer { Layer("layernorm", ["epsilon": .number(epsilon)]) }

    /// Over the batch and all pixels, channel by channel.
    public static func batchNorm2d(epsilon: Double = 1e-5, momentum: Double = 0.1) -> Layer {
        Layer("batchnorm2d", ["epsilon": .number(epsilon), "momentum": .number(momentum)])
    }

    /// The mean of each channel: [B, H, W, C] → [B, C].
    public static let globalAveragePool2d = Layer("globalaveragepool2d", [:])

    /// f(layers(x) + shortcut(x)); without a shortcut x itself is added.
    public static func residual(
        activation: String? = nil, @LayerList _ layers: () -> [Layer], @LayerList shortcut: () -> [Layer] = { [] }
    ) -> Layer {
        var settings: JSONObject = ["layers": .array(layers().map(\.entry))]
        let parts = shortcut()
        if !parts.isEmpty { settings["shortcut"] = .array(parts.map(\.entry)) }
        settings["activation"] = activation.map { .string($0) }
        return Layer("residual", settings)
    }
}
