/// The section `quality` of a recipe. Every default is the preset threshold that runs without a word about quality get.
package struct QualitySettings: Sendable, Equatable, Codable {
    /// What to do about a confirmed spike or drift of the loss.
    package enum SpikePolicy: String, Sendable, Codable, CaseIterable {
        /// Back to the newest good checkpoint before the onset, lower rate, offending batches left out.
        case rollback
        /// Clip the gradient's norm for a while.
        case clip
        /// Say it and go on.
        case warn
    }

    /// `quality.on_spike`
    package var onSpike: SpikePolicy = .rollback
    /// `quality.early_stopping`; nil: none, and the last weights are what the run leaves.
    package var earlyStopping: EarlyStoppingSettings?
    /// `quality.alerts`
    package var alerts: [AlertRule] = []
    /// `quality.detection`
    package var detection = DetectionSettings()
    /// `quality.recovery`
    package var recovery = RecoverySettings()

    package init(
        onSpike: SpikePolicy = .rollback, earlyStopping: EarlyStoppingSettings? = nil, alerts: [AlertRule] = [],
        detection: DetectionSettings = DetectionSettings(), recovery: RecoverySettings = RecoverySettings()
    ) {
        self.onSpike = onSpike
        self.earlyStopping = earlyStopping
        self.alerts = alerts
        self.detection = detection
        self.recovery = recovery
    }

    enum CodingKeys: String, CodingKey {
        case onSpike = "on_spike", earlyStopping = "early_stopping", alerts, detection, recovery
    }
}

/// `quality.early_stopping`: patience counts validation checks after the best one.
package struct EarlyStoppingSettings: Sendable, Equatable, Codable {
    /// Which figure decides; its direction follows from its name.
    package var metric = MetricName(scope: .validation, name: "loss")
    /// Stop after exactly this many consecutive checks without improvement. 1 or more.
    package var patience = 3
    /// An improvement must exceed the best by more than this. 0 or more, in the metric's unit.
    package var minDelta = 0.0
    /// Leave the best weights rather than the last, on every way out.
    package var restoreBest = true
    /// Checks of epochs before this one (from 1) are not looked at.
    package var startEpoch = 1
    /// Stop as soon as the metric is this good; nil: never.
    package var target: Double?

    package init(
        metric: MetricName = MetricName(scope: .validation, name: "loss"), patience: Int = 3, minDelta: Double = 0,
        restoreBest: Bool = true, startEpoch: Int = 1, target: Double? = nil
    ) {
        self.metric = metric
        self.patience = patience
        self.minDelta = minDelta
        self.restoreBest = restoreBest
        self.startEpoch = startEpoch
        self.target = target
    }

    enum CodingKeys: String, CodingKey {
        case metric, patience, minDelta = "min_delta", restoreBest = "restore_best", startEpoch = "start_epoch", target
    }
}

