import TensorCore

extension OptimizerSpec {
    /// Checks every number; called once when a recipe is read.
    ///
    /// The bounds are PyTorch's, with one exception: ε has to be positive. PyTorch takes 0 and then divides 0 by 0 at a parameter whose
    /// gradient is zero (and our arenas have padding whose gradient always is).
    package func validate() throws(OptimizerError) {
        try require(
            learningRate.isFinite && learningRate >= 0, "optimizer.learning_rate", learningRate,
            "it has to be a finite number ≥ 0; \(kind.name) usually starts at \(kind.defaultLearningRate)")
        try require(
            weightDecay.isFinite && weightDecay >= 0, "optimizer.weight_decay", weightDecay, "it has to be a finite number ≥ 0")
        switch kind {
        case .sgd(let momentum, let dampening, let nesterov):
            try Self.requireMomentum(momentum)
            try require(dampening.isFinite, "optimizer.dampening", dampening, "it has to be finite, 0 as a rule")
            try require(
                !nesterov || (momentum > 0 && dampening == 0), "optimizer.nesterov", nesterov,
                "Nesterov's look-ahead needs momentum > 0 and dampening 0; momentum is \(momentum), dampening \(dampening)")
        case .adagrad(let decay, let accumulator, let epsilon):
            try require(decay.isFinite && decay >= 0, "optimizer.lr_decay", decay, "it has to be a finite number ≥ 0")
            try require(
                accumulator.isFinite && accumulator >= 0, "optimizer.initial_accumulator_value", accumulator,
                "it has to be a finite number ≥ 0")
            try Self.requireEpsilon(epsilon)
        case .rmsprop(let alpha, let epsilon, let momentum, _):
            try Self.requireFraction(alpha, "optimizer.alpha", usual: 0.99)
            try Self.requireEpsilon(epsilon)
            try Self.requireMomentum(momentum)
        case .adam(let beta1, let beta2, let epsilon), .adamw(let beta1, let beta2, let epsilon):
            try Self.requireFraction(beta1, "optimizer.beta1", usual: 0.9)
            try Self.requireFraction(beta2, "optimizer.beta2", usual: 0.999)
            try Self.requireEpsilon(epsilon)
        }
    }

    /// The entries of ``weightDecayExclude`` that match no parameter of this layout: spelling mistakes, as a rule.
    package func unmatchedExclusions(in layout: ParameterLayout) -> [String] {
        weightDecayExclude.filter { pattern in !layout.entries.contains { Self.pattern(pattern, matches: $0) } }
    }

    /// Whether weight decay applies to a parameter.
    package func decays(_ entry: ParameterLayout.Entry) -> Bool {
        entry.decays && !weightDecayExclude.contains { Self.pattern($0, matches: entry) }
    }

    /// Whole components only: "0.bias" is not the end of "layers.10.bias".
    private static func pattern(_ pattern: String, matches entry: ParameterLayout.Entry) -> Bool {
        entry.role == pattern || entry.name == pattern || entry.name.hasSuffix("." + pattern) || entry.name.hasPrefix(pattern + ".")
    }

    private static func requireMomentum(_ value: Double) throws(OptimizerError) {
        try require(value.isFinite && value >= 0, "optimizer.momentum", value, "it has to be a finite number ≥ 0, 0.9 as a rule")
    }

    private static func requireFraction(_ value: Double, _ setting: String, usual: Double) throws(OptimizerError) {
        try require(value >= 0 && value < 1, setting, value, "it has to be at least 0 and below 1; \(usual) is usual")
    }

    private static func requireEpsilon(_ value: Double) throws(OptimizerError) {
        try require(
            value.isFinite && value > 0, "optimizer.eps", value,
            "it has to be a finite number > 0, or a parameter whose gradient is zero becomes NaN")
    }
}
