/// A collective decision in 80 bytes without padding, for the exchange after the last bucket of the next step.
package struct DecisionCode: BitwiseCopyable, Sendable, Equatable {
    /// 0: no decision.
    private var kind = 0
    // What they hold depends on `kind`: first the fields of a learning-rate cut (from, hold until, recovered at, tag), then a rollback's.
    private var a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0
    private var real = 0.0

    package static let none = DecisionCode()

    private init() {}

    /// Decisions that are not collective encode to `.none`.
    package init(_ decision: Decision?) {
        switch decision {
        case .clip(let plan):
            kind = 1
            (a, b, real) = (plan.from, plan.until, plan.limit)
        case .reduceLearningRate(let cut):
            kind = 2
            store(cut)
        case .rollback(let plan):
            kind = 3
            precondition(plan.cut.from == plan.target + 1, "the cut of a rollback to step \(plan.target) starts at \(plan.cut.from)")
            store(plan.cut)
            (e, f, g, h) = (plan.decidedAt, plan.onset, plan.skipLower, plan.skipUpper)
        case .stop(let plan):
            kind = 4
            (a, b) = (plan.reason.code, plan.step)
        case .warn, .clear, .checkpointPromoted, .checkpointRejected, .newBest, nil:
            kind = 0
        }
    }

    private mutating func store(_ cut: LearningRateCut) {
        (a, b, c) = (cut.from, cut.recovery?.holdUntil ?? 0, cut.recovery?.recoveredAt ?? 0)
        d = cut.cause.code << 1 | (cut.recovery == nil ? 0 : 1)
        real = cut.factor
    }

    /// The decision, nil for `.none`.
    /// - Precondition: the code was made by `init(_ decision:)` of the same binary.
    package func decode() -> Decision? {
        switch kind {
        case 0:
            return nil
        case 1:
            return .clip(ClipPlan(limit: real, from: a, until: b))
        case 2:
            return .reduceLearningRate(cut)
        case 3:
            return .rollback(RollbackPlan(decidedAt: e, target: a - 1, onset: f, skip: g..<h, cut: cut))
        case 4:
            guard let reason = StopReason(code: a) else { preconditionFailure("decision code with stop reason \(a)") }
            return .stop(StopPlan(reason: reason, step: b))
        default:
            preconditionFailure("decision code of kind \(kind): the ranks do not run the same binary")
        }
    }

    private var cut: LearningRateCut {
        guard let cause = InterventionCause(code: d >> 1) else { preconditionFailure("decision code with cause \(d >> 1)") }
        let recovery = d & 1 == 0 ? nil : LearningRateCut.Recovery(holdUntil: b, recoveredAt: c)
        return LearningRateCut(factor: real, from: a, recovery: recovery, cause: cause)
    }
}
