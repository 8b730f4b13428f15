import Kernels

/// Where a kernel's operand lies: resolved to a span by base + offset when the instruction runs.
struct Slot: Sendable, Equatable {
    enum Region: UInt8, Sendable { case activations, parameters, gradients, packed }

    var region: Region
    /// Bytes from the region's start.
    var offset: Int
    /// Elements: per batch row if `grows`, else in all. 0 is an absent operand.
    var count: Int
    var grows: Bool
    /// Of scalars and bf16; other elements have types of their own.
    var type = StorageType.scalar

    /// No operand: resolves to an empty span.
    static let absent = Slot(region: .activations, offset: 0, count: 0, grows: false)
}

/// A number of matrix rows: so many per batch row, or in all.
struct RowCount: Sendable, Equatable {
    var count: Int
    var grows: Bool

    @inline(__always) func resolved(_ rows: Int) -> Int { grows ? count * rows : count }
}

/// One call of a kernel: everything decided but the number of rows. Trivial data, so that running it touches no reference count.
enum Instruction: Sendable {
    case product(ProductInstruction)
    /// Only where fusion left it: a copy, then the bias as the epilogue of an empty product.
    case addBias(RowCount, columns: Int, x: Slot, bias: Slot, into: Slot, workspace: Slot)
    case columnSums(RowCount, columns: Int, x: Slot, into: Slot)
    /// Column sums over the batch into the first elements, zeros into the others.
    case rowSums(columns: Int, x: Slot, into: Slot)
    case activate(Activation, x: Slot, into: Slot)
    case activationGradient(Activation, saved: Slot, dy: Slot, into: Slot)
    case add(Slot, Slot, into: Slot)
    case subtract(Slot, Slot, into: Slot)
    case multiply(Slot, Slot, into: Slot)
    case scale(Double, Slot, into: Slot)
    case dropout(rate: Double, layerKey: UInt64, columns: Int, keys: Slot, x: Slot, into: Slot)
    case zeros(Slot)

    case convolution(ConvolutionCall, x: Slot, weights: Slot, RiderSlots, into: Slot, statistics: StatisticSlots, workspace: Slot)
    case convolutionInputGradient(ConvolutionCall, dy: Slot, weights: Slot, RiderSlots, into: Slot, workspace: Slot)
    case convolutionWeightGradient(ConvolutionCall, x: Slot, dy: Slot, into: Slot, bias: Slot, workspace: Slot)
    case convolutionPool(ConvolutionPool, x: Slot, weights: Slot, bias: Slot, into: Slot, positions: Slot, workspace: Slot)
    case convolutionPoolGradients(
        ConvolutionPool, x: Slot, weights: Slot, y: Slot, positions: Slot, dy: Slot, weightGradient: Slot, biasGradient: Slot,
        inputGradient: Slot, workspace: Slot)
    case maxPool(WindowShape, x: Slot, into: Slot, positions: Slot)
    case maxPoolGradient(WindowShape, positions: Slot, dy: Slot, into: Slot)
    case averagePool(WindowShape, countsPadding: Bool, x: Slot, into: Slot)
    case averagePoolGradient(WindowShape, countsPadding: Bool, dy: Slot, into: Slot)

    case softmax(RowCount, columns: Int, x: Slot, into: Slot)
    case softmaxGradient(RowCount, columns: Int, y: Slot, dy: Slot, into: Slot)
    case loss(LossKind, columns: Int, prediction: Slot, target: Slot, into: Slot)
    case lossGradient(LossKind, columns: Int, prediction: Slot, target: Slot, into: Slot)
    case lossWithGradient(LossKind, columns: Int, prediction: Slot, target: Slot, into: Slot, gradient: Slot)
    /// Softmax cross-entropy of several positions per row, or of bf16; absent results are not wanted.
    case sequenceLoss(positions: Int, columns: Int, prediction: Slot, target: Slot, into: Slot, gradient: Slot)

    case convert(Slot, into: Slot)
    case embedding(vocabulary: Int, columns: Int, length: Int, tokens: Slot, table: Slot, positions: Slot, into: Slot)
    case embeddingGradient(vocabulary: Int, columns: Int, length: Int, tokens: Slot, dy: Slot, accumulates: Bool, into: Slot)
    case layerNorm(NormInstruction)
    case layerNormGradient(NormInstruction, dy: Slot, residual: Slot, into: Slot, gainGradient: Slot, shiftGradient: Slot)
    case batchStatistics(RowCount, columns: Int, epsilon: Double, x: Slot, mean: Slot, inverse: Slot)
    case batchContribution(RowCount, epsilon: Double, mean: Slot, inverse: Slot, into: Slot, variance: Slot)
    case inverseDeviation(epsilon: Double, x: Slot, into: Slot)
    case normalise(NormInstruction, residual: Slot, Activation)
    case normaliseGradient(
        NormInstruction, Activation, dy: Slot, into: Slot, gainGradient: Slot, shiftGradient: Slot, residualGradient: Slot)
    case attention(AttentionCall, qkv: Slot, keys: Slot, into: Slot, statistics: Slot, workspace: Slot)
    case attentionGradient(AttentionCall, qkv: Slot, keys: Slot, y: Slot, statistics: Slot, dy: Slot, into: Slot, workspace: Slot)
    case lstm(
        LSTMCall, x: Slot, inputWeights: Slot, hiddenWeights: Slot, inputBias: Slot, hiddenBias: Slot, into: Slot, saved: Slot,
        workspace: Slot)
    case lstmGradient(LSTMGradientInstruction)
}

/// A product with its riders.
struct ProductInstruction: Sendable {
    var extents: MatmulExtents
    var operands: StorageType
    var result: StorageType
    var packed: Bool
    var a: Slot
    /// Absent if packed weights take its place.
    var b: Slot
    var weights: Slot
    var riders: RiderSlots
    var into: Slot
    var sums: Slot
    var workspace: Slot
}

/// The operands of an epilogue.
struct RiderSlots: Sendable {
    var activation: Activation
    var gate: Gate
    var bias: Slot
    var gateData: Slot
    var residual: Slot
    var slope: Slot
}

/// Where a convolution's statistics go; absent if nobody wants them.
struct StatisticSlots: Sendable {
    var epsilon = 0.0
    var mean = Slot.absent
    var inverse = Slot.absent
}

/// What forward and backward of both normalisations share.
struct NormInstruction: Sendable {
    var rows: RowCount
    var columns: Int
    var epsilon: Double
    var x: Slot
    var gain: Slot
    var shift: Slot
    /// The output; in backward absent or what gates dy.
    var y: Slot
    var mean: Slot
    var inverse: Slot
}

/// The operands of an LSTM's gradient.
struct LSTMGradientInstruction: Sendable {
    var call: LSTMCall
    var x: Slot
    var inputWeights: Slot
    var hiddenWeights: Slot
    var y: Slot
    var saved: Slot
    var dy: Slot
    var inputWeightGradient: Slot
    var hiddenWeightGradient: Slot
    var inputBiasGradient: Slot
    var hiddenBiasGradient: Slot
    /// Absent if nobody wants it.
    var into: Slot
    var workspace: Slot
}
