/// How the learning rate changes over a run: a plain value that recipes fill in. ``LearningRateSchedule`` carries it out.
package struct ScheduleSpec: Sendable, Equatable, Codable {
    /// What a length in a recipe counts.
    package enum Unit: String, Sendable, Equatable, Codable, CaseIterable { case epochs, steps }

    package enum Kind: Sendable, Equatable, Codable {
        /// The base rate throughout.
        case constant
        /// The rate is multiplied by γ after every so many epochs or steps, counted from the start of the run:
        /// rate(s) = base · γ^⌊s / every⌋ (`torch.optim.lr_scheduler.StepLR`).
        case step(every: Int, unit: Unit = .epochs, gamma: Double = 0.1)
        /// Half a cosine wave from the base rate at the end of the warm-up (step W) down to `minimumFactor` · base at the end of the run
        /// (step T): rate(s) = low + (base − low) · (1 + cos(π·(s − W)/(T − W))) / 2.
        /// Loshchilov & Hutter (2017, "SGDR: stochastic gradient descent with warm restarts", arXiv:1608.03983, equation 5, no restart);
        /// `CosineAnnealingLR` with T_max = T − W. From step T on the rate stays at the low end, where PyTorch's would rise again.
        case cosine(minimumFactor: Double = 0)
        /// The rate is cut when a metric of the validation has stopped to improve: see ``PlateauState``.
        case reduceOnPlateau(PlateauSettings)
    }

    package var kind: Kind

    /// The rate rises linearly over that many first steps: step s < W (from 0) has (s + 1)/W of the rate, so the first step is already a
    /// small one instead of none and step W − 1 has the full rate. For the reason see Goyal et al. (2017, arXiv:1706.02677, section 2.2).
    /// PyTorch: `LinearLR(start_factor=1/W, total_iters=W-1)`.
    package var warmupSteps: Int

    package init(_ kind: Kind = .constant, warmupSteps: Int = 0) {
        self.kind = kind
        self.warmupSteps = warmupSteps
    }

    /// The names that recipes use, in the order in which they are listed to people.
    package static let names = ["constant", "step", "cosine", "reduce_on_plateau"]

    /// The name that recipes use.
    package var name: String {
        switch kind {
        case .constant: "constant"
        case .step: "step"
        case .cosine: "cosine"
        case .reduceOnPlateau: "reduce_on_plateau"
        }
    }

    /// Whether the rates depend on how long the run is planned to be: a resume with another length is then another run.
    package var dependsOnLength: Bool {
        switch kind {
        case .cosine: true
        case .constant, .step, .reduceOnPlateau: false
        }
    }

    /// Checks every number; called once when a recipe is read.
    package func validate() throws(OptimizerError) {
        try require(warmupSteps >= 0, "schedule.warmup_steps", warmupSteps, "it has to be at least 0")
        switch kind {
        case .constant: break
        case .step(let every, let unit, let gamma):
            try require(every >= 1, "schedule.every", every, "it counts \(unit.rawValue) and has to be at least 1")
            try require(gamma.isFinite && gamma > 0, "schedule.gamma", gamma, "it multiplies the rate and has to be a finite number > 0")
        case .cosine(let minimumFactor):
            try require(
                minimumFactor >= 0 && minimumFactor <= 1, "schedule.minimum_factor", minimumFactor,
                "it is the share of the base rate that is left at the end, from 0 to 1")
        case .reduceOnPlateau(let settings):
            try settings.validate()
        }
    }
}

/// When ``ScheduleSpec/Kind/reduceOnPlateau(_:)`` cuts the rate, and by how much.
package struct PlateauSettings: Sendable, Equatable, Codable {
    /// The metric that is watched, "validation.loss".
    package var metric: String
    /// What the rate is multiplied by at each cut.
    package var factor: Double
    /// How many observations without improvement are let pass; the next one cuts.
    package var patience: Int
    /// The relative change that counts as an improvement.
    package var threshold: Double
    /// How many observations after a cut are not counted.
    package var cooldown: Int
    /// The rate below which no cut goes: a learning rate, not a factor.
    package var minimumRate: Double

    /// PyTorch's defaults.
    package init(
        metric: String = "validation.loss", factor: Double = 0.1, patience: Int = 10, threshold: Double = 1e-4, cooldown: Int = 0,
        minimumRate: Double = 0
    ) {
        self.metric = metric
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.cooldown = cooldown
        self.minimumRate = minimumRate
    }

    func validate() throws(OptimizerError) {
        try require(factor > 0 && factor < 1, "schedule.factor", factor, "it multiplies the rate at each cut and has to be between 0 and 1")
        try require(patience >= 0, "schedule.patience", patience, "it counts validations and has to be at least 0")
        try require(
            threshold >= 0 && threshold < 1, "schedule.threshold", threshold,
            "it is the relative change that counts as an improvement: at least 0 and below 1")
        try require(cooldown >= 0, "schedule.cooldown", cooldown, "it counts validations and has to be at least 0")
        try require(
            minimumRate.isFinite && minimumRate >= 0, "schedule.minimum_rate", minimumRate, "it is a learning rate: a finite number ≥ 0")
    }
}
