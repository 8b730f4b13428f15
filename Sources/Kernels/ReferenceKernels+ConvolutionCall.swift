extension ReferenceKernels {
    package func convolutionWorkspace(_ call: ConvolutionCall) -> Int { preconditionFailure("convolutionWorkspace is not written yet") }
    package func convolution(
        _ call: ConvolutionCall, rows: Int, _ x: Operand<Scalar>, weights: WeightOperand<Scalar>, epilogue: Epilogue<Scalar>,
        into y: Destination<Scalar>, workspace: Scratch
    ) { preconditionFailure("convolution is not written yet") }
    package func convolutionInputGradient(
        _ call: ConvolutionCall, rows: Int, outputGradient: Operand<Scalar>, weights: WeightOperand<Scalar>, epilogue: Epilogue<Scalar>,
        into dx: Destination<Scalar>, workspace: Scratch
    ) { preconditionFailure("convolutionInputGradient is not written yet") }
    package func convolutionWeightGradient(
        _ call: ConvolutionCall, rows: Int, _ x: Operand<Scalar>, outputGradient: Operand<Scalar>, into dw: Destination<Scalar>,
        biasGradient: Destination<Scalar>, workspace: Scratch
    ) { preconditionFailure("convolutionWeightGradient is not written yet") }
    package func packedBytes(_ call: ConvolutionCall, forInputGradient: Bool) -> Int {
        preconditionFailure("packedBytes is not written yet")
    }
    package func pack(_ call: ConvolutionCall, forInputGradient: Bool, weights: Operand<Scalar>, into packed: Scratch) {
        preconditionFailure("pack is not written yet")
    }
}
