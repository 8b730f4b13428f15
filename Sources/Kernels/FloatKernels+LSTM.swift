import CKernels

extension FloatKernels {
    package func lstmWorkspace(_ call: LSTMCall, rows: Int, _ type: StorageType) -> Int {
        guard let table = lstmTable else { return reference.lstmWorkspace(call, rows: rows, type) }
        var shape = call.shape(rows, table)
        return table.call.lstm_workspace(&shape, type == .scalar ? CK_F32 : CK_BF16)
    }

    package func lstm(
        _ call: LSTMCall, rows: Int, _ x: Operand<Float>, inputWeights: WeightOperand<Float>, hiddenWeights: WeightOperand<Float>,
        inputBias: Operand<Float>, hiddenBias: Operand<Float>, into y: Destination<Float>, saved: Destination<Float>, workspace: Scratch
    ) {
        let tokens = rows * call.length
        require(x.count, tokens * call.inputs, "The input of an LSTM")
        requireScalars(inputBias, 4 * call.hidden, "A bias of an LSTM")
        requireScalars(hiddenBias, 4 * call.hidden, "A bias of an LSTM")
        require(y.count, tokens * call.hidden, "The output of an LSTM")
        require(saved.count, 5 * tokens * call.hidden, "What an LSTM saves")
        checkWeights(call, inputWeights, hiddenWeights, transposed: false)
        require(workspace.bytes, lstmWorkspace(call, rows: rows, x.type), "The workspace of an LSTM")
        guard let table = lstmTable else {
            return reference.lstm(
                call, rows: rows, x, inputWeights: inputWeights, hiddenWeights: hiddenWeights, inputBias: inputBias,
                hiddenBias: hiddenBias, into: y, saved: saved, workspace: workspace)
        }
        var shape = call.shape(rows, table)
        table.call.lstm(
            &shape, x.c, inputWeights.base, hiddenWeights.base, inputBias.floats, hiddenBias.floats, y.c, saved.c, workspace.base)
    }

    package func lstmGradient(
        _ call: LSTMCall, rows: Int, _ x: Operand<Float>, inputWeights: WeightOperand<Float>, hiddenWeights: WeightOperand<Float>,
        output y: Operand<Float>, saved: Operand<Float>, outputGradient: Operand<Float>, into dx: Destination<Float>,
        inputWeightGradient: Destination<Float>, hiddenWeightGradient: Destination<Float>, inputBiasGradient: Destination<Float>,
        hiddenBiasGradient: Destination<Float>, workspace: Scratch
    ) {
        let (tokens, gates) = (rows * call.length, 4 * call.hidden)
        require(x.count, tokens * call.inputs, "The input of an LSTM")
        require(min(y.count, outputGradient.count), tokens * call.hidden, "An output of an LSTM")
        require(saved.count, 5 * tokens * call.hidden, "What an LSTM saved")
        if !dx.isEmpty { require(dx.count, tokens * call.inputs, "The input gradient of an LSTM") }
        requireScalars(inputWeightGradient.operand, call.inputs * gates, "The input weight gradient of an LSTM")
        requireScalars(hiddenWeightGradient.operand, call.hidden * gates, "The hidden weight gradient of an LSTM")
        requireScalars(inputBiasGradient.operand, gates, "A bias gradient of an LSTM")
        requireScalars(hiddenBiasGradient.operand, gates, "A bias gradient of an LSTM")
        checkWeights(call, inputWeights, hiddenWeights, transposed: true)
        require(workspace.bytes, lstmWorkspace(call, rows: rows, x.type), "The workspace of an LSTM")
        guard let table = lstmTable else {
            return reference.lstmGradient(
                call, rows: rows, x, inputWeights: inputWeights, hiddenWeights: hiddenWeights, output: y, saved: saved,
                outputGradient: outputGradient, into: dx, inputWeightGradient: inputWeightGradient,
                hiddenWeightGradient: hiddenWeightGradient, inputBiasGradient: inputBiasGradient, hiddenBiasGradient: hiddenBiasGradient,
                workspace: workspace)
        }
        var shape = call.shape(rows, table)
        table.call.lstm_gradient(
            &shape, x.c, inputWeights.base, hiddenWeights.base, y.c, saved.c, outputGradient.c, dx.c, inputWeightGradient.floats,
            hiddenWeightGradient.floats, inputBiasGradient.floats, hiddenBiasGradient.floats, workspace.base)
    }

    /// The level's table if it has the operation and the products that it is made of.
    private var lstmTable: KernelTable? {
        guard let table, table.call.lstm != nil, table.call.gemm != nil else { return nil }
        return table
    }

    private func checkWeights(
        _ call: LSTMCall, _ inputWeights: WeightOperand<Float>, _ hiddenWeights: WeightOperand<Float>, transposed: Bool
    ) {
        precondition(
            inputWeights.isPacked == call.packedWeights && hiddenWeights.isPacked == call.packedWeights,
            "weights of an LSTM are packed or plain as the call says")
        for (weights, width) in [(inputWeights, call.inputs), (hiddenWeights, call.hidden)] {
            let (k, n) = transposed ? (4 * call.hidden, width) : (width, 4 * call.hidden)
            let needed = call.packedWeights ? packedBytes(WeightPacking(k: k, n: n, transposed: transposed, type: call.type)) : k * n
            require(weights.count, needed, "Weights of an LSTM")
        }
    }
}

extension LSTMCall {
    fileprivate func shape(_ rows: Int, _ table: KernelTable) -> ck_lstm {
        ck_lstm(
            rows: rows, length: length, inputs: inputs, hidden: hidden, type: type == .scalar ? CK_F32 : CK_BF16,
            packed_weights: packedWeights ? 1 : 0, kernels: table.table)
    }
}
