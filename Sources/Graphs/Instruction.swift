import Kernels

/// Where a kernel's operand lies: resolved to a span by base + offset when the instruction runs.
struct Slot: Sendable, Equatable {
    enum Region: UInt8, Sendable { case activations, parameters, gradients }

    var region: Region
    /// Bytes from the region's start.
    var offset: Int
    /// Elements: per batch row if `grows`, else in all. 0 is an absent operand.
    var count: Int
    var grows: Bool

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
    case matmul(MatmulExtents, a: Slot, b: Slot, bias: Slot, Activation, into: Slot, workspace: Slot)
    /// Only where fusion left it: a copy, then the bias as the epilogue of an empty product.
    case addBias(RowCount, columns: Int, x: Slot, bias: Slot, into: Slot, workspace: Slot)
    case columnSums(RowCount, columns: Int, x: Slot, into: Slot)
    case activate(Activation, x: Slot, into: Slot)
    case activationGradient(Activation, saved: Slot, dy: Slot, into: Slot)
    case add(Slot, Slot, into: Slot)
    case subtract(Slot, Slot, into: Slot)
    case multiply(Slot, Slot, into: Slot)
    case scale(Double, Slot, into: Slot)
    case dropout(rate: Double, layerKey: UInt64, columns: Int, keys: Slot, x: Slot, into: Slot)
    case zeros(Slot)

    case convolution(WindowShape, x: Slot, weights: Slot, bias: Slot, Activation, into: Slot, workspace: Slot)
    case convolutionInputGradient(WindowShape, dy: Slot, weights: Slot, into: Slot, workspace: Slot)
    case convolutionWeightGradient(WindowShape, x: Slot, dy: Slot, into: Slot, workspace: Slot)
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
}
