import CKernels

extension FloatKernels {
    package func convolutionWorkspace(_ call: ConvolutionCall) -> Int {
        guard let size = table?.call.conv_workspace else { return reference.convolutionWorkspace(call) }
        var geometry = call.geometry(rows: 0)
        return size(&geometry)
    }

    package func convolution(
        _ call: ConvolutionCall, rows: Int, _ x: Operand<Float>, weights: WeightOperand<Float>, epilogue: Epilogue<Float>,
        into y: Destination<Float>, statistics: OutputStatistics<Float>, workspace: Scratch
    ) {
        let shape = call.window
        require(x.count, rows * shape.inputCount, "The input of a convolution")
        require(y.count, rows * shape.outputCount, "The output of a convolution")
        check(call, weights, forInputGradient: false)
        check(epilogue, count: rows * shape.outputCount, columns: shape.outputChannels)
        if call.measures {
            requireScalars(statistics.mean.operand, shape.outputChannels, "A statistic of a convolution")
            requireScalars(statistics.inverse.operand, shape.outputChannels, "A statistic of a convolution")
        }
        require(workspace.bytes, convolutionWorkspace(call), "The workspace of a convolution")
        guard let run = table?.call.conv else {
            return reference.convolution(
                call, rows: rows, x, weights: weights, epilogue: epilogue, into: y, statistics: statistics, workspace: workspace)
        }
        var (geometry, ending) = (call.geometry(rows: rows), epilogue.c)
        guard call.measures else { return run(&geometry, x.c, weights.base, &ending, y.c, nil, workspace.base) }
        var results = ck_statistics(epsilon: Float(statistics.epsilon), mean: statistics.mean.floats, inverse: statistics.inverse.floats)
        run(&geometry, x.c, weights.base, &ending, y.c, &results, workspace.base)
    }

    package func convolutionInputGradient(
        _ call: ConvolutionCall, rows: Int, outputGradient: Operand<Float>, weights: WeightOperand<Float>, epilogue: Epilogue<Float>,
        into dx: Destination<Float>, workspace: Scratch
    ) {
        let shape = call.window
        require(outputGradient.count, rows * shape.outputCount, "The output gradient of a convolution")
        require(dx.count, rows * shape.inputCount, "The input gradient of a convolution")
        check(call, weights, forInputGradient: true)
        check(epilogue, count: rows * shape.inputCount, columns: shape.inputChannels)
        require(workspace.bytes, convolutionWorkspace(call), "The workspace of a convolution")
        guard let run = table?.call.conv_input_gradient else {
            return reference.convolutionInputGradient(
                call, rows: rows, outputGradient: outputGradient, weights: weights, epilogue: epilogue, into: dx, workspace: workspace)
        }
        var (geometry, ending) = (call.geometry(rows: rows), epilogue.c)
        run(&geometry, outputGradient.c, weights.base, &ending, dx.c, workspace.base)
    }

    package func convolutionWeightGradient(
        _ call: ConvolutionCall, rows: Int, _ x: Operand<Float>, outputGradient: Operand<Float>, into dw: Destination<Float>,
        biasGradient: Destination<Float>, workspace: Scratch
    ) {
        let shape = call.window
        require(x.count, rows * shape.inputCount, "The input of a convolution")
        require(outputGradient.count, rows * shape.outputCount, "The output gradient of a convolution")
        require(dw.count, shape.weightCount, "The weight gradient of a convolution")
        precondition(dw.type == .scalar && biasGradient.type == .scalar, "The gradients of a convolution's weights are scalars")
        if !biasGradient.isEmpty { require(biasGradient.count, shape.outputChannels, "The bias gradient of a convolution") }
        require(workspace.bytes, convolutionWorkspace(call), "The workspace of a convolution")
        guard let run = table?.call.conv_weight_gradient else {
            return reference.convolutionWeightGradient(
                call, rows: rows, x, outputGradient: outputGradient, into: dw, biasGradient: biasGradient, workspace: workspace)
        }
        var geometry = call.geometry(rows: rows)
        run(&geometry, x.c, outputGradient.c, dw.floats, biasGradient.floats, workspace.base)
    }

    package func packedBytes(_ call: ConvolutionCall, forInputGradient: Bool) -> Int {
        guard let size = table?.call.conv_packed_bytes else { return reference.packedBytes(call, forInputGradient: forInputGradient) }
        var geometry = call.geometry(rows: 0)
        return size(&geometry, forInputGradient ? 1 : 0)
    }

    package func pack(_ call: ConvolutionCall, forInputGradient: Bool, weights: Operand<Float>, into packed: Scratch) {
        require(weights.count, call.window.weightCount, "The weights of a convolution")
        precondition(weights.type == .scalar, "A convolution's weights are packed from scalars")
        require(packed.bytes, packedBytes(call, forInputGradient: forInputGradient), "The packed weights of a convolution")
        guard let run = table?.call.conv_pack else {
            return reference.pack(call, forInputGradient: forInputGradient, weights: weights, into: packed)
        }
        var geometry = call.geometry(rows: 0)
        run(&geometry, forInputGradient ? 1 : 0, weights.floats, packed.base)
    }

    package func prefersPooled(_ call: ConvolutionCall) -> Bool {
        guard let prefers = table?.call.conv_prefers_pooled else { return true }
        var geometry = call.geometry(rows: 0)
        return prefers(&geometry) != 0
    }

    private func check(_ call: ConvolutionCall, _ weights: WeightOperand<Float>, forInputGradient: Bool) {
        precondition(weights.isPacked == call.packedWeights, "A convolution's weights are not packed as its call says")
        let count = call.packedWeights ? packedBytes(call, forInputGradient: forInputGradient) : call.window.weightCount
        require(weights.count, count, "The weights of a convolution")
    }

    private func check(_ epilogue: Epilogue<Float>, count: Int, columns: Int) {
        if !epilogue.bias.isEmpty {
            precondition(epilogue.bias.type == .scalar, "The bias of a convolution is in scalars")
            require(epilogue.bias.count, columns, "The bias of a convolution")
        }
        if epilogue.gate != .none { require(epilogue.gateData.count, count, "The gate of a convolution") }
        if !epilogue.residual.isEmpty { require(epilogue.residual.count, count, "The residual of a convolution") }
        if !epilogue.slope.isEmpty { require(epilogue.slope.count, count, "The slope of a convolution") }
    }
}

extension ConvolutionCall {
    /// As C takes it.
    fileprivate func geometry(rows: Int) -> ck_conv {
        ck_conv(
            rows: rows, window: window.window, type: type == .scalar ? CK_F32 : CK_BF16, packed_weights: packedWeights ? 1 : 0,
            measures: measures ? 1 : 0)
    }
}
