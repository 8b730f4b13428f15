extension QualityController {
    // MARK: - Deciding

    mutating func act(on finding: Finding, _ decisions: inout [Decision]) {
        let recovery = settings.recovery
        let next = finding.at.step + 1
        switch finding.action {
        case .clip:
            let gradient = detectors.spikes.gradient
            let limit = exponential(gradient.location + recovery.clipScales * gradient.scale)
            intervene(.clip(ClipPlan(limit: limit, from: next, until: next + recovery.clipSteps)), &decisions)
        case .reduceLearningRate:
            intervene(.reduceLearningRate(LearningRateCut(factor: recovery.learningRateCut, from: next, cause: finding.cause)), &decisions)
        case .rollback:
            rollBack(finding, &decisions)
        case .stop:
            stop(finding.stopReason, at: finding.at.step, &decisions)
        }
    }

    private mutating func intervene(_ decision: Decision, _ decisions: inout [Decision]) {
        interventions.apply(decision)
        decisions.append(decision)
    }

    mutating func stop(_ reason: StopReason, at step: Int, _ decisions: inout [Decision]) {
        state = .stopped
        stopReason = reason
        decisions.append(.stop(StopPlan(reason: reason, step: step)))
    }

    private mutating func rollBack(_ finding: Finding, _ decisions: inout [Decision]) {
        let recovery = settings.recovery
        let recent = rollbackAttempts.count { attempts - $0 < 10_000 }
        guard rollbacks < recovery.rollbacksPerRun, recent < recovery.rollbacksPerWindow else {
            return stop(.budgetSpent, at: finding.at.step, &decisions)
        }
        guard let target = usableTarget(before: finding.onset.step) else {
            return stop(.noGoodCheckpoint, at: finding.at.step, &decisions)
        }
        state = .intervening
        for entry in checkpoints.entries where entry.step > target {
            decisions.append(.checkpointRejected(step: entry.step))
        }
        decisions.append(.rollback(plan(for: finding, target: target)))
    }

    private func plan(for finding: Finding, target: Int) -> RollbackPlan {
        var lower = 0
        var upper = 0
        if finding.skipsBatches {
            lower = max(0, finding.onset.batch + 1 - settings.recovery.skipMargin)
            // The batch of the alarm is always among them; of a long onset the beginning is what matters.
            upper = max(lower, finding.at.batch) + 1
            upper = min(upper, lower + shape.skippedBatches(settings.recovery))
        }
        return RollbackPlan(
            decidedAt: finding.at.step, target: target, onset: finding.onset.step, skip: lower..<upper,
            cut: cut(for: finding.cause, target: target))
    }

    /// The first cut heals after the probation, so that a fault that has passed costs no accuracy; a fault that comes back shows that the
    /// rate itself is too high, and later cuts stay.
    private func cut(for cause: InterventionCause, target: Int) -> LearningRateCut {
        let probation = shape.probationSteps(settings.recovery)
        let recovery = LearningRateCut.Recovery(holdUntil: target + probation, recoveredAt: target + 2 * probation)
        return LearningRateCut(
            factor: settings.recovery.learningRateCut, from: target + 1, recovery: rollbacks == 0 ? recovery : nil, cause: cause)
    }

    // MARK: - What the trainer reports

    /// A checkpoint has been committed. It is a candidate until it has proved good.
    package mutating func checkpointWritten(step: Int) { checkpoints.written(step: step) }

    /// Retention has removed a checkpoint, or it was found damaged: it is no target any more.
    package mutating func checkpointRemoved(step: Int) { checkpoints.removed(step: step) }

    /// All ranks have restored the checkpoint of `plan.target`. The detectors are those of `checkpointState` (the controller that was saved
    /// with it; nil starts them afresh); interventions, budgets, patience, best and alarms stay as they are. Probation begins.
    package mutating func rolledBack(by plan: RollbackPlan, checkpointState: QualityController?) {
        interventions.apply(.rollback(plan))
        rollbackAttempts.append(attempts)
        _ = checkpoints.rolledBack(to: plan.target)
        detectors = checkpointState?.detectors ?? Detectors(settings: settings.detection, shape: shape)
        alerts.reset()
        earlyStopping.rolledBack(from: plan.decidedAt)
        probationUntil = plan.target + shape.probationSteps(settings.recovery)
        state = .probation
        stopReason = nil
    }

    /// A new process goes on from a checkpoint whose controller this is. Generation +1.
    /// - Parameters:
    ///   - interventions: those of the run directory where they are newer than the checkpoint's; budgets follow them.
    ///   - good, candidates: the checkpoints that are really there; nil: as remembered.
    ///   - settings, shape: of the recipe as it is now; nil: as remembered.
    package mutating func resumed(
        at step: Int, interventions newer: Interventions? = nil, good: [Int]? = nil, candidates: [Int]? = nil,
        settings newSettings: QualitySettings? = nil, shape newShape: RunShape? = nil
    ) throws(QualityError) {
        if let newSettings {
            try newSettings.validate()
            if newSettings.alerts != settings.alerts { alerts = AlertWatch(rules: newSettings.alerts.count) }
            if newSettings.earlyStopping?.metric != settings.earlyStopping?.metric { earlyStopping = EarlyStopping() }
            settings = newSettings
        }
        if let newShape {
            if newShape.virtualShards != shape.virtualShards {
                detectors.shards = Detectors(settings: settings.detection, shape: newShape).shards
            }
            shape = newShape
        }
        if let newer {
            for plan in newer.rollbacks.dropFirst(rollbacks) {
                rollbackAttempts.append(attempts)
                _ = checkpoints.rolledBack(to: plan.target)
                probationUntil = plan.target + shape.probationSteps(settings.recovery)
            }
            interventions = newer
        }
        if good != nil || candidates != nil { adopt(good: good ?? [], candidates: candidates ?? []) }
        interventions.resumed()
        stopReason = nil
        state = step < probationUntil ? .probation : .healthy
        settle()
    }

    private mutating func adopt(good: [Int], candidates: [Int]) {
        let remembered = checkpoints
        checkpoints = CheckpointRegister()
        checkpoints.removed(step: 0)
        for step in candidates { checkpoints.written(step: step) }
        for step in good { checkpoints.written(step: step, isGood: true) }
        checkpoints.adoptRollbacks(of: remembered)
    }
}
