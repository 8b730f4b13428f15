extension QualityController {
    /// Judges a validation pass. `train` holds the figures of the epoch so far and may be empty. Rates, budgets and patience follow from
    /// metrics that all ranks share, so the decisions do not depend on the number of ranks. At most one is collective.
    package mutating func observe(validation: MetricValues, train: MetricValues = [], step: Int, epoch: Int) -> [Decision] {
        guard state != .intervening, state != .stopped else { return [] }
        let moment = Moment(step: step, batch: 0)
        var decisions: [Decision] = []
        judgeOverfit(validation: validation, train: train, step: step, &decisions)
        var finding: Finding?
        for index in settings.alerts.indices where settings.alerts[index].metric.scope != .step {
            let metric = settings.alerts[index].metric
            // A metric that this pass did not produce (no validation set, say) is no evidence either way.
            guard let value = metric.scope == .validation ? validation[metric.name] : train[metric.name] else { continue }
            finding = .stronger(finding, evaluate(alert: index, value: value, at: moment, &decisions))
        }
        if let stopping = settings.earlyStopping {
            let metric = stopping.metric
            let value = metric.scope == .validation ? validation[metric.name] : train[metric.name]
            judgePatience(value, stopping, step: step, epoch: epoch, &decisions)
        }
        if let finding, state != .stopped { act(on: finding, &decisions) }
        return decisions
    }

    private mutating func judgePatience(
        _ value: Double?, _ stopping: EarlyStoppingSettings, step: Int, epoch: Int, _ decisions: inout [Decision]
    ) {
        let verdict = earlyStopping.observe(value, step: step, epoch: epoch, settings: stopping)
        if verdict != .ignored, !(value?.isFinite ?? false) {
            raise(
                Alarm(
                    detector: .earlyStopping, step: step, statistic: value ?? .nan, threshold: 0,
                    text: "\(stopping.metric) is \(value.map { "\($0)" } ?? "missing") after epoch \(epoch): counted as a check without "
                        + "improvement"), &decisions)
        }
        switch verdict {
        case .ignored, .bad:
            break
        case .improved, .targetReached:
            if let best = earlyStopping.best { decisions.append(.newBest(best)) }
            if verdict == .targetReached { stop(.targetReached, at: step, &decisions) }
        case .exhausted:
            stop(.earlyStopping, at: step, &decisions)
        }
    }

    private mutating func judgeOverfit(validation: MetricValues, train: MetricValues, step: Int, _ decisions: inout [Decision]) {
        switch overfit.observe(validationLoss: validation["loss"], trainLoss: train["loss"], settings: settings.detection) {
        case .none:
            break
        case .began(let percent, let best):
            raise(
                Alarm(
                    detector: .overfit, step: step, statistic: percent, threshold: settings.detection.overfitPercent,
                    text: "the validation loss has been more than \(settings.detection.overfitPercent.short) % above its best "
                        + "(\(best.short)) in two checks running, now \(percent.short) %: the model begins to learn its training data by heart"
                ),
                &decisions)
        case .ended:
            decisions.append(.clear(Clearance(detector: .overfit, step: step, text: "the validation loss is near its best again")))
        }
    }

    /// One evaluation of a rule of `quality.alerts`.
    mutating func evaluate(alert index: Int, value: Double, at moment: Moment, _ decisions: inout [Decision]) -> Finding? {
        let rule = settings.alerts[index]
        switch alerts.evaluate(index, rule, value: value, step: moment.step) {
        case .none:
            return nil
        case .cleared:
            let text = "\(rule.condition) no longer holds: \(rule.metric) is \(value.short)"
            decisions.append(.clear(Clearance(detector: .alert, step: moment.step, text: text)))
            return nil
        case .fired:
            let times = rule.evaluations == 1 ? "" : " in \(rule.evaluations) evaluations running"
            raise(
                Alarm(
                    detector: .alert, level: rule.action == .warn ? .warn : .act, step: moment.step, statistic: value,
                    threshold: rule.threshold, text: "\(rule.condition)\(times): \(rule.metric) is \(value.short)"), &decisions)
            let onset = Moment(step: alerts.onset(index, of: rule), batch: moment.batch)
            switch rule.action {
            case .warn: return nil
            case .reduceLearningRate: return Finding(action: .reduceLearningRate, cause: .alert, onset: onset, at: moment)
            case .rollback: return Finding(action: .rollback, cause: .alert, onset: onset, at: moment)
            case .stop: return Finding(action: .stop, cause: .alert, onset: onset, at: moment)
            }
        }
    }
}
