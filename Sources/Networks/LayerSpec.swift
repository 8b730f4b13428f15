import Kernels

/// An extent in both directions of an image.
package struct Size2D: Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    package var height: Int
    package var width: Int

    package init(_ height: Int, _ width: Int) {
        self.height = height
        self.width = width
    }

    /// The same in both directions.
    package init(_ both: Int) { self.init(both, both) }

    package init(integerLiteral value: Int) { self.init(value) }

    /// "3×3".
    package var description: String { "\(height)×\(width)" }
}

/// A layer as a person writes it down: a value that says what to build, not how.
///
/// Defaults are PyTorch's. Images are [H, W, C], sequences [T, D].
package enum LayerSpec: Sendable, Equatable {
    /// y[.., units] = f(x[.., N]·W + b), at every position of a sequence alike.
    case dense(units: Int, activation: Activation = .identity, bias: Bool = true)
    /// y[.., V] = x[.., D]·Wᵀ with the table W[V, D] of an embedding, which is named as its parameters are: "0", "tokens".
    case head(tied: String)
    /// y[oh,ow,filters] = f(x[H,W,C] ∗ W + b).
    case conv2d(
        filters: Int, kernel: Size2D, stride: Size2D = 1, padding: Size2D = 0, dilation: Size2D = 1, groups: Int = 1,
        activation: Activation = .identity, bias: Bool = true)
    /// The maximum of each window; the stride is the window's size unless given. Padding never wins.
    case maxPool2d(size: Size2D, stride: Size2D? = nil, padding: Size2D = 0)
    /// The mean of each window; the stride is the window's size unless given. Padding counts as zeros.
    case averagePool2d(size: Size2D, stride: Size2D? = nil, padding: Size2D = 0)
    /// The mean of each channel: [H,W,C] to [C].
    case globalAveragePool2d
    /// [H,W,C] to [H·W·C], without a copy.
    case flatten
    /// In training, zeroes each element with probability `rate` and scales the rest by 1/(1−rate).
    case dropout(rate: Double)
    case activation(Activation)
    /// Over the last extent.
    case softmax
    /// [T] tokens to [T, width]: rows of a table, and of one of positions added. Only as the first layer.
    case embedding(vocabulary: Int, width: Int, positions: PositionTable = .none, deviation: Double = 1)
    /// Over the last extent, with a gain and a shift for each of its elements.
    case layerNorm(epsilon: Double = 1e-5)
    /// Over the batch and all positions, channel by channel; running statistics take over outside training.
    case batchNorm2d(epsilon: Double = 1e-5, momentum: Double = 0.1)
    /// [T, D] to [T, D]: queries, keys and values from one product, attention of so many heads, and a last product.
    case attention(heads: Int, causal: Bool = true, dropout: Double = 0, bias: Bool = true)
    /// [T, D] to [T, units], from zero states.
    case lstm(units: Int)
    /// y = f(layers(x) + shortcut(x)); an empty shortcut is x itself.
    case residual(layers: [NamedLayer], shortcut: [NamedLayer] = [], activation: Activation = .identity)
    /// A pre-norm transformer block: x + attention(norm(x)), then the same with two dense layers, `hidden` wide in between (4·D if nil).
    case transformer(
        heads: Int, hidden: Int? = nil, activation: Activation = .gelu, causal: Bool = true, dropout: Double = 0, bias: Bool = true)

    /// The rows of an embedding's table of positions.
    package enum PositionTable: Sendable, Hashable {
        case none
        /// As many as the input has tokens.
        case ofInput
        /// At least as many.
        case rows(Int)
    }

    /// The name that recipes, summaries and messages use.
    package var typeName: String {
        switch self {
        case .dense: "dense"
        case .head: "head"
        case .conv2d: "conv2d"
        case .maxPool2d: "maxpool2d"
        case .averagePool2d: "averagepool2d"
        case .globalAveragePool2d: "globalaveragepool2d"
        case .flatten: "flatten"
        case .dropout: "dropout"
        case .activation(let kind): kind.layerName
        case .softmax: "softmax"
        case .embedding: "embedding"
        case .layerNorm: "layernorm"
        case .batchNorm2d: "batchnorm2d"
        case .attention: "attention"
        case .lstm: "lstm"
        case .residual: "residual"
        case .transformer: "transformer"
        }
    }
}

extension Activation {
    /// As recipes spell it.
    package var layerName: String {
        switch self {
        case .identity: "identity"
        case .relu: "relu"
        case .gelu: "gelu"
        case .geluTanh: "gelu_tanh"
        case .sigmoid: "sigmoid"
        case .tanh: "tanh"
        }
    }
}
