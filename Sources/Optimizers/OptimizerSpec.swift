/// Which optimiser, with what numbers: a plain value that recipes fill in, checkpoints save and ``Optimizer`` carries out.
///
/// The semantics and the defaults are those of `torch.optim` 2.x, also where a paper says otherwise, so that a set-up can be moved over
/// with its numbers unchanged. The recurrences below write p for a parameter, g for its gradient after clipping, γ for the learning rate
/// of the step, λ for the weight decay and t = 1, 2, … for the update; states start at zero unless stated. All operations are by element.
package struct OptimizerSpec: Sendable, Equatable, Codable {
    package enum Kind: Sendable, Equatable, Codable {
        /// Stochastic gradient descent.
        ///
        ///     g ← g + λ·p
        ///     m ← g                      at the first update,
        ///     m ← μ·m + (1 − d)·g        afterwards
        ///     p ← p − γ·m                or p − γ·(g + μ·m) with Nesterov's look-ahead
        ///
        /// With μ = 0 there is no state and p ← p − γ·g. The step is Robbins & Monro's (1951, "A stochastic approximation method");
        /// momentum is Polyak's (1964, "Some methods of speeding up the convergence of iteration methods"); the Nesterov form is that of
        /// Sutskever, Martens, Dahl & Hinton (2013, "On the importance of initialization and momentum in deep learning").
        /// Known differences from the latter, both PyTorch's: γ multiplies the buffer when it is applied, not when it is filled,
        /// and dampening d leaves the first gradient whole.
        case sgd(momentum: Double = 0, dampening: Double = 0, nesterov: Bool = false)

        /// Adagrad: steps shrink where gradients have been large.
        ///
        ///     g ← g + λ·p
        ///     s ← s + g²                                   s starts at the initial accumulator
        ///     p ← p − γ / (1 + (t − 1)·η) · g / (√s + ε)    η is the learning rate's own decay
        ///
        /// Duchi, Hazan & Singer (2011, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 12).
        case adagrad(learningRateDecay: Double = 0, initialAccumulator: Double = 0, epsilon: Double = 1e-10)

        /// RMSProp: Adagrad with a memory that fades.
        ///
        ///     g ← g + λ·p
        ///     v ← α·v + (1 − α)·g²
        ///     a ← α·a + (1 − α)·g                          centered only
        ///     r = √v + ε                                   centered: √(v − a²) + ε
        ///     b ← μ·b + g / r ;  p ← p − γ·b               without momentum: p ← p − γ·g / r
        ///
        /// Tieleman & Hinton (2012, "Neural networks for machine learning", lecture 6.5); the centered form is Graves's
        /// (2013, arXiv:1308.0850, equations 38 to 45). Known difference from Graves: ε is added after the root, as PyTorch does.
        case rmsprop(alpha: Double = 0.99, epsilon: Double = 1e-8, momentum: Double = 0, centered: Bool = false)

        /// Adam.
        ///
        ///     g ← g + λ·p
        ///     m ← β₁·m + (1 − β₁)·g
        ///     v ← β₂·v + (1 − β₂)·g²
        ///     p ← p − γ · m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε)
        ///
        /// Kingma & Ba (2015, "Adam: a method for stochastic optimization", arXiv:1412.6980, algorithm 1).
        case adam(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)

        /// Adam with decoupled weight decay: the decay acts on the parameter, not through the gradient's statistics.
        ///
        ///     p ← p − γ·λ·p ;  then as Adam with λ = 0
        ///
        /// Loshchilov & Hutter (2019, "Decoupled weight decay regularization", arXiv:1711.05101, algorithm 2). Known difference, PyTorch's:
        /// the decay is multiplied by γ itself, where the paper has a separate schedule multiplier.
        case adamw(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)
    }

    package var kind: Kind

    /// γ before any schedule.
    package var learningRate: Double

    /// λ. For AdamW the decoupled decay, for all others the L2 penalty's coefficient.
    package var weightDecay: Double

    /// The parameters that weight decay leaves alone: each entry is a role ("bias"), a parameter's name ("layers.3.weight"), the end of
    /// one ("3.weight") or a layer ("layers.3"). Empty by default: PyTorch decays biases too.
    package var weightDecayExclude: [String]

    /// - Parameters:
    ///   - learningRate: PyTorch's default for the kind when nil.
    ///   - weightDecay: PyTorch's default for the kind when nil: 0.01 for AdamW, else 0.
    package init(_ kind: Kind, learningRate: Double? = nil, weightDecay: Double? = nil, weightDecayExclude: [String] = []) {
        self.kind = kind
        self.learningRate = learningRate ?? kind.defaultLearningRate
        self.weightDecay = weightDecay ?? kind.defaultWeightDecay
        self.weightDecayExclude = weightDecayExclude
    }
}

extension OptimizerSpec.Kind {
    /// The names that recipes use, in the order in which they are listed to people.
    package static let names = ["sgd", "adagrad", "rmsprop", "adam", "adamw"]

    /// The kind of that name with PyTorch's defaults; nil for any other name.
    package init?(name: String) {
        switch name {
        case "sgd": self = .sgd()
        case "adagrad": self = .adagrad()
        case "rmsprop": self = .rmsprop()
        case "adam": self = .adam()
        case "adamw": self = .adamw()
        default: return nil
        }
    }

    /// The name that recipes use.
    package var name: String {
        switch self {
        case .sgd: "sgd"
        case .adagrad: "adagrad"
        case .rmsprop: "rmsprop"
        case .adam: "adam"
        case .adamw: "adamw"
        }
    }

    /// PyTorch's.
    package var defaultLearningRate: Double {
        switch self {
        case .sgd, .adam, .adamw: 1e-3
        case .adagrad, .rmsprop: 1e-2
        }
    }

    /// PyTorch's.
    package var defaultWeightDecay: Double {
        switch self {
        case .adamw: 1e-2
        case .sgd, .adagrad, .rmsprop, .adam: 0
        }
    }
}
