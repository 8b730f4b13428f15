extension FloatKernels {
    package func lstmWorkspace(_ call: LSTMCall, rows: Int, _ type: StorageType) -> Int { reference.lstmWorkspace(call, rows: rows, type) }
    package func lstm(
        _ call: LSTMCall, rows: Int, _ x: Operand<Float>, inputWeights: WeightOperand<Float>, hiddenWeights: WeightOperand<Float>,
        inputBias: Operand<Float>, hiddenBias: Operand<Float>, into y: Destination<Float>, saved: Destination<Float>, workspace: Scratch
    ) {
        reference.lstm(
            call, rows: rows, x, inputWeights: inputWeights, hiddenWeights: hiddenWeights, inputBias: inputBias, hiddenBias: hiddenBias,
            into: y, saved: saved, workspace: workspace)
    }
    package func lstmGradient(
        _ call: LSTMCall, rows: Int, _ x: Operand<Float>, inputWeights: WeightOperand<Float>, hiddenWeights: WeightOperand<Float>,
        output y: Operand<Float>, saved: Operand<Float>, outputGradient: Operand<Float>, into dx: Destination<Float>,
        inputWeightGradient: Destination<Float>, hiddenWeightGradient: Destination<Float>, inputBiasGradient: Destination<Float>,
        hiddenBiasGradient: Destination<Float>, workspace: Scratch
    ) {
        reference.lstmGradient(
            call, rows: rows, x, inputWeights: inputWeights, hiddenWeights: hiddenWeights, output: y, saved: saved,
            outputGradient: outputGradient, into: dx, inputWeightGradient: inputWeightGradient, hiddenWeightGradient: hiddenWeightGradient,
            inputBiasGradient: inputBiasGradient, hiddenBiasGradient: hiddenBiasGradient, workspace: workspace)
    }
}
