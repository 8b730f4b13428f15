import Kernels
import Networks

/// The activations that a layer may carry, by the names recipes use.
private let activations: [(name: String, activation: Activation)] = [
    ("relu", .relu), ("gelu", .gelu), ("gelu_tanh", .geluTanh), ("sigmoid", .sigmoid), ("tanh", .tanh),
]

extension Activation {
    /// The name that recipes use; nil for none at all.
    var recipeName: String? { activations.first { $0.activation == self }?.name }
}

/// More outputs, and a wider window, than any network has: what is beyond is a slip of the pen, and would overflow in products.
private let largestWidth = 1 << 24
private let largestExtent = 1 << 12

extension LayerListReader {
    /// One layer that is no block.
    func layer(_ kind: String, _ reader: SectionReader) throws(RecipeError) -> LayerSpec {
        switch kind {
        case "dense":
            try required("units", reader, example: "- dense: 10")
            return .dense(
                units: try reader.integer("units", atLeast: 1, atMost: largestWidth) ?? 1, activation: try activation(reader),
                bias: try reader.boolean("bias") ?? true)
        case "head":
            try required("tied", reader, example: "- head: 0, the place or the name of the embedding")
            return .head(tied: try reader.text("tied") ?? "")
        case "conv2d":
            try required("filters", reader, example: "- conv2d: {filters: 32, kernel: 3}")
            let kernel = try size("kernel", reader, atLeast: 1) ?? 3
            let stride = try size("stride", reader, atLeast: 1) ?? 1
            let dilation = try size("dilation", reader, atLeast: 1) ?? 1
            return .conv2d(
                filters: try reader.integer("filters", atLeast: 1, atMost: largestWidth) ?? 1, kernel: kernel, stride: stride,
                padding: try padding(reader, kernel: kernel, stride: stride, dilation: dilation), dilation: dilation,
                groups: try reader.integer("groups", atLeast: 1, atMost: largestWidth) ?? 1, activation: try activation(reader),
                bias: try reader.boolean("bias") ?? true)
        case "maxpool2d":
            let window = try window(reader)
            return .maxPool2d(size: window.size, stride: window.stride, padding: window.padding)
        case "averagepool2d":
            let window = try window(reader)
            return .averagePool2d(size: window.size, stride: window.stride, padding: window.padding)
        case "globalaveragepool2d": return .globalAveragePool2d
        case "flatten": return .flatten
        case "dropout": return .dropout(rate: try reader.number("rate", .fraction) ?? 0.5)
        case "softmax": return .softmax
        case "gelu":
            return .activation(try reader.choice("approximate", "approximation", among: ["none", "tanh"]) == "tanh" ? .geluTanh : .gelu)
        case "layernorm": return .layerNorm(epsilon: try reader.number("epsilon", .positive) ?? 1e-5)
        case "batchnorm2d":
            return .batchNorm2d(
                epsilon: try reader.number("epsilon", .positive) ?? 1e-5,
                momentum: try reader.number("momentum", Bounds(above: 0, most: 1)) ?? 0.1)
        case "embedding": return try embedding(reader)
        case "attention":
            try required("heads", reader, example: "- attention: {heads: 6}")
            return .attention(
                heads: try reader.integer("heads", atLeast: 1, atMost: largestWidth) ?? 1, causal: try reader.boolean("causal") ?? true,
                dropout: try reader.number("dropout", .fraction) ?? 0, bias: try reader.boolean("bias") ?? true)
        case "lstm":
            try required("units", reader, example: "- lstm: 256")
            return .lstm(units: try reader.integer("units", atLeast: 1, atMost: largestWidth) ?? 1)
        case "transformer":
            try required("heads", reader, example: "- transformer: {heads: 6}")
            let activation = try activation(reader)
            return .transformer(
                heads: try reader.integer("heads", atLeast: 1, atMost: largestWidth) ?? 1,
                hidden: try reader.integer("hidden", atLeast: 1, atMost: largestWidth),
                activation: activation == .identity ? .gelu : activation, causal: try reader.boolean("causal") ?? true,
                dropout: try reader.number("dropout", .fraction) ?? 0, bias: try reader.boolean("bias") ?? true)
        default:
            guard let known = activations.first(where: { $0.name == kind }) else {
                preconditionFailure("layer \(kind) is in the schema but not built")
            }
            return .activation(known.activation)
        }
    }

