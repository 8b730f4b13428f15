import Kernels
import TensorCore

/// What a node computes. Shapes are those of one batch row.
///
/// The first group is what layers build; the second group is what gradient rules add; the third is what passes make of both.
package enum Operation: Hashable, Sendable {
    // MARK: Sources: written from outside before the program runs

    /// The features of a batch.
    case input
    /// Labels (softmax cross-entropy) or target values (the other losses).
    case target
    /// One random key per batch row, for dropout.
    case rowKeys
    /// The parameter at that position in the graph's list.
    case parameter(Int)

    // MARK: What layers build

    /// a·b in one of four forms, then the bias if there is a third input, then the activation. `a` is seen as a matrix whose columns are
    /// its last extent. Layers build it bare; the fusion pass adds bias and activation.
    case matmul(MatmulForm, Activation)
    /// x + b, with b one per column.
    case addBias
    case activate(Activation)
    /// Convolution of x[H,W,C] with w[K,K,C,F], then the bias if there is a third input, then the activation.
    case convolution(WindowShape, Activation)
    /// The maximum of each window; the second output is its position.
    case maxPool(WindowShape)
    case averagePool(WindowShape, countsPadding: Bool)
    /// The same elements in another shape: no copy.
    case reshape
    /// Zeroes elements by chance and scales the rest. Inputs: x and the row keys.
    case dropout(rate: Double, layerKey: UInt64)
    /// Softmax over the last extent.
    case softmax
    case add, subtract, multiply
    case scale(Double)
    /// The loss of each row, from a prediction and a target.
    case loss(LossKind)

    // MARK: What gradient rules add

    /// Σ over all rows of each column.
    case columnSums
    /// dy·f′; inputs: what the activation saved, and dy.
    case activationGradient(Activation)
    /// Inputs: dy and the weights.
    case convolutionInputGradient(WindowShape)
    /// Inputs: x and dy.
    case convolutionWeightGradient(WindowShape)
    /// Inputs: positions and dy.
    case maxPoolGradient(WindowShape)
    case averagePoolGradient(WindowShape, countsPadding: Bool)
    /// Inputs: y and dy.
    case softmaxGradient
    /// The gradient of scale·Σ row losses with respect to the prediction; inputs: prediction, target.
    case lossGradient(LossKind)
    /// Zeros: the gradient of a parameter that the loss does not depend on.
    case zeros

    // MARK: What passes make

    /// Convolution, bias, activation and max pooling in one: the map in between is never stored. Outputs: the pooled map and positions.
    case convolutionPool(ConvolutionPool)
    /// Inputs: x, w, y, positions, dy. Outputs: dw, then the bias' gradient and dx where wanted.
    case convolutionPoolGradients(ConvolutionPool, bias: Bool, input: Bool)
    /// ``loss(_:)`` and ``lossGradient(_:)`` in one pass over the prediction.
    case lossWithGradient(LossKind)

    /// The operation without its attributes: the key of the table of rules.
    package enum Kind: Hashable, Sendable, CaseIterable {
        case input, target, rowKeys, parameter
        case matmul, addBias, activate, convolution, maxPool, averagePool, reshape, dropout, softmax, add, subtract, multiply, scale, loss
        case columnSums, activationGradient, convolutionInputGradient, convolutionWeightGradient, maxPoolGradient
        case averagePoolGradient, softmaxGradient, lossGradient, zeros
        case convolutionPool, convolutionPoolGradients, lossWithGradient
    }

    package var kind: Kind {
        switch self {
        case .input: .input
        case .target: .target
        case .rowKeys: .rowKeys
        case .parameter: .parameter
        case .matmul: .matmul
        case .addBias: .addBias
        case .activate: .activate
        case .convolution: .convolution
        case .maxPool: .maxPool
        case .averagePool: .averagePool
        case .reshape: .reshape
        case .dropout: .dropout
        case .softmax: .softmax
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .scale: .scale
        case .loss: .loss
        case .columnSums: .columnSums
        case .activationGradient: .activationGradient
        case .convolutionInputGradient: .convolutionInputGradient
        case .convolutionWeightGradient: .convolutionWeightGradient
        case .maxPoolGradient: .maxPoolGradient
        case .averagePoolGradient: .averagePoolGradient
        case .softmaxGradient: .softmaxGradient
        case .lossGradient: .lossGradient
        case .zeros: .zeros
        case .convolutionPool: .convolutionPool
        case .convolutionPoolGradients: .convolutionPoolGradients
        case .lossWithGradient: .lossWithGradient
        }
    }

    /// Whether nothing is computed: the value comes from outside, or is another name for one that is there.
    var isFree: Bool { isSource || self == .reshape }

    /// Whether the value comes from outside.
    var isSource: Bool {
        switch self {
        case .input, .target, .rowKeys, .parameter: true
        default: false
        }
    }

    /// Whether the kernel allows the result to be exactly the memory of an operand.
    var worksInPlace: Bool {
        switch self {
        case .activate, .activationGradient, .add, .subtract, .multiply, .scale, .dropout: true
        default: false
        }
    }
}

/// The attributes of a fused convolution and max pooling.
package struct ConvolutionPool: Hashable, Sendable {
    package let convolution: WindowShape
    package let pool: WindowShape
    package let activation: Activation
}

/// What a network is trained to make small.
package enum LossKind: String, Sendable, Hashable, CaseIterable, Codable {
    case softmaxCrossEntropy = "softmax_cross_entropy"
    case binaryCrossEntropy = "binary_cross_entropy"
    case meanSquaredError = "mse"
}
