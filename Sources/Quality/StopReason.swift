/// Why a run ended. The raw value is `stop_reason` in summary.json.
package enum StopReason: String, Sendable, Codable, CaseIterable {
    /// All epochs or steps done.
    case finished
    /// The metric of `quality.early_stopping` has not improved for `patience` checks.
    case earlyStopping = "early_stopping"
    /// `quality.early_stopping.target` reached.
    case targetReached = "target_reached"
    /// An alert with `action: stop` fired.
    case alert
    /// The coordinator wanted another rollback than the budget allows.
    case budgetSpent = "rollback_budget_spent"
    /// A rollback was needed and no good checkpoint lies before the onset.
    case noGoodCheckpoint = "no_good_checkpoint"
    /// Step after step is skipped: nothing is learned any more.
    case unrecoverable
    /// SIGINT, after a checkpoint.
    case interrupted
    /// SIGTERM, after a checkpoint.
    case terminated

    /// 0 finished or stopped by rule, 4 unrecoverable, 130 and 143 signals.
    package var exitCode: Int32 {
        switch self {
        case .finished, .earlyStopping, .targetReached, .alert: 0
        case .budgetSpent, .noGoodCheckpoint, .unrecoverable: 4
        case .interrupted: 130
        case .terminated: 143
        }
    }

    /// Place in a `DecisionCode`. Fixed by the order of the cases; only ranks of one binary exchange it.
    var code: Int { Self.allCases.firstIndex(of: self)! }
    init?(code: Int) {
        guard Self.allCases.indices.contains(code) else { return nil }
        self = Self.allCases[code]
    }
}
