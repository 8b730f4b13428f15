/// A convolution of either storage type, with groups and dilation: x[B,H,W,C] with weights[kh,kw,C/groups,F].
package struct ConvolutionCall: Hashable, Sendable {
    package var window: WindowShape
    /// What is multiplied: operands stored otherwise are converted on the way.
    package var type: StorageType
    package var packedWeights: Bool
    /// Whether the forward call also gathers the statistics of its output.
    package var measures = false

    /// Whether a level that has tiles multiplies this in them. Groups are too narrow for tiles: their bf16 is widened and multiplied in
    /// scalars, at every level.
    package var usesTiles: Bool { type == .bfloat16 && window.groups == 1 }

    package init(_ window: WindowShape, type: StorageType = .scalar, packedWeights: Bool = false) {
        self.window = window
        self.type = type
        self.packedWeights = packedWeights
    }
}

/// Where the statistics of a convolution's output go: each channel's mean and 1/√(variance + ε) over all rows and pixels, [F] each, of y as
/// it is stored. With 0 rows: 0 and 0.
package struct OutputStatistics<Scalar: KernelScalar>: Sendable {
    package var epsilon = 0.0
    package var mean: Destination<Scalar> = .absent
    package var inverse: Destination<Scalar> = .absent

    package init() {}
}

/// Convolutions in both storage types. Scratch does not grow with the batch rows: patches of the batch are never written out.
package protocol ConvolutionKernels<Scalar>: Sendable {
    associatedtype Scalar: KernelScalar

    /// Bytes of scratch for the three functions.
    func convolutionWorkspace(_ call: ConvolutionCall) -> Int
    /// - Parameter statistics: wanted if the call measures, else absent.
    func convolution(
        _ call: ConvolutionCall, rows: Int, _ x: Operand<Scalar>, weights: WeightOperand<Scalar>, epilogue: Epilogue<Scalar>,
        into y: Destination<Scalar>, statistics: OutputStatistics<Scalar>, workspace: Scratch)
    /// dx from dy; the epilogue is that of dx (a gate or a residual).
    func convolutionInputGradient(
        _ call: ConvolutionCall, rows: Int, outputGradient: Operand<Scalar>, weights: WeightOperand<Scalar>, epilogue: Epilogue<Scalar>,
        into dx: Destination<Scalar>, workspace: Scratch)
    /// dw, and the bias' gradient [F] unless absent; both in scalars.
    func convolutionWeightGradient(
        _ call: ConvolutionCall, rows: Int, _ x: Operand<Scalar>, outputGradient: Operand<Scalar>, into dw: Destination<Scalar>,
        biasGradient: Destination<Scalar>, workspace: Scratch)
    /// The bytes of packed weights.
    func packedBytes(_ call: ConvolutionCall, forInputGradient: Bool) -> Int
    func pack(_ call: ConvolutionCall, forInputGradient: Bool, weights: Operand<Scalar>, into packed: Scratch)
    /// Whether this convolution and the max pooling after it are faster as one call of ``KernelSet/convolvePool``, in scalars, than apart.
    func prefersPooled(_ call: ConvolutionCall) -> Bool
}

extension ConvolutionKernels {
    package func prefersPooled(_ call: ConvolutionCall) -> Bool { true }

    /// A convolution whose statistics nobody wants.
    package func convolution(
        _ call: ConvolutionCall, rows: Int, _ x: Operand<Scalar>, weights: WeightOperand<Scalar>, epilogue: Epilogue<Scalar>,
        into y: Destination<Scalar>, workspace: Scratch
    ) {
        convolution(
            call, rows: rows, x, weights: weights, epilogue: epilogue, into: y, statistics: OutputStatistics(), workspace: workspace)
    }
}
