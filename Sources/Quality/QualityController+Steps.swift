extension QualityController {
    /// Judges one step after its vote. At most one of the decisions is collective. Nothing is judged between a decided rollback and
    /// `rolledBack`, nor after a stop. O(shards + ranks + alerts); without decisions it allocates nothing.
    package mutating func observe(step telemetry: StepTelemetry, outcome: VoteOutcome) -> [Decision] {
        guard state != .intervening, state != .stopped else { return [] }
        attempts += 1
        let moment = Moment(step: telemetry.step, batch: telemetry.batch)
        var decisions: [Decision] = []
        var finding: Finding?
        switch outcome {
        case .abort:
            return []
        case .skip:
            detectors.skips.record(skipped: true, at: moment)
            finding = judgeSkip(telemetry, outcome, at: moment, &decisions)
        case .apply:
            detectors.skips.record(skipped: false, at: moment)
            finding = judgeLoss(telemetry, at: moment, &decisions)
            finding = .stronger(finding, judgeStepAlerts(telemetry, at: moment, &decisions))
        }
        judgeRanks(telemetry, at: moment, &decisions)
        if let finding { act(on: finding, &decisions) }
        if state != .intervening, state != .stopped { expire(at: moment, &decisions) }
        return decisions
    }

    // MARK: - Skipped updates

    private mutating func judgeSkip(
        _ telemetry: StepTelemetry, _ outcome: VoteOutcome, at moment: Moment, _ decisions: inout [Decision]
    ) -> Finding? {
        let skips = detectors.skips
        let shards = Vote.offendingShards(in: telemetry)
        func alarm(_ level: AlarmLevel, _ text: String) -> Alarm {
            Alarm(
                detector: .finite, level: level, step: moment.step, statistic: Double(skips.consecutive),
                threshold: Double(settings.detection.consecutiveSkips), shards: shards, ranks: telemetry.owners(of: shards), text: text)
        }
        if detectors.latches.fire(.finite, step: moment.step) || skips.consecutive == 1 {
            raise(alarm(.warn, Vote.describe(outcome, telemetry)), &decisions)
        }
        guard skips.isTooMuch(settings: settings.detection) else { return nil }
        detectors.lastFiring = moment.step
        let text =
            skips.consecutive >= settings.detection.consecutiveSkips
            ? "\(skips.consecutive) updates running were skipped, the first at step \(skips.first.step)"
            : "\(skips.skipped) of the last \(SkipHistory.window) updates were skipped"
        raise(alarm(.act, "\(text); the last: \(Vote.describe(outcome, telemetry))"), &decisions)
        if settings.onSpike == .warn {
            // Nobody wants a rollback, but a run in which nothing is learned any more has to end.
            guard skips.consecutive >= 20 * settings.detection.consecutiveSkips else { return nil }
            return Finding(action: .stop, stopReason: .unrecoverable, cause: .nonFinite, onset: skips.first, at: moment)
        }
        // The update that spoilt the weights may lie before the first skip, where the loss began to rise.
        let chart = detectors.spikes.loss.jump
        let onset = chart.sum > 0 && chart.onset.step < skips.first.step ? chart.onset : skips.first
        return Finding(action: .rollback, cause: .nonFinite, onset: onset, at: moment, skipsBatches: true)
    }

    // MARK: - Loss and gradient

    private mutating func judgeLoss(_ telemetry: StepTelemetry, at moment: Moment, _ decisions: inout [Decision]) -> Finding? {
        let detection = settings.detection
        if detectors.shards.observe(telemetry, at: moment, settings: detection) {
            reportOddShards(telemetry, at: moment, &decisions)
        }
        let verdict = detectors.spikes.observe(
            loss: telemetry.loss, gradientNorm: telemetry.gradientNorm, at: moment, settings: detection)
        if verdict.fired { detectors.lastFiring = moment.step }
        warn(telemetry, at: moment, verdict, &decisions)

        guard let incident = verdict.incident else {
            return settings.onSpike == .clip && verdict.fired ? clipFinding(at: moment) : nil
        }
        let carriers = detectors.shards.carriers(settings: detection)
        let carried = carriers.isEmpty || carriers.count == telemetry.shards.count
        let place = carried ? "on all shards" : "carried by \(telemetry.describe(shards: carriers))"
        let manner = incident.cause == .spike ? "jumped" : "drifted"
        raise(
            Alarm(
                detector: incident.cause == .spike ? .lossSpike : .lossDrift, level: .act, step: moment.step,
                statistic: incident.meanResidual, threshold: detection.actResidual, baseline: detectors.spikes.loss.baseline,
                shards: carried ? [] : carriers, ranks: carried ? [] : telemetry.owners(of: carriers),
                text:
                    "the loss \(manner) after step \(incident.onset.step) and has stayed \(incident.factor.short) times its usual level for "
                    + "\(incident.steps) steps, \(place)"), &decisions)
        switch settings.onSpike {
        case .rollback:
            return Finding(action: .rollback, cause: incident.cause, onset: incident.onset, at: moment, skipsBatches: true)
        case .clip:
            return clipFinding(at: moment)
        case .warn:
            return nil
        }
    }

    /// Warnings of the loss and gradient charts, each once until it has been quiet for 20 steps.
    private mutating func warn(
        _ telemetry: StepTelemetry, at moment: Moment, _ verdict: SpikeWatch.Verdict, _ decisions: inout [Decision]
    ) {
        let detection = settings.detection
        let (loss, gradient) = (detectors.spikes.loss, detectors.spikes.gradient)
        func chart(_ detector: Detector, _ figure: String, _ value: Double, _ chart: String, _ statistic: Double, _ threshold: Double) {
            guard statistic > threshold, detectors.latches.fire(detector, step: moment.step) else { return }
            let baseline = detector == .lossSpike || detector == .lossDrift ? loss.baseline : gradient.baseline
            let text =
                "\(figure) \(value.short) at step \(moment.step), usually \(exponential(baseline.location).short) "
                + "(\(chart) \(statistic.short) above \(threshold.short))"
            raise(
                Alarm(detector: detector, step: moment.step, statistic: statistic, threshold: threshold, baseline: baseline, text: text),
                &decisions)
        }
        let half = detection.jumpThreshold / 2
        chart(.lossSpike, "loss", telemetry.loss, "residual", verdict.loss.residual ?? 0, detection.warnResidual)
        chart(.lossDrift, "loss", telemetry.loss, "CUSUM", loss.jumpEvidence, half)
        let norm = telemetry.gradientNorm
        chart(.gradientSpike, "gradient norm", norm, "residual", verdict.gradient.residual ?? 0, detection.warnResidual)
        chart(.gradientDrift, "gradient norm", norm, "CUSUM", gradient.jumpEvidence, half)
    }

    private mutating func reportOddShards(_ telemetry: StepTelemetry, at moment: Moment, _ decisions: inout [Decision]) {
        let odd = detectors.shards.odd
        guard let first = odd.first else {
            decisions.append(.clear(Clearance(detector: .oddShard, step: moment.step, text: "all shards are alike again")))
            return
        }
        let (statistic, baseline) = detectors.shards.evidence(of: first)
        raise(
            Alarm(
                detector: .oddShard, step: moment.step, statistic: statistic, threshold: settings.detection.jumpThreshold,
                baseline: baseline, shards: odd, ranks: telemetry.owners(of: odd),
                text: "the loss of \(telemetry.describe(shards: odd)) has moved away from that of the other shards: look at its data"),
            &decisions)
    }

    private func clipFinding(at moment: Moment) -> Finding? {
        guard interventions.clipLimit(at: moment.step + 1) == nil else { return nil }
        return Finding(action: .clip, cause: .spike, onset: moment, at: moment)
    }

    // MARK: - Alerts, rates, times

    private mutating func judgeStepAlerts(_ telemetry: StepTelemetry, at moment: Moment, _ decisions: inout [Decision]) -> Finding? {
        var strongest: Finding?
        for index in settings.alerts.indices where settings.alerts[index].metric.scope == .step {
            let value: Double
            switch settings.alerts[index].metric.name {
            case "loss": value = telemetry.loss
            case "grad_norm": value = telemetry.gradientNorm
            default: value = telemetry.learningRate
            }
            strongest = .stronger(strongest, evaluate(alert: index, value: value, at: moment, &decisions))
        }
        return strongest
    }

    /// Times and rates of ranks: alarms only.
    private mutating func judgeRanks(_ telemetry: StepTelemetry, at moment: Moment, _ decisions: inout [Decision]) {
        if !telemetry.ranks.isEmpty, telemetry.ranks[0].learningRate != telemetry.learningRate,
            detectors.latches.fire(.learningRate, step: moment.step)
        {
            let used = telemetry.ranks[0].learningRate
            raise(
                Alarm(
                    detector: .learningRate, step: moment.step, statistic: used, threshold: telemetry.learningRate,
                    text:
                        "the ranks use the learning rate \(used) at step \(moment.step) where schedule and interventions give "
                        + "\(telemetry.learningRate)"), &decisions)
        }
        for finding in slowRanks.observe(telemetry.ranks, settings: settings.detection) {
            let activity = finding.activity == .computing ? "computes" : "loads data"
            let times = "\(finding.milliseconds.short) ms per shard where the fastest takes \(finding.fastest.short) ms"
            if finding.isSlow {
                raise(
                    Alarm(
                        detector: .slowRank, step: moment.step, statistic: finding.fastest / finding.milliseconds,
                        threshold: settings.detection.slowRankRatio, ranks: [finding.rank],
                        text: "rank \(finding.rank) \(activity) slowly: \(times)"), &decisions)
            } else {
                let text = "rank \(finding.rank) \(activity) at the pace of the others again: \(times)"
                decisions.append(.clear(Clearance(detector: .slowRank, step: moment.step, text: text)))
            }
        }
    }

    // MARK: - The end of a clean step

    private mutating func expire(at moment: Moment, _ decisions: inout [Decision]) {
        while let detector = detectors.latches.expire(step: moment.step) {
            let text = "\(detector.rawValue) quiet for \(AlarmLatches.quietSteps) steps"
            decisions.append(.clear(Clearance(detector: detector, step: moment.step, text: text)))
        }
        if state == .probation, moment.step >= probationUntil {
            probationUntil = 0
            decisions.append(
                .clear(Clearance(detector: .recovery, step: moment.step, text: "probation over: the run has recovered from its rollback")))
        }
        settle()
        guard state != .probation, !detectors.spikes.isUndecided else { return }
        let clean = shape.promotionSteps(settings.recovery)
        while let step = checkpoints.promote(at: moment.step, clean: clean, lastFiring: detectors.lastFiring) {
            decisions.append(.checkpointPromoted(step: step))
        }
    }
}

extension StepTelemetry {
    /// Ranks that own these shards, each once, in shard order.
    func owners(of shards: [Int]) -> [Int] {
        var owners: [Int] = []
        for shard in shards {
            if let rank = rank(ofShard: shard), !owners.contains(rank) { owners.append(rank) }
        }
        return owners
    }
}
