extension ReferenceKernels {
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func sgdUpdate(
        _ step: SGDStep, gradients: Span<Scalar>, parameters: inout MutableSpan<Scalar>, momentumBuffer: inout MutableSpan<Scalar>
    ) {
        let rate = Scalar(rounding: step.learningRate)
        let decay = Scalar(rounding: step.weightDecay)
        let scale = Scalar(rounding: step.gradientScale)
        let momentum = Scalar(rounding: step.momentum)
        let fresh = Scalar(rounding: 1 - step.dampening)
        for i in 0..<parameters.count {
            var d = scale * gradients[i] + decay * parameters[i]
            if step.momentum != 0 {
                let buffer = step.firstStep ? d : momentum * momentumBuffer[i] + fresh * d
                momentumBuffer[i] = buffer
                d = step.nesterov ? d + momentum * buffer : buffer
            }
            parameters[i] -= rate * d
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func adagradUpdate(
        _ step: AdagradStep, gradients: Span<Scalar>, parameters: inout MutableSpan<Scalar>, sum: inout MutableSpan<Scalar>
    ) {
        let rate = Scalar(rounding: step.learningRate)
        let epsilon = Scalar(rounding: step.epsilon)
        let decay = Scalar(rounding: step.weightDecay)
        let scale = Scalar(rounding: step.gradientScale)
        for i in 0..<parameters.count {
            let d = scale * gradients[i] + decay * parameters[i]
            let h = sum[i] + d * d
            sum[i] = h
            parameters[i] -= rate * d / (Scalar.sqrt(h) + epsilon)
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func rmspropUpdate(
        _ step: RMSpropStep, gradients: Span<Scalar>, parameters: inout MutableSpan<Scalar>, squareAverage: inout MutableSpan<Scalar>,
        gradientAverage: inout MutableSpan<Scalar>, momentumBuffer: inout MutableSpan<Scalar>
    ) {
        let rate = Scalar(rounding: step.learningRate)
        let alpha = Scalar(rounding: step.alpha)
        let fresh = Scalar(rounding: 1 - step.alpha)
        let epsilon = Scalar(rounding: step.epsilon)
        let decay = Scalar(rounding: step.weightDecay)
        let scale = Scalar(rounding: step.gradientScale)
        let momentum = Scalar(rounding: step.momentum)
        for i in 0..<parameters.count {
            let d = scale * gradients[i] + decay * parameters[i]
            let v = alpha * squareAverage[i] + fresh * (d * d)
            squareAverage[i] = v
            var spread = v
            if !gradientAverage.isEmpty {
                let mean = gradientAverage[i] + fresh * (d - gradientAverage[i])
                gradientAverage[i] = mean
                spread = v - mean * mean
            }
            let direction = d / (Scalar.sqrt(spread) + epsilon)
            if step.momentum != 0 {
                let buffer = momentum * momentumBuffer[i] + direction
                momentumBuffer[i] = buffer
                parameters[i] -= rate * buffer
            } else {
                parameters[i] -= rate * direction
            }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func adamUpdate(
        _ step: AdamStep, gradients: Span<Scalar>, parameters: inout MutableSpan<Scalar>, firstMoment: inout MutableSpan<Scalar>,
        secondMoment: inout MutableSpan<Scalar>
    ) {
        let keep1 = Scalar(rounding: 1 - step.beta1)
        let beta2 = Scalar(rounding: step.beta2)
        let fresh2 = Scalar(rounding: 1 - step.beta2)
        let rate = Scalar(rounding: step.learningRate / step.biasCorrection1)
        let correction = Scalar(rounding: step.biasCorrection2SquareRoot)
        let epsilon = Scalar(rounding: step.epsilon)
        let shrink = Scalar(rounding: step.decoupled ? 1 - step.learningRate * step.weightDecay : 1)
        let decay = Scalar(rounding: step.decoupled ? 0 : step.weightDecay)
        let scale = Scalar(rounding: step.gradientScale)
        for i in 0..<parameters.count {
            let p = parameters[i] * shrink
            let d = scale * gradients[i] + decay * p
            let m = firstMoment[i] + keep1 * (d - firstMoment[i])
            let v = beta2 * secondMoment[i] + fresh2 * (d * d)
            firstMoment[i] = m
            secondMoment[i] = v
            parameters[i] = p - rate * m / (Scalar.sqrt(v) / correction + epsilon)
        }
    }
}
