/// Everything decisions have done to the run so far. Every rank keeps one and applies each collective decision to it at the boundary, so
/// that rates, clip limits and the order of batches are pure functions of it. It is not rewound by a rollback: a cut that lived in
/// the checkpoint would be undone by restoring it.
package struct Interventions: Codable, Sendable, Equatable {
    /// From 0, +1 for each rollback or resume.
    package private(set) var generation = 0
    package private(set) var cuts: [LearningRateCut] = []
    /// Batches left out: sorted, disjoint, not touching.
    package private(set) var skipped: [Range<Int>] = []
    package private(set) var clip: ClipPlan?
    package private(set) var rollbacks: [RollbackPlan] = []
    /// All cuts together never go below this.
    package let learningRateFloor: Double

    package init(learningRateFloor: Double = RecoverySettings().learningRateFloor) {
        self.learningRateFloor = learningRateFloor
    }

    /// Takes a decision into account. Decisions that are not collective change nothing.
    package mutating func apply(_ decision: Decision) {
        switch decision {
        case .clip(let plan):
            clip = plan
        case .reduceLearningRate(let cut):
            cuts.append(cut)
        case .rollback(let plan):
            rollBack(plan)
        case .warn, .clear, .stop, .checkpointPromoted, .checkpointRejected, .newBest:
            break
        }
    }

    /// A new process has taken the run up again.
    package mutating func resumed() { generation += 1 }

    private mutating func rollBack(_ plan: RollbackPlan) {
        generation += 1
        // Steps are numbered anew from the target on; earlier cuts hold from there, those in recovery for as long as they had left.
        for index in cuts.indices where cuts[index].from > plan.target {
            let shift = cuts[index].from - (plan.target + 1)
            cuts[index].from -= shift
            cuts[index].recovery?.holdUntil -= shift
            cuts[index].recovery?.recoveredAt -= shift
        }
        cuts.append(plan.cut)
        clip = nil
        rollbacks.append(plan)
        insert(plan.skip)
    }

    private mutating func insert(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        var merged = range
        var others: [Range<Int>] = []
        for other in skipped {
            if other.upperBound < merged.lowerBound || merged.upperBound < other.lowerBound {
                others.append(other)
            } else {
                merged = min(other.lowerBound, merged.lowerBound)..<max(other.upperBound, merged.upperBound)
            }
        }
        others.append(merged)
        skipped = others.sorted { $0.lowerBound < $1.lowerBound }
    }

    /// Factor on the scheduled rate at a step: the product of all cuts, not below the floor. No allocation.
    package func learningRateFactor(at step: Int) -> Double {
        var product = 1.0
        for index in cuts.indices { product *= cuts[index].factor(at: step) }
        return max(product, min(learningRateFloor, 1))
    }

    /// The first batch id from `batch` on that is not left out. No allocation.
    package func nextBatch(from batch: Int) -> Int {
        var id = batch
        for index in skipped.indices where skipped[index].contains(id) { id = skipped[index].upperBound }
        return id
    }

    /// The norm limit an intervention asks for at a step; the recipe's own limit holds besides.
    package func clipLimit(at step: Int) -> Double? {
        guard let clip, clip.from <= step, step < clip.until else { return nil }
        return clip.limit
    }
}
