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

    /// a·b in one of four forms. `a` is seen as a matrix whose columns are its last extent. Layers build it bare; passes add riders.
    /// Inputs: a, b, and those of the riders. Outputs: the product, and those of the riders.
    case matmul(MatmulForm, Riders)
    /// x + b, with b one per column.
    case addBias
    case activate(Activation)
    /// Convolution of x[H,W,C] with w[K,K,C,F]. Inputs: x, w, and those of the riders.
    case convolution(WindowShape, Riders)
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
    /// Rows of a table. Inputs: indices [T], table [V, D], and what is added to each position [T, D] if there is a third input.
    case embedding
    /// Inputs: x, gain, shift. Outputs: y, and each position's mean and inverse deviation.
    case layerNorm(epsilon: Double)
    /// Inputs: x, gain, shift, running mean and running variance. Passes split it: see ``normalise(_:residual:)``.
    case batchNorm(BatchNorm)
    /// Inputs: the packed projections [T, 3D], and the row keys if there is dropout. Outputs: y [T, D] and its statistics [H, T].
    case attention(AttentionCall)
    /// Inputs: x [T, D], weights [D, 4H] and [H, 4H], two biases [4H]. Outputs: y [T, H], and what backward needs.
    case lstm(LSTMCall)

    // MARK: What gradient rules add

    /// Σ over all rows of each column.
    case columnSums
    /// dy·f′; inputs: what the activation saved, and dy.
    case activationGradient(Activation)
    /// Inputs: dy and the weights, and those of the riders.
    case convolutionInputGradient(WindowShape, Riders)
    /// Inputs: x and dy. Outputs: dw, then the bias' gradient if wanted.
    case convolutionWeightGradient(WindowShape, bias: Bool)
    /// Inputs: positions and dy.
    case maxPoolGradient(WindowShape)
    case averagePoolGradient(WindowShape, countsPadding: Bool)
    /// Inputs: y and dy.
    case softmaxGradient
    /// The gradient of scale·Σ row losses with respect to the prediction; inputs: prediction, target.
    case lossGradient(LossKind)
    /// Zeros: the gradient of a parameter that the loss does not depend on.
    case zeros
    /// Σ over the batch: [..] from [B, ..]; zeros in the rows of the output that the input does not have.
    case rowSums
    /// Inputs: indices, dy, and what is already there if there is a third input. The output is [V, D].
    case embeddingGradient
    /// Inputs: x, gain, mean, inverse deviation, dy, and what is added to dx if there is a sixth. Outputs: dx, dgain, dshift.
    case layerNormGradient
    /// Inputs: x, mean, inverse deviation, gain, y (gates dy if the activation is ReLU), dy. Outputs: dx, dgain, dshift, and the
    /// residual's gradient if there is one.
    case normaliseGradient(Activation, residual: Bool)
    /// Inputs: qkv, y, statistics, dy, and the row keys if there is dropout.
    case attentionGradient(AttentionCall)
    /// Inputs: x, both weights, y, what was saved, dy. Outputs: the gradients of both weights and both biases, then dx if wanted.
    case lstmGradient(LSTMCall, input: Bool)

    // MARK: What passes make

    /// Convolution, bias, activation and max pooling in one: the map in between is never stored. Outputs: the pooled map and positions.
    case convolutionPool(ConvolutionPool)
    /// Inputs: x, w, y, positions, dy. Outputs: dw, then the bias' gradient and dx where wanted.
    case convolutionPoolGradients(ConvolutionPool, bias: Bool, input: Bool)
    /// ``loss(_:)`` and ``lossGradient(_:)`` in one pass over the prediction.
    case lossWithGradient(LossKind)
    /// Mean and inverse deviation of each channel over the batch and all extents but the last.
    case batchStatistics(epsilon: Double)
    /// f((x − mean)·inverse·gain + shift), plus a residual inside f. Inputs: x, mean, inverse, gain, shift, and the residual.
    case normalise(Activation, residual: Bool)
    /// 1/√(x + ε).
    case inverseDeviation(epsilon: Double)
    /// What this batch contributes to running statistics: its mean and unbiased variance, weighted by its share of the global batch.
    /// Inputs: mean and inverse deviation of so many positions a row. Outputs: both contributions.
    case batchContribution(positions: Int, epsilon: Double)
    /// The same elements in the storage of the output.
    case convert

    /// The operation without its attributes: the key of the table of rules.
    package enum Kind: Hashable, Sendable, CaseIterable {
        case input, target, rowKeys, parameter
        case matmul, addBias, activate, convolution, maxPool, averagePool, reshape, dropout, softmax, add, subtract, multiply, scale, loss
        case embedding, layerNorm, batchNorm, attention, lstm
        case rowSums, embeddingGradient, layerNormGradient, normaliseGradient, attentionGradient, lstmGradient
        case batchStatistics, normalise, inverseDeviation, batchContribution, convert
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
        case .embedding: .embedding
        case .layerNorm: .layerNorm
        case .batchNorm: .batchNorm
        case .attention: .attention
        case .lstm: .lstm
        case .rowSums: .rowSums
        case .embeddingGradient: .embeddingGradient
        case .layerNormGradient: .layerNormGradient
        case .normaliseGradient: .normaliseGradient
        case .attentionGradient: .attentionGradient
        case .lstmGradient: .lstmGradient
        case .batchStatistics: .batchStatistics
        case .normalise: .normalise
        case .inverseDeviation: .inverseDeviation
        case .batchContribution: .batchContribution
        case .convert: .convert
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

    /// The operands whose memory the kernel allows to be exactly that of the first result.
    func inPlaceInputs(count: Int) -> Range<Int> {
        switch self {
        case .activate, .activationGradient, .add, .subtract, .multiply, .scale, .dropout: 0..<count
        case .embeddingGradient: 2..<max(2, count)
        default: 0..<0
        }
    }
}

/// What rides on the last pass of a product or convolution, in this order of inputs: bias, gate, residual; and of outputs: the slope of the
/// activation, the column sums of b (form tn only), mean and inverse deviation (convolutions only). See the kernels' `Epilogue` for what
/// each does.
package struct Riders: Hashable, Sendable {
    package var activation = Activation.identity
    package var bias = false
    package var gate = Gate.none
    package var residual = false
    /// Whether f′ is stored for backward: for activations whose gradient cannot be had from their output.
    package var slope = false
    package var sums = false
    /// The ε of the batch normalisation that wants each channel's mean and inverse deviation.
    package var statistics: Double?

    package init() {}

    /// Nothing rides.
    package static let none = Riders()
}

/// The attributes of a batch normalisation over all extents but the last.
package struct BatchNorm: Hashable, Sendable {
    package let epsilon: Double
    /// How far a step moves the running statistics towards its own: PyTorch's momentum.
    package let momentum: Double

    package init(epsilon: Double, momentum: Double) {
        self.epsilon = epsilon
        self.momentum = momentum
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
