import Kernels
import Networks

extension NamedLayer {
    /// As an entry of a list of layers, every key written out.
    var resolved: ResolvedValue {
        switch spec {
        case .activation(.geluTanh): return entry("gelu", [("approximate", .text("tanh"))])
        case .activation(.gelu): return entry("gelu", [("approximate", .text("none"))])
        case .activation(let activation):
            // The identity has no layer of its own in a recipe, and the reader never makes one.
            guard let kind = activation.recipeName else { preconditionFailure("a layer that does nothing came out of a recipe") }
            return entry(kind, [])
        default: return entry(spec.typeName, members)
        }
    }

    /// A layer without keys is its bare name.
    private func entry(_ kind: String, _ members: [(key: String, value: ResolvedValue)]) -> ResolvedValue {
        let all = members + (name.map { [("name", .text($0))] } ?? [])
        return all.isEmpty ? .text(kind) : .map([(kind, .map(all))])
    }

    private var members: [(key: String, value: ResolvedValue)] {
        switch spec {
        case .dense(let units, let activation, let bias):
            [("units", .integer(units)), ("activation", written(activation)), ("bias", .boolean(bias))]
        case .head(let tied): [("tied", .text(tied))]
        case .conv2d(let filters, let kernel, let stride, let padding, let dilation, let groups, let activation, let bias):
            [
                ("filters", .integer(filters)), ("kernel", written(kernel)), ("stride", written(stride)), ("padding", written(padding)),
                ("dilation", written(dilation)), ("groups", .integer(groups)), ("activation", written(activation)),
                ("bias", .boolean(bias)),
            ]
        case .maxPool2d(let size, let stride, let padding), .averagePool2d(let size, let stride, let padding):
            [("size", written(size)), ("stride", written(stride ?? size)), ("padding", written(padding))]
        case .dropout(let rate): [("rate", .number(rate))]
        case .globalAveragePool2d, .flatten, .softmax, .activation: []
        case .embedding(let vocabulary, let width, let positions, let deviation):
            [
                ("vocabulary", .integer(vocabulary)), ("width", .integer(width)), ("positions", written(positions)),
                ("std", .number(deviation)),
            ]
        case .layerNorm(let epsilon): [("epsilon", .number(epsilon))]
        case .batchNorm2d(let epsilon, let momentum): [("epsilon", .number(epsilon)), ("momentum", .number(momentum))]
        case .attention(let heads, let causal, let dropout, let bias):
            [("heads", .integer(heads)), ("causal", .boolean(causal)), ("dropout", .number(dropout)), ("bias", .boolean(bias))]
        case .lstm(let units): [("units", .integer(units))]
        case .residual(let layers, let shortcut, let activation):
            [
                ("layers", .list(layers.map(\.resolved))), ("shortcut", .list(shortcut.map(\.resolved))),
                ("activation", written(activation)),
            ]
        case .transformer(let heads, let hidden, let activation, let causal, let dropout, let bias):
            [
                ("heads", .integer(heads)), ("hidden", .optional(hidden) { .integer($0) }), ("activation", written(activation)),
                ("causal", .boolean(causal)), ("dropout", .number(dropout)), ("bias", .boolean(bias)),
            ]
        }
    }

    private func written(_ activation: Activation) -> ResolvedValue { .optional(activation.recipeName) { .text($0) } }

    /// One number where both directions have the same.
    private func written(_ size: Size2D) -> ResolvedValue {
        size.height == size.width ? .integer(size.height) : .integers([size.height, size.width])
    }

    private func written(_ positions: LayerSpec.PositionTable) -> ResolvedValue {
        switch positions {
        case .none: .boolean(false)
        case .ofInput: .boolean(true)
        case .rows(let count): .integer(count)
        }
    }
}

extension NetworkSpec {
    var resolved: ResolvedValue {
        .map([
            ("input", .integers(input)), ("layers", .list(layers.map(\.resolved))), ("recompute", .text(recompute.rawValue)),
        ])
    }
}
