/// Where the coordinator stands.
package enum ControllerState: String, Sendable, Codable {
    /// Nothing to say.
    case healthy
    /// At least one alarm of a step detector is active.
    case warning
    /// A rollback has been decided and not yet carried out: nothing is judged.
    case intervening
    /// After a rollback: checkpoints are not promoted.
    case probation
    case stopped
}

/// The coordinator of rank 0: telemetry in, decisions out. Pure: the same telemetry gives the same decisions, so a run can be replayed and
/// thresholds tuned on recorded figures. Its encoded state belongs into every checkpoint.
///
/// Two kinds of state: `detectors` are those of the checkpoint after a rollback; all else (interventions, budgets, patience, best, alarms)
/// is never rewound.
package struct QualityController: Codable, Sendable {
    package internal(set) var settings: QualitySettings
    package internal(set) var shape: RunShape
    package internal(set) var state = ControllerState.healthy
    /// Set with `.stop`.
    package internal(set) var stopReason: StopReason?
    /// Everything done to the run, as every rank has it.
    package internal(set) var interventions: Interventions
    /// Alarms raised in the whole run, for summary.json.
    package internal(set) var alarms = 0
    /// Steps attempted in the whole run, those given up by rollbacks included.
    package internal(set) var attempts = 0

    var detectors: Detectors
    var earlyStopping = EarlyStopping()
    var overfit = OverfitWatch()
    var alerts: AlertWatch
    var checkpoints = CheckpointRegister()
    /// `attempts` at each rollback.
    var rollbackAttempts: [Int] = []
    /// Last step of the probation.
    var probationUntil = 0
    /// Reads times only and starts afresh with each process.
    var slowRanks = SlowRankWatch()

    enum CodingKeys: String, CodingKey {
        case settings, shape, state, stopReason, interventions, alarms, attempts, detectors, earlyStopping, overfit, alerts, checkpoints
        case rollbackAttempts, probationUntil
    }

    /// State that belongs to the weights of a step.
    struct Detectors: Codable, Sendable, Equatable {
        var spikes: SpikeWatch
        var shards: ShardWatch
        var skips = SkipHistory()
        var latches = AlarmLatches()
        /// The last step with an act-level statistic, confirmed or not.
        var lastFiring = 0

        init(settings: DetectionSettings, shape: RunShape) {
            let warmUp = shape.warmUpSteps(settings)
            spikes = SpikeWatch(warmUp: warmUp, floor: settings.scaleFloor)
            shards = ShardWatch(shards: shape.virtualShards, warmUp: warmUp, floor: settings.scaleFloor)
        }
    }

    package init(settings: QualitySettings, shape: RunShape) throws(QualityError) {
        try settings.validate()
        self.settings = settings
        self.shape = shape
        interventions = Interventions(learningRateFloor: settings.recovery.learningRateFloor)
        detectors = Detectors(settings: settings.detection, shape: shape)
        alerts = AlertWatch(rules: settings.alerts.count)
    }

    /// The best check so far, if early stopping names a metric.
    package var best: BestRecord? { earlyStopping.best }
    /// Consecutive checks without improvement.
    package var badChecks: Int { earlyStopping.badChecks }
    package var rollbacks: Int { interventions.rollbacks.count }
    /// Steps of the checkpoints that have proved good, ascending.
    package var goodCheckpoints: [Int] { checkpoints.entries.filter(\.isGood).map(\.step) }
    package var candidateCheckpoints: [Int] { checkpoints.entries.filter { !$0.isGood }.map(\.step) }

    /// The newest good checkpoint before a step that may still be gone back to.
    package func usableTarget(before onset: Int) -> Int? {
        checkpoints.target(before: onset, limit: settings.recovery.rollbacksPerCheckpoint)
    }

    mutating func raise(_ alarm: Alarm, _ decisions: inout [Decision]) {
        alarms += 1
        decisions.append(.warn(alarm))
    }

    /// What is wrong enough to act upon.
    struct Finding {
        /// Of several findings in one step the strongest is acted upon; the others remain alarms.
        enum Action: Int { case clip = 1, reduceLearningRate, rollback, stop }

        var action: Action
        var stopReason = StopReason.alert
        var cause: InterventionCause
        var onset: Moment
        var at: Moment
        /// Whether the batches since the onset are to be left out.
        var skipsBatches = false

        static func stronger(_ one: Finding?, _ other: Finding?) -> Finding? {
            guard let one, let other else { return one ?? other }
            return other.action.rawValue > one.action.rawValue ? other : one
        }
    }

    mutating func settle() {
        guard state != .intervening, state != .stopped else { return }
        if state == .probation, probationUntil > 0 { return }
        state = detectors.latches.active > 0 ? .warning : .healthy
    }
}
