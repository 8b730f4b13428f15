// The numbers of one optimiser update. `gradientScale` multiplies the gradient first (the clip factor); everything is PyTorch 2.x's.

/// d = s·g + λp; b ← μb + (1−τ)d (b ← d on the first step); d ← d + μb (Nesterov) or b; p ← p − ηd.
package struct SGDStep: Sendable {
    package var learningRate: Double
    /// 0: the momentum buffer is not touched and may be empty.
    package var momentum: Double
    package var dampening: Double
    package var nesterov: Bool
    package var weightDecay: Double
    package var gradientScale: Double
    package var firstStep: Bool

    package init(
        learningRate: Double, momentum: Double = 0, dampening: Double = 0, nesterov: Bool = false, weightDecay: Double = 0,
        gradientScale: Double = 1, firstStep: Bool = false
    ) {
        self.learningRate = learningRate
        self.momentum = momentum
        self.dampening = dampening
        self.nesterov = nesterov
        self.weightDecay = weightDecay
        self.gradientScale = gradientScale
        self.firstStep = firstStep
    }
}

/// d = s·g + λp; h ← h + d²; p ← p − ηd/(√h + ε). A decaying rate (`lr_decay`) is the caller's, in `learningRate`.
package struct AdagradStep: Sendable {
    package var learningRate: Double
    package var epsilon: Double
    package var weightDecay: Double
    package var gradientScale: Double

    package init(learningRate: Double, epsilon: Double = 1e-10, weightDecay: Double = 0, gradientScale: Double = 1) {
        self.learningRate = learningRate
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.gradientScale = gradientScale
    }
}

/// d = s·g + λp; v ← αv + (1−α)d²; centered: a ← a + (1−α)(d−a), q = √(v − a²) + ε, else q = √v + ε;
/// momentum: b ← μb + d/q, p ← p − ηb, else p ← p − ηd/q.
package struct RMSpropStep: Sendable {
    package var learningRate: Double
    package var alpha: Double
    package var epsilon: Double
    package var momentum: Double
    package var weightDecay: Double
    package var gradientScale: Double

    package init(
        learningRate: Double, alpha: Double = 0.99, epsilon: Double = 1e-8, momentum: Double = 0, weightDecay: Double = 0,
        gradientScale: Double = 1
    ) {
        self.learningRate = learningRate
        self.alpha = alpha
        self.epsilon = epsilon
        self.momentum = momentum
        self.weightDecay = weightDecay
        self.gradientScale = gradientScale
    }
}

/// d = s·g (+ λp unless decoupled; decoupled: p ← p(1 − ηλ)); m ← m + (1−β₁)(d−m); v ← β₂v + (1−β₂)d²;
/// p ← p − (η/c₁)·m/(√v/c₂ + ε).
package struct AdamStep: Sendable {
    package var learningRate: Double
    package var beta1: Double
    package var beta2: Double
    package var epsilon: Double
    package var weightDecay: Double
    /// AdamW's weight decay.
    package var decoupled: Bool
    /// c₁ = 1 − β₁ᵗ
    package var biasCorrection1: Double
    /// c₂ = √(1 − β₂ᵗ)
    package var biasCorrection2SquareRoot: Double
    package var gradientScale: Double

    package init(
        learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0,
        decoupled: Bool = false, biasCorrection1: Double, biasCorrection2SquareRoot: Double, gradientScale: Double = 1
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.decoupled = decoupled
        self.biasCorrection1 = biasCorrection1
        self.biasCorrection2SquareRoot = biasCorrection2SquareRoot
        self.gradientScale = gradientScale
    }
}
