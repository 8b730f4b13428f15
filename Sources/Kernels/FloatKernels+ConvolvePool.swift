import CKernels

extension FloatKernels {
    package func convolvePoolWorkspace(convolution: WindowShape, pool: WindowShape) -> Int {
        guard table != nil else { return reference.convolvePoolWorkspace(convolution: convolution, pool: pool) }
        var (window, over) = (convolution.window, pool.window)
        return ck_convolve_pool_workspace(&window, &over)
    }

    package func convolvePool(
        rows: Int, convolution: WindowShape, pool: WindowShape, _ x: Span<Float>, weights: Span<Float>, bias: Span<Float>,
        activation: Activation, into y: inout MutableSpan<Float>, winners: inout MutableSpan<UInt8>,
        workspace: inout MutableSpan<Float>
    ) {
        checkFusion(convolution, pool, activation)
        require(x.count, rows * convolution.inputCount, "The input of a pooled convolution")
        require(weights.count, convolution.weightCount, "The weights of a pooled convolution")
        if !bias.isEmpty { require(bias.count, convolution.outputChannels, "The bias of a pooled convolution") }
        require(y.count, rows * pool.outputCount, "The output of a pooled convolution")
        require(winners.count, rows * pool.outputCount, "The winners of a pooled convolution")
        require(workspace.count, convolvePoolWorkspace(convolution: convolution, pool: pool), "The workspace of a pooled convolution")
        guard let table else {
            return reference.convolvePool(
                rows: rows, convolution: convolution, pool: pool, x, weights: weights, bias: bias, activation: activation, into: &y,
                winners: &winners, workspace: &workspace)
        }
        var (window, over) = (convolution.window, pool.window)
        table.call.convolve_pool(
            rows, &window, &over, x.address, weights.address, bias.address, activation == .relu ? 1 : 0, y.address, winners.address,
            workspace.address)
    }

    package func convolvePoolGradients(
        rows: Int, convolution: WindowShape, pool: WindowShape, _ x: Span<Float>, weights: Span<Float>, activation: Activation,
        output y: Span<Float>, winners: Span<UInt8>, outputGradient dy: Span<Float>, weightGradient dw: inout MutableSpan<Float>,
        biasGradient: inout MutableSpan<Float>, inputGradient dx: inout MutableSpan<Float>, workspace: inout MutableSpan<Float>
    ) {
        checkFusion(convolution, pool, activation)
        require(x.count, rows * convolution.inputCount, "The input of a pooled convolution")
        require(min(y.count, dy.count, winners.count), rows * pool.outputCount, "An output of a pooled convolution")
        require(dw.count, convolution.weightCount, "The weight gradient of a pooled convolution")
        if !biasGradient.isEmpty { require(biasGradient.count, convolution.outputChannels, "The bias gradient of a pooled convolution") }
        if !dx.isEmpty {
            require(weights.count, convolution.weightCount, "The weights of a pooled convolution")
            require(dx.count, rows * convolution.inputCount, "The input gradient of a pooled convolution")
        }
        require(workspace.count, convolvePoolWorkspace(convolution: convolution, pool: pool), "The workspace of a pooled convolution")
        guard let table else {
            return reference.convolvePoolGradients(
                rows: rows, convolution: convolution, pool: pool, x, weights: weights, activation: activation, output: y, winners: winners,
                outputGradient: dy, weightGradient: &dw, biasGradient: &biasGradient, inputGradient: &dx, workspace: &workspace)
        }
        var (window, over) = (convolution.window, pool.window)
        table.call.convolve_pool_gradients(
            rows, &window, &over, x.address, weights.address, activation == .relu ? 1 : 0, y.address, winners.address, dy.address,
            dw.address, biasGradient.address, dx.address, workspace.address)
    }
}

extension WindowShape {
    var window: ck_window {
        ck_window(
            input_height: inputHeight, input_width: inputWidth, input_channels: inputChannels, kernel_height: kernelHeight,
            kernel_width: kernelWidth, stride_height: strideHeight, stride_width: strideWidth, pad_top: padTop, pad_left: padLeft,
            pad_bottom: padBottom, pad_right: padRight, output_height: outputHeight, output_width: outputWidth,
            output_channels: outputChannels, dilation_height: dilationHeight, dilation_width: dilationWidth, groups: groups)
    }
}