    private func embedding(_ reader: SectionReader) throws(RecipeError) -> LayerSpec {
        let example = "- embedding: {vocabulary: 65, width: 256}"
        try required("vocabulary", reader, example: example)
        try required("width", reader, example: example)
        var positions = LayerSpec.PositionTable.none
        if case .scalar(let scalar)? = reader.value("positions")?.content, scalar.boolean == nil, scalar.integer == nil {
            throw reader.wrongType("positions", expected: "true or false, or a whole number", found: try required("positions", reader))
        } else if case .scalar(let scalar)? = reader.value("positions")?.content, let given = scalar.boolean {
            positions = given ? .ofInput : .none
        } else if let rows = try reader.integer("positions", atLeast: 1, atMost: largestWidth) {
            positions = .rows(rows)
        }
        return .embedding(
            vocabulary: try reader.integer("vocabulary", atLeast: 2, atMost: largestWidth) ?? 2,
            width: try reader.integer("width", atLeast: 1, atMost: largestWidth) ?? 1, positions: positions,
            deviation: try reader.number("std", .notNegative) ?? 1)
    }

    func activation(_ reader: SectionReader) throws(RecipeError) -> Activation {
        guard let name = try reader.choice("activation", "activation", among: activations.map(\.name)) else { return .identity }
        return activations.first { $0.name == name }?.activation ?? .identity
    }

    /// A number for both directions, or [height, width].
    private func size(_ key: String, _ reader: SectionReader, atLeast least: Int) throws(RecipeError) -> Size2D? {
        let expected = "a whole number or [height, width]"
        guard let numbers = try reader.integers(key, atLeast: least, atMost: largestExtent, expected: expected) else { return nil }
        switch numbers.count {
        case 1: return Size2D(numbers[0])
        case 2: return Size2D(numbers[0], numbers[1])
        default:
            throw RecipeError(at: reader.origin(of: key), "`\(reader.dotted(key))` must be \(expected), not a list of \(numbers.count)")
        }
    }

    private func padding(_ reader: SectionReader, kernel: Size2D, stride: Size2D, dilation: Size2D) throws(RecipeError) -> Size2D {
        guard case .scalar(let scalar)? = reader.value("padding")?.content, scalar.text == "same" else {
            return try size("padding", reader, atLeast: 0) ?? 0
        }
        guard kernel.height % 2 == 1, kernel.width % 2 == 1, stride == 1 else {
            throw RecipeError(
                at: reader.origin(of: "padding"),
                "`\(reader.dotted("padding"))` can be same only with an odd kernel and stride 1; here the kernel is "
                    + "\(kernel.height)×\(kernel.width) and the stride \(stride.height)×\(stride.width)",
                remedy: "Give the padding as a number")
        }
        return Size2D(kernel.height / 2 * dilation.height, kernel.width / 2 * dilation.width)
    }

    /// The window of a pooling layer; its padding may not exceed half of it, or a window could lie in padding alone.
    private func window(_ reader: SectionReader) throws(RecipeError) -> (size: Size2D, stride: Size2D, padding: Size2D) {
        try required("size", reader, example: "- maxpool2d: 2")
        let size = try size("size", reader, atLeast: 1) ?? 1
        let padding = try self.size("padding", reader, atLeast: 0) ?? 0
        guard padding.height * 2 <= size.height, padding.width * 2 <= size.width else {
            throw RecipeError(
                at: reader.origin(of: "padding"),
                "`\(reader.dotted("padding"))` is \(padding.height)×\(padding.width), but at most half the window of "
                    + "\(size.height)×\(size.width) may be padding")
        }
        return (size, try self.size("stride", reader, atLeast: 1) ?? size, padding)
    }
}
