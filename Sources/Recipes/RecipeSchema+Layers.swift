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
            "dense", about: "Every output is a weighted sum of all inputs plus a bias.", shorthand: "units",
            [
                RecipeKey("units", "whole number", "", "How many outputs. Must be given."),
                activationKey,
                RecipeKey("bias", "true or false", "true", "Whether there is a bias."),
            ]),
        layer(
            "conv2d", about: "Convolution over height and width of an image.", shorthand: "filters",
            [
                RecipeKey("filters", "whole number", "", "How many output channels. Must be given."),
                RecipeKey("kernel", "whole number or [height, width]", "3", "The size of the window."),
                RecipeKey("stride", "whole number or [height, width]", "1", "How far the window moves."),
                RecipeKey(
                    "padding", "whole number, [height, width] or same", "0",
                    "Zeros around the image, on each side; same keeps its size (odd kernels, stride 1)."),
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
            "sequential", about: "A block of layers. Its layers are called by the block's name and their own: `layers.2-0.weight`.",
            shorthand: "layers",
            [RecipeKey("layers", "list of layers", "", "What is in the block. Must be given.")]),
        layer(
            "repeat", about: "A block of layers, several times over (each with weights of its own): `layers.2-ROUND-0.weight`.",
            [
                RecipeKey("times", "whole number", "", "How often. Must be given."),
                RecipeKey("layers", "list of layers", "", "What is in the block. Must be given."),
            ]),
    ]
}
