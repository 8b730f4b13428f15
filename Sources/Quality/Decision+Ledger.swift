extension Decision {
    /// The decision as a line of the ledger. `step` and `generation` are those of the moment it is written.
    package func ledgerRecord(step: Int, generation: Int) -> LedgerRecord {
        func record(_ kind: String, _ fields: [(String, LedgerValue)]) -> LedgerRecord {
            LedgerRecord(kind: kind, step: step, generation: generation, fields: fields.map { LedgerRecord.Field($0.0, $0.1) })
        }
        switch self {
        case .warn(let alarm):
            return record(alarm.level == .act ? "alarm" : "warn", alarm.ledgerFields)
        case .clear(let clearance):
            return record("clear", [("detector", .text(clearance.detector.rawValue)), ("text", .text(clearance.text))])
        case .clip(let plan):
            return record(
                "decision",
                [
                    ("action", .text("clip")), ("limit", .real(plan.limit)), ("from", .integer(plan.from)), ("until", .integer(plan.until)),
                    ("text", .text("gradient norms are clipped at \(plan.limit.short) from step \(plan.from) to step \(plan.until - 1)")),
                ])
        case .reduceLearningRate(let cut):
            return record(
                "decision",
                [("action", .text("reduce_learning_rate"))] + cut.ledgerFields + [
                    ("text", .text("learning rate × \(cut.factor.short) from step \(cut.from) on"))
                ])
        case .rollback(let plan):
            return record("decision", [("action", .text("rollback"))] + plan.ledgerFields)
        case .stop(let plan):
            return record(
                "decision",
                [
                    ("action", .text("stop")), ("reason", .text(plan.reason.rawValue)), ("exit_code", .integer(Int(plan.reason.exitCode))),
                    ("text", .text("stopped after step \(plan.step): \(plan.reason.explanation)")),
                ])
        case .checkpointPromoted(let of):
            return record("checkpoint", [("checkpoint", .integer(of)), ("state", .text("good"))])
        case .checkpointRejected(let of):
            return record("checkpoint", [("checkpoint", .integer(of)), ("state", .text("bad"))])
        case .newBest(let best):
            return record(
                "best",
                [
                    ("metric", .text("\(best.metric)")), ("value", .real(best.value)), ("of_step", .integer(best.step)),
                    ("epoch", .integer(best.epoch)),
                ])
        }
    }
}

extension VoteOutcome {
    /// A vote that kept the step from being applied, as a line of the ledger; nil for `.apply`.
    package func ledgerRecord(_ telemetry: StepTelemetry) -> LedgerRecord? {
        let (finding, action): (VoteFinding, String)
        switch self {
        case .apply: return nil
        case .skip(let found): (finding, action) = (found, "skip")
        case .abort(let found): (finding, action) = (found, "abort")
        }
        let shards = action == "skip" ? Vote.offendingShards(in: telemetry) : []
        let ranks = action == "skip" ? telemetry.owners(of: shards) : finding.rank.map { [$0] } ?? []
        return LedgerRecord(
            kind: "vote", step: telemetry.step, generation: telemetry.generation,
            fields: [
                .init("action", .text(action)), .init("cause", .text(finding.cause.rawValue)), .init("shards", .integers(shards)),
                .init("ranks", .integers(ranks)), .init("batch", .integer(telemetry.batch)),
                .init("text", .text(Vote.describe(self, telemetry))),
            ])
    }
}

extension Alarm {
    fileprivate var ledgerFields: [(String, LedgerValue)] {
        var fields: [(String, LedgerValue)] = [
            ("detector", .text(detector.rawValue)), ("level", .text(level.rawValue)), ("statistic", .real(statistic)),
            ("threshold", .real(threshold)),
        ]
        if let baseline {
            fields += [("baseline", .real(baseline.location)), ("scale", .real(baseline.scale))]
        }
        return fields + [("shards", .integers(shards)), ("ranks", .integers(ranks)), ("text", .text(text))]
    }
}

extension LearningRateCut {
    fileprivate var ledgerFields: [(String, LedgerValue)] {
        var fields: [(String, LedgerValue)] = [
            ("cause", .text(cause.rawValue)), ("learning_rate_scale", .real(factor)), ("from", .integer(from)),
        ]
        if let recovery {
            fields += [("hold_until", .integer(recovery.holdUntil)), ("recovered_at", .integer(recovery.recoveredAt))]
        }
        return fields
    }
}

extension RollbackPlan {
    fileprivate var ledgerFields: [(String, LedgerValue)] {
        let left = skip.isEmpty ? "no batch is left out" : "batches \(skipLower) to \(skipUpper - 1) are left out"
        let rate =
            "learning rate × \(cut.factor.short)"
            + (cut.recovery.map { " until step \($0.holdUntil), whole again at \($0.recoveredAt)" } ?? "")
        return [("target", .integer(target)), ("onset", .integer(onset)), ("decided_at", .integer(decidedAt))]
            + [("skip_from", .integer(skipLower)), ("skip_to", .integer(skipUpper))] + cut.ledgerFields
            + [("text", .text("back to the checkpoint of step \(target) (last step that looked right: \(onset)); \(left); \(rate)"))]
    }
}

extension StopReason {
    /// What to tell a person.
    package var explanation: String {
        switch self {
        case .finished: "all steps are done"
        case .earlyStopping: "the watched metric no longer improves"
        case .targetReached: "the watched metric has reached its target"
        case .alert: "an alert of quality.alerts asked for it"
        case .budgetSpent: "another rollback was needed, but the budget of rollbacks is spent; look at the data and the learning rate"
        case .noGoodCheckpoint:
            "a rollback was needed, but no good checkpoint lies before the fault; save more often (checkpoint.every_steps)"
        case .unrecoverable: "update after update had to be skipped: nothing is learned any more"
        case .interrupted: "interrupted (SIGINT)"
        case .terminated: "terminated (SIGTERM)"
        }
    }
}
