/// The counting behind `quality.alerts`: a rule fires at its n-th consecutive breach and can fire again only after n evaluations that hold.
struct AlertWatch: Codable, Sendable, Equatable {
    struct Count: Codable, Sendable, Equatable {
        var breaches = 0
        var holds = 0
        var isFiring = false
        /// Step of the first breach of this series, and of the last evaluation that held.
        var firstBreach = 0
        var lastHold: Int?
    }

    enum Change: Equatable { case none, fired, cleared }

    private(set) var counts: [Count]

    init(rules: Int) { counts = Array(repeating: Count(), count: rules) }

    /// No allocation.
    mutating func evaluate(_ index: Int, _ rule: AlertRule, value: Double, step: Int) -> Change {
        if rule.comparison.isBreached(value, rule.threshold) {
            if counts[index].breaches == 0 { counts[index].firstBreach = step }
            counts[index].breaches += 1
            counts[index].holds = 0
            guard counts[index].breaches >= rule.evaluations, !counts[index].isFiring else { return .none }
            counts[index].isFiring = true
            return .fired
        }
        counts[index].breaches = 0
        counts[index].holds += 1
        counts[index].lastHold = step
        guard counts[index].isFiring, counts[index].holds >= rule.evaluations else { return .none }
        counts[index].isFiring = false
        return .cleared
    }

    /// The first step that may have done the damage: a checkpoint before it is safe. A step's figure tells of the weights before its update,
    /// a check's of the weights after it.
    func onset(_ index: Int, of rule: AlertRule) -> Int {
        guard let hold = counts[index].lastHold else { return counts[index].firstBreach }
        return rule.metric.scope == .step ? hold : hold + 1
    }

    /// Forgets breaches of a time that a rollback has undone.
    mutating func reset() { counts = Array(repeating: Count(), count: counts.count) }
}
