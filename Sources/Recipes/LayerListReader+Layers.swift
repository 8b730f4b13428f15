import Kernels
import Networks

/// The activations that a layer may carry, by the names recipes use.
private let activations: [(name: String, activation: Activation)] = [
    ("relu", .relu), ("gelu", .gelu), ("gelu_tanh", .geluTanh), ("sigmoid", .sigmoid), ("tanh", .tanh),
]

extension LayerListReader {
    /// One layer that is no block.
    func layer(_ kind: String, _ reader: SectionReader) throws(RecipeError) -> LayerSpec {
        switch kind {
        case "dense":
            try required("units", reader)
            return .dense(
                units: try reader.integer("units", atLeast: 1) ?? 1, activation: try activation(reader), bias: try reader.boolean("bias") ?? true)
        case "conv2d":
            try required("filters", reader)
            let kernel = try pair("kernel", reader, atLeast: 1) ?? (3, 3)
            let stride = try pair("stride", reader, atLeast: 1) ?? (1, 1)
            return .conv2d(
                filters: try reader.integer("filters", atLeast: 1) ?? 1, kernel: Extent(kernel), stride: Extent(stride),
                padding: Extent(try padding(reader, kernel: kernel, stride: stride)), activation: try activation(reader),
                bias: try reader.boolean("bias") ?? true)
        case "maxpool2d":
            let window = try window(reader)
            return .maxPool2d(size: Extent(window.size), stride: Extent(window.stride), padding: Extent(window.padding))
        case "averagepool2d":
            let window = try window(reader)
            return .averagePool2d(size: Extent(window.size), stride: Extent(window.stride), padding: Extent(window.padding))
        case "flatten": return .flatten
        case "dropout": return .dropout(rate: try reader.number("rate", .fraction) ?? 0.5)
        case "softmax": return .softmax
        case "gelu":
            return .activation(try reader.choice("approximate", "approximation", among: ["none", "tanh"]) == "tanh" ? .geluTanh : .gelu)
        default:
            guard let known = activations.first(where: { $0.name == kind }) else { preconditionFailure("layer \(kind) is in the schema but not built") }
            return .activation(known.activation)
        }
    }

    private func activation(_ reader: SectionReader) throws(RecipeError) -> Activation {
        guard let name = try reader.choice("activation", "activation", among: activations.map(\.name)) else { return .identity }
        return activations.first { $0.name == name }?.activation ?? .identity
    }

    private typealias Pair = (height: Int, width: Int)

    /// A number for both directions, or [height, width].
    private func pair(_ key: String, _ reader: SectionReader, atLeast least: Int) throws(RecipeError) -> (height: Int, width: Int)? {
        let expected = "a whole number or [height, width]"
        guard let numbers = try reader.integers(key, atLeast: least, expected: expected) else { return nil }
        switch numbers.count {
        case 1: return (numbers[0], numbers[0])
        case 2: return (numbers[0], numbers[1])
        default:
            throw RecipeError(at: reader.origin(of: key), "`\(reader.dotted(key))` must be \(expected), not a list of \(numbers.count)")
        }
    }

    private func padding(_ reader: SectionReader, kernel: Pair, stride: Pair) throws(RecipeError) -> Pair {
        if case .scalar(let scalar)? = reader.value("padding")?.content, scalar.text == "same" {
            guard kernel.height % 2 == 1, kernel.width % 2 == 1, stride == (1, 1) else {
                throw RecipeError(
                    at: reader.origin(of: "padding"),
                    "`\(reader.dotted("padding"))` can be same only with an odd kernel and stride 1; here the kernel is "
                        + "\(kernel.height)×\(kernel.width) and the stride \(stride.height)×\(stride.width)",
                    remedy: "Give the padding as a number")
            }
            return (kernel.height / 2, kernel.width / 2)
        }
        return try pair("padding", reader, atLeast: 0) ?? (0, 0)
    }

    /// The window of a pooling layer; its padding may not exceed half of it, or a window could lie in padding alone.
    private func window(_ reader: SectionReader) throws(RecipeError) -> (size: Pair, stride: Pair, padding: Pair) {
        try required("size", reader)
        let size = try pair("size", reader, atLeast: 1) ?? (1, 1)
        let padding = try pair("padding", reader, atLeast: 0) ?? (0, 0)
        guard padding.height * 2 <= size.height, padding.width * 2 <= size.width else {
            throw RecipeError(
                at: reader.origin(of: "padding"),
                "`\(reader.dotted("padding"))` is \(padding.height)×\(padding.width), but at most half the window of \(size.height)×\(size.width) may be padding")
        }
        return (size, try pair("stride", reader, atLeast: 1) ?? size, padding)
    }
}
