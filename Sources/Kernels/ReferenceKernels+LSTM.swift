extension ReferenceKernels {
    package func lstmWorkspace(_ call: LSTMCall, rows: Int, _ type: StorageType) -> Int {
        preconditionFailure("lstmWorkspace is not written yet")
    }
    package func lstm(
        _ call: LSTMCall, rows: Int, _ x: Operand<Scalar>, inputWeights: WeightOperand<Scalar>, hiddenWeights: WeightOperand<Scalar>,
        inputBias: Operand<Scalar>, hiddenBias: Operand<Scalar>, into y: Destination<Scalar>, saved: Destination<Scalar>, workspace: Scratch
    ) { preconditionFailure("lstm is not written yet") }
    package func lstmGradient(
        _ call: LSTMCall, rows: Int, _ x: Operand<Scalar>, inputWeights: WeightOperand<Scalar>, hiddenWeights: WeightOperand<Scalar>,
        output y: Operand<Scalar>, saved: Operand<Scalar>, outputGradient: Operand<Scalar>, into dx: Destination<Scalar>,
        inputWeightGradient: Destination<Scalar>, hiddenWeightGradient: Destination<Scalar>, inputBiasGradient: Destination<Scalar>,
        hiddenBiasGradient: Destination<Scalar>, workspace: Scratch
    ) { preconditionFailure("lstmGradient is not written yet") }
}
