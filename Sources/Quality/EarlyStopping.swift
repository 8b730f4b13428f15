/// D3: patience over validation checks. The rules, each of which has a test:
/// - an improvement beats the best by more than `minDelta`, strictly; equality is none; the first finite value is one;
/// - each check without improvement is bad; `patience` bad checks running stop the run, that is, exactly `patience` checks after the best;
/// - a value that is missing or not finite is a bad check and never the best;
/// - checks of epochs before `startEpoch` count neither way.
///
/// A rollback does not rewind it, or a run that falls back for ever would never end. But until a run has made up the ground it lost, a
/// check without improvement says nothing about whether it still learns: such checks count neither way, improvements do.
struct EarlyStopping: Codable, Sendable, Equatable {
    enum Verdict: Equatable { case ignored, improved, bad(Int), exhausted(Int), targetReached }

    private(set) var best: BestRecord?
    /// Bad checks since the best.
    private(set) var badChecks = 0
    /// The step that had been reached when the last rollback was decided; up to it ground is being made up.
    private(set) var retracesUntil = 0

    mutating func rolledBack(from reached: Int) { retracesUntil = max(retracesUntil, reached) }

    mutating func observe(_ value: Double?, step: Int, epoch: Int, settings: EarlyStoppingSettings) -> Verdict {
        guard epoch >= settings.startEpoch, let direction = settings.metric.direction else { return .ignored }
        if let value, value.isFinite, best.map({ direction.improves(value, over: $0.value, by: settings.minDelta) }) ?? true {
            best = BestRecord(metric: settings.metric, value: value, step: step, epoch: epoch)
            badChecks = 0
            if let target = settings.target, !direction.improves(target, over: value) { return .targetReached }
            return .improved
        }
        if step <= retracesUntil { return .ignored }
        badChecks += 1
        return badChecks >= settings.patience ? .exhausted(badChecks) : .bad(badChecks)
    }
}
