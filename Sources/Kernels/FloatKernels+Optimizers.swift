import CKernels

extension FloatKernels {
    package func sgdUpdate(
        _ step: SGDStep, gradients: Span<Float>, parameters: inout MutableSpan<Float>, momentumBuffer: inout MutableSpan<Float>
    ) {
        require(gradients.count, parameters.count, "The gradients of an update")
        if step.momentum != 0 { require(momentumBuffer.count, parameters.count, "The momentum buffer") }
        guard let table else {
            return reference.sgdUpdate(step, gradients: gradients, parameters: &parameters, momentumBuffer: &momentumBuffer)
        }
        var s = ck_sgd(
            rate: Float(step.learningRate), momentum: Float(step.momentum), fresh: Float(1 - step.dampening),
            weight_decay: Float(step.weightDecay), scale: Float(step.gradientScale), nesterov: step.nesterov ? 1 : 0,
            first: step.firstStep ? 1 : 0)
        table.call.sgd(&s, parameters.count, gradients.address, parameters.address, momentumBuffer.address)
    }

    package func adagradUpdate(
        _ step: AdagradStep, gradients: Span<Float>, parameters: inout MutableSpan<Float>, sum: inout MutableSpan<Float>
    ) {
        require(min(gradients.count, sum.count), parameters.count, "An operand of an update")
        guard let table else { return reference.adagradUpdate(step, gradients: gradients, parameters: &parameters, sum: &sum) }
        var s = ck_adagrad(
            rate: Float(step.learningRate), epsilon: Float(step.epsilon), weight_decay: Float(step.weightDecay),
            scale: Float(step.gradientScale))
        table.call.adagrad(&s, parameters.count, gradients.address, parameters.address, sum.address)
    }

    package func rmspropUpdate(
        _ step: RMSpropStep, gradients: Span<Float>, parameters: inout MutableSpan<Float>, squareAverage: inout MutableSpan<Float>,
        gradientAverage: inout MutableSpan<Float>, momentumBuffer: inout MutableSpan<Float>
    ) {
        require(min(gradients.count, squareAverage.count), parameters.count, "An operand of an update")
        if !gradientAverage.isEmpty { require(gradientAverage.count, parameters.count, "The average of gradients") }
        if step.momentum != 0 { require(momentumBuffer.count, parameters.count, "The momentum buffer") }
        guard let table else {
            return reference.rmspropUpdate(
                step, gradients: gradients, parameters: &parameters, squareAverage: &squareAverage, gradientAverage: &gradientAverage,
                momentumBuffer: &momentumBuffer)
        }
        var s = ck_rmsprop(
            rate: Float(step.learningRate), alpha: Float(step.alpha), fresh: Float(1 - step.alpha), epsilon: Float(step.epsilon),
            momentum: Float(step.momentum), weight_decay: Float(step.weightDecay), scale: Float(step.gradientScale))
        table.call.rmsprop(
            &s, parameters.count, gradients.address, parameters.address, squareAverage.address, gradientAverage.address,
            step.momentum != 0 ? momentumBuffer.address : nil)
    }

    package func adamUpdate(
        _ step: AdamStep, gradients: Span<Float>, parameters: inout MutableSpan<Float>, firstMoment: inout MutableSpan<Float>,
        secondMoment: inout MutableSpan<Float>
    ) {
        require(min(gradients.count, firstMoment.count, secondMoment.count), parameters.count, "An operand of an update")
        guard let table else {
            return reference.adamUpdate(
                step, gradients: gradients, parameters: &parameters, firstMoment: &firstMoment, secondMoment: &secondMoment)
        }
        var s = ck_adam(
            rate: Float(step.learningRate / step.biasCorrection1), fresh1: Float(1 - step.beta1), beta2: Float(step.beta2),
            fresh2: Float(1 - step.beta2), correction: Float(step.biasCorrection2SquareRoot), epsilon: Float(step.epsilon),
            shrink: step.decoupled ? Float(1 - step.learningRate * step.weightDecay) : 1,
            weight_decay: step.decoupled ? 0 : Float(step.weightDecay), scale: Float(step.gradientScale))
        table.call.adam(
            &s, parameters.count, gradients.address, parameters.address, firstMoment.address, secondMoment.address)
    }
}
