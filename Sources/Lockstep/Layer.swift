import Formats

/// One entry of a network's layer list, as a recipe writes it.
///
/// Shapes: B rows of a batch (run-time), H×W×C images, F features.
public struct Layer: Sendable {
    let entry: JSONValue

    init(_ type: String, _ settings: JSONObject) { entry = .object([type: .object(settings)]) }

    private init(bare type: String) { entry = .string(type) }

    /// x·W + b over the last extent: [B, K] → [B, units].
    public static func dense(_ units: Int, activation: String? = nil, bias: Bool = true, name: String? = nil) -> Layer {
        var settings: JSONObject = ["units": .integer(units), "bias": .bool(bias)]
        settings["activation"] = activation.map { .string($0) }
        settings["name"] = name.map { .string($0) }
        return Layer("dense", settings)
    }

    /// [B, H, W, C] → [B, H′, W′, filters] with H′ = (H + 2·padding − kernel) / stride + 1.
    public static func conv2d(
        _ filters: Int, kernel: Int, stride: Int = 1, padding: Int = 0, activation: String? = nil, bias: Bool = true, name: String? = nil
    ) -> Layer {
        var settings: JSONObject = [
            "filters": .integer(filters), "kernel": .integer(kernel), "stride": .integer(stride), "padding": .integer(padding),
            "bias": .bool(bias),
        ]
        settings["activation"] = activation.map { .string($0) }
        settings["name"] = name.map { .string($0) }
        return Layer("conv2d", settings)
    }

    /// The largest value of each size×size window.
    public static func maxPool2d(_ size: Int, stride: Int? = nil) -> Layer {
        Layer("maxpool2d", ["size": .integer(size), "stride": .integer(stride ?? size)])
    }

    /// The mean of each size×size window.
    public static func averagePool2d(_ size: Int, stride: Int? = nil) -> Layer {
        Layer("averagepool2d", ["size": .integer(size), "stride": .integer(stride ?? size)])
    }

    /// [B, H, W, C] → [B, C·H·W], in PyTorch's order.
    public static let flatten = Layer(bare: "flatten")
    public static let relu = Layer(bare: "relu")
    public static let gelu = Layer(bare: "gelu")
    public static let sigmoid = Layer(bare: "sigmoid")
    public static let tanh = Layer(bare: "tanh")
    public static let softmax = Layer(bare: "softmax")

    /// Sets each element to 0 with probability `rate` while training and scales the rest by 1/(1−rate).
    public static func dropout(_ rate: Double) -> Layer { Layer("dropout", ["rate": .number(rate)]) }
}

/// A network as a list of layers:
///
///     let network = Sequential(input: [28, 28, 1]) {
///         Layer.conv2d(32, kernel: 3, activation: "relu")
///         Layer.maxPool2d(2)
///         Layer.flatten
///         Layer.dense(10)
///     }
public struct Sequential: Sendable {
    /// Extents of one sample, without the batch.
    public let input: [Int]
    public let layers: [Layer]

    public init(input: [Int], @LayerList _ layers: () -> [Layer]) {
        self.input = input
        self.layers = layers()
    }

    var recipe: JSONValue {
        .object(["input": .array(input.map { .integer($0) }), "layers": .array(layers.map(\.entry))])
    }
}

/// Lets a closure list layers, one a line, with `if` and `for`.
@resultBuilder
public enum LayerList {
    public static func buildExpression(_ layer: Layer) -> [Layer] { [layer] }
    public static func buildBlock(_ parts: [Layer]...) -> [Layer] { parts.flatMap { $0 } }
    public static func buildOptional(_ part: [Layer]?) -> [Layer] { part ?? [] }
    public static func buildEither(first part: [Layer]) -> [Layer] { part }
    public static func buildEither(second part: [Layer]) -> [Layer] { part }
    public static func buildArray(_ parts: [[Layer]]) -> [Layer] { parts.flatMap { $0 } }
}
