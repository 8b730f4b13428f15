/// The Float kernels of one level.
package struct FloatKernels: KernelSet {
    package typealias Scalar = Float

    package let instructionSet: InstructionSet
    let reference = ReferenceKernels<Float>()

    package init(_ level: InstructionSet) {
        instructionSet = level
    }

    package func matmulWorkspace(_ shape: MatmulShape) -> Int {
        reference.matmulWorkspace(shape)
    }

    package func matmul(
        _ shape: MatmulShape, _ a: Span<Float>, _ b: Span<Float>, bias: Span<Float>, activation: Activation, accumulate: Bool,
        into c: inout MutableSpan<Float>, workspace: inout MutableSpan<Float>
    ) {
        reference.matmul(shape, a, b, bias: bias, activation: activation, accumulate: accumulate, into: &c, workspace: &workspace)
    }

    package func columnSums(rows: Int, columns: Int, _ a: Span<Float>, into sums: inout MutableSpan<Float>) {
        reference.columnSums(rows: rows, columns: columns, a, into: &sums)
    }

    package func activate(_ kind: Activation, _ x: Span<Float>, into y: inout MutableSpan<Float>) {
        reference.activate(kind, x, into: &y)
    }

    package func activationGradient(_ kind: Activation, saved: Span<Float>, outputGradient: Span<Float>, into dx: inout MutableSpan<Float>)
    {
        reference.activationGradient(kind, saved: saved, outputGradient: outputGradient, into: &dx)
    }

    package func add(_ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>) {
        reference.add(a, b, into: &c)
    }

    package func subtract(_ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>) {
        reference.subtract(a, b, into: &c)
    }

    package func multiply(_ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>) {
        reference.multiply(a, b, into: &c)
    }

    package func scale(_ a: Span<Float>, by factor: Float, into c: inout MutableSpan<Float>) {
        reference.scale(a, by: factor, into: &c)
    }

    package func addInPlace(_ a: Span<Float>, to b: inout MutableSpan<Float>) {
        reference.addInPlace(a, to: &b)
    }

    package func dropout(
        rows: Int, columns: Int, rate: Double, layerKey: UInt64, rowKeys: Span<UInt64>, _ x: Span<Float>, into y: inout MutableSpan<Float>
    ) {
        reference.dropout(rows: rows, columns: columns, rate: rate, layerKey: layerKey, rowKeys: rowKeys, x, into: &y)
    }

    package func convolutionWorkspace(_ shape: WindowShape) -> Int {
        reference.convolutionWorkspace(shape)
    }

    package func convolve(
        rows: Int, _ shape: WindowShape, _ x: Span<Float>, weights: Span<Float>, bias: Span<Float>, activation: Activation,
        into y: inout MutableSpan<Float>, workspace: inout MutableSpan<Float>
    ) {
        reference.convolve(rows: rows, shape, x, weights: weights, bias: bias, activation: activation, into: &y, workspace: &workspace)
    }

    package func convolutionInputGradient(
        rows: Int, _ shape: WindowShape, outputGradient: Span<Float>, weights: Span<Float>, into dx: inout MutableSpan<Float>,
        workspace: inout MutableSpan<Float>
    ) {
        reference.convolutionInputGradient(
            rows: rows, shape, outputGradient: outputGradient, weights: weights, into: &dx, workspace: &workspace)
    }

    package func convolutionWeightGradient(
        rows: Int, _ shape: WindowShape, _ x: Span<Float>, outputGradient: Span<Float>, into dw: inout MutableSpan<Float>,
        workspace: inout MutableSpan<Float>
    ) {
        reference.convolutionWeightGradient(rows: rows, shape, x, outputGradient: outputGradient, into: &dw, workspace: &workspace)
    }

    package func convolvePoolWorkspace(convolution: WindowShape, pool: WindowShape) -> Int {
        reference.convolvePoolWorkspace(convolution: convolution, pool: pool)
    }

    package func convolvePool(
        rows: Int, convolution: WindowShape, pool: WindowShape, _ x: Span<Float>, weights: Span<Float>, bias: Span<Float>,
        activation: Activation, into y: inout MutableSpan<Float>, winners: inout MutableSpan<UInt8>, workspace: inout MutableSpan<Float>
    ) {
        reference.convolvePool(
            rows: rows, convolution: convolution, pool: pool, x, weights: weights, bias: bias, activation: activation, into: &y,
            winners: &winners, workspace: &workspace)
    }

    package func convolvePoolGradients(
        rows: Int, convolution: WindowShape, pool: WindowShape, _ x: Span<Float>, weights: Span<Float>, activation: Activation,
        output y: Span<Float>, winners: Span<UInt8>, outputGradient dy: Span<Float>, weightGradient dw: inout MutableSpan<Float>,
        biasGradient: inout MutableSpan<Float>, inputGradient dx: inout MutableSpan<Float>, workspace: inout MutableSpan<Float>
    ) {
        reference.convolvePoolGradients(
            rows: rows, convolution: convolution, pool: pool, x, weights: weights, activation: activation, output: y, winners: winners,
            outputGradient: dy, weightGradient: &dw, biasGradient: &biasGradient, inputGradient: &dx, workspace: &workspace)
    }

    package func maxPool(
        rows: Int, _ pool: WindowShape, _ x: Span<Float>, into y: inout MutableSpan<Float>, winners: inout MutableSpan<UInt8>
    ) {
        reference.maxPool(rows: rows, pool, x, into: &y, winners: &winners)
    }

    package func maxPoolGradient(
        rows: Int, _ pool: WindowShape, winners: Span<UInt8>, outputGradient: Span<Float>, into dx: inout MutableSpan<Float>
    ) {
        reference.maxPoolGradient(rows: rows, pool, winners: winners, outputGradient: outputGradient, into: &dx)
    }

    package func averagePool(rows: Int, _ pool: WindowShape, countIncludesPad: Bool, _ x: Span<Float>, into y: inout MutableSpan<Float>) {
        reference.averagePool(rows: rows, pool, countIncludesPad: countIncludesPad, x, into: &y)
    }

    package func averagePoolGradient(
        rows: Int, _ pool: WindowShape, countIncludesPad: Bool, outputGradient: Span<Float>, into dx: inout MutableSpan<Float>
    ) {
        reference.averagePoolGradient(rows: rows, pool, countIncludesPad: countIncludesPad, outputGradient: outputGradient, into: &dx)
    }

    package func softmax(rows: Int, columns: Int, _ x: Span<Float>, into y: inout MutableSpan<Float>) {
        reference.softmax(rows: rows, columns: columns, x, into: &y)
    }

    package func softmaxGradient(
        rows: Int, columns: Int, output y: Span<Float>, outputGradient: Span<Float>, into dx: inout MutableSpan<Float>
    ) {
        reference.softmaxGradient(rows: rows, columns: columns, output: y, outputGradient: outputGradient, into: &dx)
    }

    package func softmaxCrossEntropy(
        rows: Int, columns: Int, logits: Span<Float>, classes: Span<Int32>, into rowLoss: inout MutableSpan<Float>
    ) {
        reference.softmaxCrossEntropy(rows: rows, columns: columns, logits: logits, classes: classes, into: &rowLoss)
    }

    package func softmaxCrossEntropyGradient(
        rows: Int, columns: Int, logits: Span<Float>, classes: Span<Int32>, scale: Float, into gradient: inout MutableSpan<Float>
    ) {
        reference.softmaxCrossEntropyGradient(rows: rows, columns: columns, logits: logits, classes: classes, scale: scale, into: &gradient)
    }

    package func softmaxCrossEntropyBoth(
        rows: Int, columns: Int, logits: Span<Float>, classes: Span<Int32>, scale: Float, into rowLoss: inout MutableSpan<Float>,
        gradient: inout MutableSpan<Float>
    ) {
        reference.softmaxCrossEntropyBoth(
            rows: rows, columns: columns, logits: logits, classes: classes, scale: scale, into: &rowLoss, gradient: &gradient)
    }

    package func binaryCrossEntropyWithLogits(
        rows: Int, columns: Int, logits: Span<Float>, targets: Span<Float>, into rowLoss: inout MutableSpan<Float>
    ) {
        reference.binaryCrossEntropyWithLogits(rows: rows, columns: columns, logits: logits, targets: targets, into: &rowLoss)
    }

    package func binaryCrossEntropyWithLogitsGradient(
        rows: Int, columns: Int, logits: Span<Float>, targets: Span<Float>, scale: Float, into gradient: inout MutableSpan<Float>
    ) {
        reference.binaryCrossEntropyWithLogitsGradient(
            rows: rows, columns: columns, logits: logits, targets: targets, scale: scale, into: &gradient)
    }

    package func binaryCrossEntropyWithLogitsBoth(
        rows: Int, columns: Int, logits: Span<Float>, targets: Span<Float>, scale: Float, into rowLoss: inout MutableSpan<Float>,
        gradient: inout MutableSpan<Float>
    ) {
        reference.binaryCrossEntropyWithLogitsBoth(
            rows: rows, columns: columns, logits: logits, targets: targets, scale: scale, into: &rowLoss, gradient: &gradient)
    }

    package func meanSquaredError(
        rows: Int, columns: Int, predictions: Span<Float>, targets: Span<Float>, into rowLoss: inout MutableSpan<Float>
    ) {
        reference.meanSquaredError(rows: rows, columns: columns, predictions: predictions, targets: targets, into: &rowLoss)
    }

    package func meanSquaredErrorGradient(
        rows: Int, columns: Int, predictions: Span<Float>, targets: Span<Float>, scale: Float, into gradient: inout MutableSpan<Float>
    ) {
        reference.meanSquaredErrorGradient(
            rows: rows, columns: columns, predictions: predictions, targets: targets, scale: scale, into: &gradient)
    }

    package func meanSquaredErrorBoth(
        rows: Int, columns: Int, predictions: Span<Float>, targets: Span<Float>, scale: Float, into rowLoss: inout MutableSpan<Float>,
        gradient: inout MutableSpan<Float>
    ) {
        reference.meanSquaredErrorBoth(
            rows: rows, columns: columns, predictions: predictions, targets: targets, scale: scale, into: &rowLoss, gradient: &gradient)
    }

    package func sumOfSquares(_ x: Span<Float>, from start: Int, count: Int) -> Double {
        reference.sumOfSquares(x, from: start, count: count)
    }

    package func sgdUpdate(
        _ step: SGDStep, gradients: Span<Float>, parameters: inout MutableSpan<Float>, momentumBuffer: inout MutableSpan<Float>
    ) {
        reference.sgdUpdate(step, gradients: gradients, parameters: &parameters, momentumBuffer: &momentumBuffer)
    }

    package func adagradUpdate(
        _ step: AdagradStep, gradients: Span<Float>, parameters: inout MutableSpan<Float>, sum: inout MutableSpan<Float>
    ) {
        reference.adagradUpdate(step, gradients: gradients, parameters: &parameters, sum: &sum)
    }

    package func rmspropUpdate(
        _ step: RMSpropStep, gradients: Span<Float>, parameters: inout MutableSpan<Float>, squareAverage: inout MutableSpan<Float>,
        gradientAverage: inout MutableSpan<Float>, momentumBuffer: inout MutableSpan<Float>
    ) {
        reference.rmspropUpdate(
            step, gradients: gradients, parameters: &parameters, squareAverage: &squareAverage, gradientAverage: &gradientAverage,
            momentumBuffer: &momentumBuffer)
    }

    package func adamUpdate(
        _ step: AdamStep, gradients: Span<Float>, parameters: inout MutableSpan<Float>, firstMoment: inout MutableSpan<Float>,
        secondMoment: inout MutableSpan<Float>
    ) {
        reference.adamUpdate(step, gradients: gradients, parameters: &parameters, firstMoment: &firstMoment, secondMoment: &secondMoment)
    }
}
