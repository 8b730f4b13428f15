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
        case "conv2d":
            try required("filters", reader, example: "- conv2d: {filters: 32, kernel: 3}")
            let kernel = try size("kernel", reader, atLeast: 1) ?? 3
            let stride = try size("stride", reader, atLeast: 1) ?? 1
            return .conv2d(
                filters: try reader.integer("filters", atLeast: 1, atMost: largestWidth) ?? 1, kernel: kernel, stride: stride,
                padding: try padding(reader, kernel: kernel, stride: stride), activation: try activation(reader),
                bias: try reader.boolean("bias") ?? true)
        case "maxpool2d":
            let window = try window(reader)
            return .maxPool2d(size: window.size, stride: window.stride, padding: window.padding)
        case "averagepool2d":
            let window = try window(reader)
            return .averagePool2d(size: window.size, stride: window.stride, padding: window.padding)
        case "flatten": return .flatten
        case "dropout": return .dropout(rate: try reader.number("rate", .fraction) ?? 0.5)
        case "softmax": return .softmax
        case "gelu":
            return .activation(try reader.choice("approximate", "approximation", among: ["none", "tanh"]) == "tanh" ? .geluTanh : .gelu)
        default:
            guard let known = activations.first(where: { $0.name == kind }) else {
                preconditionFailure("layer \(kind) is in the schema but not built")
            }
            return .activation(known.activation)
        }
    }

    private func activation(_ reader: SectionReader) throws(RecipeError) -> Activation {
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

    private func padding(_ reader: SectionReader, kernel: Size2D, stride: Size2D) throws(RecipeError) -> Size2D {
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
        return Size2D(kernel.height / 2, kernel.width / 2)
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

extension NamedLayer {
    /// As an entry of `model.layers`, every key written out.
    var resolved: ResolvedValue {
        var members: [(String, ResolvedValue)]
        func both(_ size: Size2D) -> ResolvedValue {
            size.height == size.width ? .integer(size.height) : .integers([size.height, size.width])
        }
        func activated(_ activation: Activation) -> ResolvedValue { .optional(activation.recipeName) { .text($0) } }
        switch spec {
        case .dense(let units, let activation, let bias):
            members = [("units", .integer(units)), ("activation", activated(activation)), ("bias", .boolean(bias))]
        case .conv2d(let filters, let kernel, let stride, let padding, _, _, let activation, let bias):
            members = [
                ("filters", .integer(filters)), ("kernel", both(kernel)), ("stride", both(stride)), ("padding", both(padding)),
                ("activation", activated(activation)), ("bias", .boolean(bias)),
            ]
        case .maxPool2d(let size, let stride, let padding), .averagePool2d(let size, let stride, let padding):
            members = [("size", both(size)), ("stride", both(stride ?? size)), ("padding", both(padding))]
        case .dropout(let rate): members = [("rate", .number(rate))]
        case .activation(.geluTanh):
            return .map([("gelu", .map([("approximate", .text("tanh"))] + named))])
        case .activation(.gelu):
            return .map([("gelu", .map([("approximate", .text("none"))] + named))])
        case .activation(let activation):
            // The identity has no layer of its own in a recipe, and the reader never makes one.
            guard let kind = activation.recipeName else { preconditionFailure("a layer that does nothing came out of a recipe") }
            return named.isEmpty ? .text(kind) : .map([(kind, .map(named))])
        default:
            return named.isEmpty ? .text(spec.typeName) : .map([(spec.typeName, .map(named))])
        }
        return .map([(spec.typeName, .map(members + named))])
    }

    private var named: [(key: String, value: ResolvedValue)] { name.map { [("name", .text($0))] } ?? [] }
}

extension NetworkSpec {
    var resolved: ResolvedValue { .map([("input", .integers(input)), ("layers", .list(layers.map(\.resolved)))]) }
}
