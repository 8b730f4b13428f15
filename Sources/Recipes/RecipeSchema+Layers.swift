extension RecipeSchema {
    private static func layer(_ name: String, about: String, shorthand: String? = nil, _ keys: [RecipeKey]) -> RecipeSection {
        RecipeSection(
            "\(layerPath).\(name)", about: about, shorthand: shorthand,
            keys: keys + [
                RecipeKey("name", "text", "its place in the list, from 0", "What its parameters are called: `layers.NAME.weight`.")
            ])
    }

    private static let activationKey = RecipeKey(
        "activation", "relu, gelu, gelu_tanh, sigmoid or tanh", "", "Applied to the result; computed together with the layer.")

    /// The kinds of layers. Each is an entry of `model.layers`, alone (`- flatten`), with one value (`- dense: 10`) or with keys
    /// (`- dense: {units: 64, activation: relu}`).
    static let layerSections: [RecipeSection] = [
        layer(
            "dense", about: "Every output is a weighted sum of all inputs plus a bias; in a sequence, at every position alike.",
            shorthand: "units",
            [
                RecipeKey("units", "whole number", "", "How many outputs. Must be given."),
                activationKey,
                RecipeKey("bias", "true or false", "true", "Whether there is a bias."),
            ]),
        layer(
            "head", about: "The score of every token, by the table of an embedding (tied weights), without bias.", shorthand: "tied",
            [RecipeKey("tied", "text", "", "The embedding: its name, or its place in the list. Must be given.")]),
        layer(
            "conv2d", about: "Convolution over height and width of an image.", shorthand: "filters",
            [
                RecipeKey("filters", "whole number", "", "How many output channels. Must be given."),
                RecipeKey("kernel", "whole number or [height, width]", "3", "The size of the window."),
                RecipeKey("stride", "whole number or [height, width]", "1", "How far the window moves."),
                RecipeKey(
                    "padding", "whole number, [height, width] or same", "0",
                    "Zeros around the image, on each side; same keeps its size (odd kernels, stride 1)."),
                RecipeKey("dilation", "whole number or [height, width]", "1", "How far the values of a window lie apart."),
                RecipeKey(
                    "groups", "whole number", "1",
                    "Into how many parts channels are divided; each part of the filters sees only its part of the channels."),
                activationKey,
                RecipeKey("bias", "true or false", "true", "Whether there is a bias."),
            ]),
        layer(
            "maxpool2d", about: "The largest value of each window.", shorthand: "size",
            [
                RecipeKey("size", "whole number or [height, width]", "", "The size of the window. Must be given."),
                RecipeKey("stride", "whole number or [height, width]", "the size", "How far the window moves."),
                RecipeKey(
                    "padding", "whole number or [height, width]", "0",
                    "Room around the image that never wins, on each side; at most half the window."),
            ]),
        layer(
            "averagepool2d", about: "The mean of each window; padding counts as zeros.", shorthand: "size",
            [
                RecipeKey("size", "whole number or [height, width]", "", "The size of the window. Must be given."),
                RecipeKey("stride", "whole number or [height, width]", "the size", "How far the window moves."),
                RecipeKey(
                    "padding", "whole number or [height, width]", "0", "Zeros around the image, on each side; at most half the window."),
            ]),
        layer("globalaveragepool2d", about: "The mean of each channel: an image becomes a row of features.", []),
        layer("flatten", about: "An image becomes a row of features.", []),
        layer(
            "dropout", about: "Sets values to zero at random while training, and scales the others up; does nothing afterwards.",
            shorthand: "rate",
            [RecipeKey("rate", "number", "0.5", "The share that is set to zero.")]),
        layer("relu", about: "max(0, x).", []),
        layer(
            "gelu", about: "x·Φ(x).", shorthand: "approximate",
            [RecipeKey("approximate", "none or tanh", "none", "none is exact; tanh is the older approximation.")]),
        layer(
            "sigmoid",
            about: "1 / (1 + e⁻ˣ). As the last layer before binary_cross_entropy it is part of the loss, not applied "
                + "twice.", []),
        layer("tanh", about: "The hyperbolic tangent.", []),
        layer(
            "softmax",
            about:
                "Positive values that sum to 1. As the last layer before softmax_cross_entropy it is part of the loss, not applied twice.",
            []),
        layer(
            "embedding", about: "Tokens become rows of a table. Only as the first layer; `model.input` is then `[length]`.",
            [
                RecipeKey("vocabulary", "whole number", "", "How many tokens there are. Must be given."),
                RecipeKey("width", "whole number", "", "How many features each becomes. Must be given."),
                RecipeKey(
                    "positions", "true or false, or a whole number", "false",
                    "Whether a row of a second table, `layers.NAME.positions`, is added at each position; a number gives the table more "
                        + "rows than the input has tokens."),
                RecipeKey("std", "number", "1", "The standard deviation of the initial values."),
            ]),
        layer(
            "layernorm", about: "Each position's features get mean 0 and variance 1, then a learned scale and shift.",
            [RecipeKey("epsilon", "number", "1e-5", "Added to the variance.")]),
        layer(
            "batchnorm2d",
            about: "Each channel of a batch of images gets mean 0 and variance 1 over a virtual shard, then a learned scale and shift. "
                + "Running statistics take over after training.",
            [
                RecipeKey("epsilon", "number", "1e-5", "Added to the variance."),
                RecipeKey("momentum", "number", "0.1", "How far a step moves the running statistics towards its own."),
            ]),
        layer(
            "attention",
            about: "Multi-head self-attention with its projections `layers.NAME.qkv` and `layers.NAME.proj`: every position of a "
                + "sequence looks at the others.", shorthand: "heads",
            [
                RecipeKey("heads", "whole number", "", "How many heads; they divide the width. Must be given."),
                RecipeKey("causal", "true or false", "true", "Whether a position sees only itself and those before."),
                RecipeKey("dropout", "number", "0", "The share of attention weights that is set to zero while training."),
                RecipeKey("bias", "true or false", "true", "Whether the projections have biases."),
            ]),
        layer(
            "lstm", about: "A recurrent layer over a sequence, from zero states; every position's output goes on.", shorthand: "units",
            [RecipeKey("units", "whole number", "", "How many outputs. Must be given.")]),
        layer(
            "residual",
            about:
                "A block of layers whose result is added to the block's input. Its layers are called `layers.NAME.0` and so on, those of "
                + "the shortcut `layers.NAME.shortcut.0`.", shorthand: "layers",
            [
                RecipeKey("layers", "list of layers", "", "What is in the block. Must be given."),
                RecipeKey("shortcut", "list of layers", "[]", "What the input goes through before it is added; nothing unless given."),
                RecipeKey(
                    "activation", "relu, gelu, gelu_tanh, sigmoid or tanh", "", "Applied to the sum."),
            ]),
        layer(
            "transformer",
            about: "A pre-norm transformer block: `x + attention(layernorm(x))`, then `x + dense(f(dense(layernorm(x))))`. Its layers are "
                + "called `ln1`, `attention`, `ln2`, `fc` and `out`.", shorthand: "heads",
            [
                RecipeKey("heads", "whole number", "", "How many heads of attention; they divide the width. Must be given."),
                RecipeKey("hidden", "whole number", "4 times the width", "The width between the two dense layers."),
                RecipeKey("activation", "relu, gelu, gelu_tanh, sigmoid or tanh", "gelu", "The function between the two dense layers."),
                RecipeKey("causal", "true or false", "true", "Whether a position sees only itself and those before."),
                RecipeKey(
                    "dropout", "number", "0",
                    "The share that is set to zero while training: of attention weights, and of both results before they are added."),
                RecipeKey("bias", "true or false", "true", "Whether projections and dense layers have biases."),
            ]),
        layer(
            "sequential", about: "A block of layers. Its layers are called by the block's name and their own: `layers.2.0.weight`.",
            shorthand: "layers",
            [RecipeKey("layers", "list of layers", "", "What is in the block. Must be given.")]),
        layer(
            "repeat", about: "A block of layers, several times over (each with weights of its own): `layers.2.ROUND.0.weight`.",
            [
                RecipeKey("times", "whole number", "", "How often. Must be given."),
                RecipeKey("layers", "list of layers", "", "What is in the block. Must be given."),
            ]),
    ]
}