/// `quality.detection`: thresholds of the detectors. Residuals are in units of the stream's own scale, on the logarithm.
package struct DetectionSettings: Sendable, Equatable, Codable {
    /// Residual at which a single step warns.
    package var warnResidual = 5.0
    /// Residual at which a single step opens a confirmation window.
    package var actResidual = 8.0
    /// CUSUM for jumps: half the shift it is made for, and its threshold; half the threshold warns.
    package var jumpSlack = 1.0
    package var jumpThreshold = 10.0
    /// CUSUM for slow ramps.
    package var rampSlack = 0.5
    package var rampThreshold = 25.0
    /// Steps a firing must last before anything is done: an isolated hard batch heals by itself.
    package var confirmationSteps = 5
    /// Steps a rise to a level that is still small against the loss at the start must last: see `severeFraction`.
    package var mildConfirmationSteps = 50
    /// A smoothed loss above this fraction of the loss at the start is severe.
    package var severeFraction = 0.02
    /// Only a loss that has grown by this factor is worth a rollback.
    package var minimumRise = 2.0
    /// Steps before the detectors speak; nil: 100, or a tenth of a short run, at least 20.
    package var warmUpSteps: Int?
    /// Smallest scale of the log loss: below it every change would look large.
    package var scaleFloor = 0.1
    /// Consecutive skipped updates, and share of the last 1,000 steps skipped, at which the run is taken to be broken.
    package var consecutiveSkips = 5
    package var skippedShare = 0.01
    /// Validation loss this many per cent above its best in two checks running: overfitting (a warning).
    package var overfitPercent = 10.0
    /// A rank whose median time is so much longer that (fastest / own) falls below this: slow (a warning).
    package var slowRankRatio = 0.75

    package init() {}

    enum CodingKeys: String, CodingKey {
        case warnResidual = "warn_residual", actResidual = "act_residual", jumpSlack = "jump_slack", jumpThreshold = "jump_threshold"
        case rampSlack = "ramp_slack", rampThreshold = "ramp_threshold", confirmationSteps = "confirmation_steps"
        case mildConfirmationSteps = "mild_confirmation_steps", severeFraction = "severe_fraction", minimumRise = "minimum_rise"
        case warmUpSteps = "warm_up_steps", scaleFloor = "scale_floor", consecutiveSkips = "consecutive_skips"
        case skippedShare = "skipped_share", overfitPercent = "overfit_percent", slowRankRatio = "slow_rank_ratio"
    }
}

/// `quality.recovery`: what an intervention does and how many there may be.
package struct RecoverySettings: Sendable, Equatable, Codable {
    /// Factor on the learning rate at each rollback. The first cut heals after the probation; later ones stay.
    package var learningRateCut = 0.5
    /// All cuts together never go below this.
    package var learningRateFloor = 1e-3
    /// Steps under observation after a rollback; nil: 200, or a tenth of a short run, at least 20.
    package var probationSteps: Int?
    /// Clean steps after which a checkpoint is good; nil: 60, or two checkpoint intervals, or a tenth of a short run, at least 20.
    package var promotionSteps: Int?
    /// Rollbacks allowed in the whole run, and in any 10,000 steps.
    package var rollbacksPerRun = 5
    package var rollbacksPerWindow = 3
    /// Rollbacks to one checkpoint before an older one is taken.
    package var rollbacksPerCheckpoint = 2
    /// Most batches left out by one rollback; nil: 5 % of an epoch, at least 20.
    package var skippedBatches: Int?
    /// Batches left out before the estimated onset.
    package var skipMargin = 1
    /// `on_spike: clip`: the limit lies this many scales above the usual log gradient norm, for so many steps.
    package var clipScales = 2.5
    package var clipSteps = 20

    package init() {}

    enum CodingKeys: String, CodingKey {
        case learningRateCut = "learning_rate_cut", learningRateFloor = "learning_rate_floor", probationSteps = "probation_steps"
        case promotionSteps = "promotion_steps", rollbacksPerRun = "rollbacks_per_run", rollbacksPerWindow = "rollbacks_per_window"
        case rollbacksPerCheckpoint = "rollbacks_per_checkpoint", skippedBatches = "skipped_batches", skipMargin = "skip_margin"
        case clipScales = "clip_scales", clipSteps = "clip_steps"
    }
}

/// What the coordinator has to know about the run. Times and the number of ranks change no decision that touches weights.
package struct RunShape: Sendable, Equatable, Codable {
    /// Steps of the whole run as planned.
    package var totalSteps: Int
    package var stepsPerEpoch: Int
    /// `checkpoint.every_steps`
    package var checkpointInterval: Int
    package var virtualShards: Int
    package var ranks: Int

    package init(totalSteps: Int, stepsPerEpoch: Int, checkpointInterval: Int, virtualShards: Int, ranks: Int) {
        self.totalSteps = totalSteps
        self.stepsPerEpoch = stepsPerEpoch
        self.checkpointInterval = checkpointInterval
        self.virtualShards = virtualShards
        self.ranks = ranks
    }
}
