extension FloatKernels {
    package func convolutionWorkspace(_ call: ConvolutionCall) -> Int { reference.convolutionWorkspace(call) }
    package func convolution(
        _ call: ConvolutionCall, rows: Int, _ x: Operand<Float>, weights: WeightOperand<Float>, epilogue: Epilogue<Float>,
        into y: Destination<Float>, workspace: Scratch
    ) { reference.convolution(call, rows: rows, x, weights: weights, epilogue: epilogue, into: y, workspace: workspace) }
    package func convolutionInputGradient(
        _ call: ConvolutionCall, rows: Int, outputGradient: Operand<Float>, weights: WeightOperand<Float>, epilogue: Epilogue<Float>,
        into dx: Destination<Float>, workspace: Scratch
    ) {
        reference.convolutionInputGradient(
            call, rows: rows, outputGradient: outputGradient, weights: weights, epilogue: epilogue, into: dx, workspace: workspace)
    }
    package func convolutionWeightGradient(
        _ call: ConvolutionCall, rows: Int, _ x: Operand<Float>, outputGradient: Operand<Float>, into dw: Destination<Float>,
        biasGradient: Destination<Float>, workspace: Scratch
    ) {
        reference.convolutionWeightGradient(
            call, rows: rows, x, outputGradient: outputGradient, into: dw, biasGradient: biasGradient, workspace: workspace)
    }
    package func packedBytes(_ call: ConvolutionCall, forInputGradient: Bool) -> Int {
        reference.packedBytes(call, forInputGradient: forInputGradient)
    }
    package func pack(_ call: ConvolutionCall, forInputGradient: Bool, weights: Operand<Float>, into packed: Scratch) {
        reference.pack(call, forInputGradient: forInputGradient, weights: weights, into: packed)
    }
}
