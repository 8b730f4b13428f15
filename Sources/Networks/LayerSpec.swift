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
/// Defaults are PyTorch's. Images are [H, W, C].
package enum LayerSpec: Sendable, Equatable {
    /// y[units] = f(x[N]·W + b).
    case dense(units: Int, activation: Activation = .identity, bias: Bool = true)
    /// y[oh,ow,filters] = f(x[H,W,C] ∗ W + b).
    case conv2d(
        filters: Int, kernel: Size2D, stride: Size2D = 1, padding: Size2D = 0, activation: Activation = .identity, bias: Bool = true)
    /// The maximum of each window; the stride is the window's size unless given. Padding never wins.
    case maxPool2d(size: Size2D, stride: Size2D? = nil, padding: Size2D = 0)
    /// The mean of each window; the stride is the window's size unless given. Padding counts as zeros.
    case averagePool2d(size: Size2D, stride: Size2D? = nil, padding: Size2D = 0)
    /// [H,W,C] to [H·W·C], without a copy.
    case flatten
    /// In training, zeroes each element with probability `rate` and scales the rest by 1/(1−rate).
    case dropout(rate: Double)
    case activation(Activation)
    /// Over the last extent.
    case softmax

    /// The name that recipes, summaries and messages use.
    package var typeName: String {
        switch self {
        case .dense: "dense"
        case .conv2d: "conv2d"
        case .maxPool2d: "maxpool2d"
        case .averagePool2d: "averagepool2d"
        case .flatten: "flatten"
        case .dropout: "dropout"
        case .activation(let kind): kind.layerName
        case .softmax: "softmax"
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
