/// What the coordinator wants. A value: it is written to the ledger, and where `isCollective` it travels to every rank and all apply
/// it at the same step boundary.
package enum Decision: Sendable, Equatable {
    /// Something is worth saying. Changes nothing.
    case warn(Alarm)
    /// An alarm has gone quiet for long enough.
    case clear(Clearance)
    /// Clip the gradient's norm for some steps.
    case clip(ClipPlan)
    case reduceLearningRate(LearningRateCut)
    case rollback(RollbackPlan)
    case stop(StopPlan)
    /// The checkpoint of this step has proved good, or lies after an onset.
    case checkpointPromoted(step: Int)
    case checkpointRejected(step: Int)
    /// The weights of now are the best so far: keep a copy.
    case newBest(BestRecord)

    /// Whether all ranks must take part. At most one decision of each call is.
    package var isCollective: Bool {
        switch self {
        case .clip, .reduceLearningRate, .rollback, .stop: true
        case .warn, .clear, .checkpointPromoted, .checkpointRejected, .newBest: false
        }
    }

    /// Of two collective decisions waiting for one boundary the stronger goes first: stop, rollback, rate, clip.
    package var strength: Int {
        switch self {
        case .stop: 4
        case .rollback: 3
        case .reduceLearningRate: 2
        case .clip: 1
        default: 0
        }
    }
}

/// Why weights or rates were touched.
package enum InterventionCause: String, Sendable, Codable, CaseIterable {
    /// The loss jumped and stayed.
    case spike
    /// The loss crept up.
    case drift
    /// Too many updates had to be skipped.
    case nonFinite = "non_finite"
    /// A rule of `quality.alerts`.
    case alert

    var code: Int { Self.allCases.firstIndex(of: self)! }
    init?(code: Int) {
        guard Self.allCases.indices.contains(code) else { return nil }
        self = Self.allCases[code]
    }
}

/// Norm limit `limit` for the steps `from ..< until`.
package struct ClipPlan: Sendable, Equatable, Codable {
    package var limit: Double
    package var from: Int
    package var until: Int

    package init(limit: Double, from: Int, until: Int) {
        self.limit = limit
        self.from = from
        self.until = until
    }
}

/// A factor on the scheduled learning rate from step `from` on. It is `factor` up to `holdUntil` and then rises in a straight line to 1
/// at `recoveredAt`; nil: it stays for good.
package struct LearningRateCut: Sendable, Equatable, Codable {
    package var factor: Double
    package var from: Int
    package var recovery: Recovery?
    package var cause: InterventionCause

    package struct Recovery: Sendable, Equatable, Codable {
        package var holdUntil: Int
        package var recoveredAt: Int

        package init(holdUntil: Int, recoveredAt: Int) {
            self.holdUntil = holdUntil
            self.recoveredAt = recoveredAt
        }
    }

    package init(factor: Double, from: Int, recovery: Recovery? = nil, cause: InterventionCause) {
        self.factor = factor
        self.from = from
        self.recovery = recovery
        self.cause = cause
    }

    /// The factor in force at a step.
    package func factor(at step: Int) -> Double {
        guard step >= from else { return 1 }
        guard let recovery, step > recovery.holdUntil else { return factor }
        guard step < recovery.recoveredAt else { return 1 }
        let share = Double(step - recovery.holdUntil) / Double(recovery.recoveredAt - recovery.holdUntil)
        return factor + (1 - factor) * share
    }
}

/// Back to the checkpoint of `target`, on with a lower rate and without the batches in `skipLower ..< skipUpper`.
package struct RollbackPlan: Sendable, Equatable, Codable {
    /// The step after which it was decided.
    package var decidedAt: Int
    /// The checkpoint to restore.
    package var target: Int
    /// The last step that still looked right; the fault lies at or after it.
    package var onset: Int
    package var skipLower: Int
    package var skipUpper: Int
    package var cut: LearningRateCut

    package var cause: InterventionCause { cut.cause }
    /// Absolute batch ids that will not be read again.
    package var skip: Range<Int> { skipLower..<skipUpper }

    package init(decidedAt: Int, target: Int, onset: Int, skip: Range<Int>, cut: LearningRateCut) {
        self.decidedAt = decidedAt
        self.target = target
        self.onset = onset
        self.skipLower = skip.lowerBound
        self.skipUpper = skip.upperBound
        self.cut = cut
    }

    /// The same plan from an older checkpoint, because that of `target` could not be read: the cut moves with it.
    package func retargeted(to older: Int) -> RollbackPlan {
        var plan = self
        plan.target = older
        plan.cut.from -= target - older
        plan.cut.recovery?.holdUntil -= target - older
        plan.cut.recovery?.recoveredAt -= target - older
        return plan
    }
}

package struct StopPlan: Sendable, Equatable, Codable {
    package var reason: StopReason
    /// The step after which it was decided.
    package var step: Int

    package init(reason: StopReason, step: Int) {
        self.reason = reason
        self.step = step
    }
}

package struct BestRecord: Sendable, Equatable, Codable {
    package var metric: MetricName
    package var value: Double
    package var step: Int
    package var epoch: Int

    package init(metric: MetricName, value: Double, step: Int, epoch: Int) {
        self.metric = metric
        self.value = value
        self.step = step
        self.epoch = epoch
    }
}
