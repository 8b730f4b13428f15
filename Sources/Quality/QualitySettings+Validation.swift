extension QualitySettings {
    /// Throws the first setting that cannot be used, by its dotted key under `key`.
    package func validate(key: String = "quality") throws(QualityError) {
        try earlyStopping?.validate(key: "\(key).early_stopping")
        for index in alerts.indices {
            guard alerts[index].evaluations >= 1 else {
                throw QualityError(
                    key: "\(key).alerts[\(index)].for", problem: "\(alerts[index].evaluations) is not a count; give 1 or more")
            }
        }
        try detection.validate(key: "\(key).detection")
        try recovery.validate(key: "\(key).recovery")
    }
}

extension EarlyStoppingSettings {
    func validate(key: String) throws(QualityError) {
        guard patience >= 1 else {
            throw QualityError(
                key: "\(key).patience",
                problem:
                    "\(patience) is not a number of checks; 1 stops at the first check without improvement, and leaving early_stopping "
                    + "out never stops")
        }
        guard minDelta >= 0, minDelta.isFinite else {
            throw QualityError(
                key: "\(key).min_delta", problem: "\(minDelta) is not 0 or a positive number; it is in the unit of \(metric)")
        }
        guard startEpoch >= 1 else {
            throw QualityError(key: "\(key).start_epoch", problem: "\(startEpoch) is before the first epoch, which is 1")
        }
        guard metric.scope != .step else {
            throw QualityError(
                key: "\(key).metric",
                problem:
                    "\"\(metric)\" is a figure of single steps, and patience counts validation checks; take validation.\(metric.name) or "
                    + "train.\(metric.name)")
        }
    }
}

extension DetectionSettings {
    func validate(key: String) throws(QualityError) {
        try positive(
            key,
            [
                ("warn_residual", warnResidual), ("act_residual", actResidual), ("jump_slack", jumpSlack),
                ("jump_threshold", jumpThreshold),
                ("ramp_slack", rampSlack), ("ramp_threshold", rampThreshold), ("scale_floor", scaleFloor),
                ("overfit_percent", overfitPercent), ("severe_fraction", severeFraction), ("skipped_share", skippedShare),
            ])
        try counts(
            key,
            [
                ("confirmation_steps", confirmationSteps), ("mild_confirmation_steps", mildConfirmationSteps),
                ("consecutive_skips", consecutiveSkips), ("warm_up_steps", warmUpSteps ?? 1),
            ])
        guard actResidual >= warnResidual else {
            throw QualityError(key: "\(key).act_residual", problem: "\(actResidual) lies below warn_residual (\(warnResidual))")
        }
        guard minimumRise >= 1, minimumRise.isFinite else {
            throw QualityError(key: "\(key).minimum_rise", problem: "\(minimumRise) is not a factor of growth; give 1 or more")
        }
        guard slowRankRatio > 0, slowRankRatio < 1 else {
            throw QualityError(key: "\(key).slow_rank_ratio", problem: "\(slowRankRatio) is not between 0 and 1")
        }
    }
}

extension RecoverySettings {
    func validate(key: String) throws(QualityError) {
        for (name, value) in [("learning_rate_cut", learningRateCut), ("learning_rate_floor", learningRateFloor)] {
            guard value > 0, value <= 1 else {
                throw QualityError(key: "\(key).\(name)", problem: "\(value) is not a factor above 0 and up to 1")
            }
        }
        try positive(key, [("clip_scales", clipScales)])
        try counts(
            key,
            [
                ("probation_steps", probationSteps ?? 1), ("promotion_steps", promotionSteps ?? 1),
                ("rollbacks_per_checkpoint", rollbacksPerCheckpoint), ("skipped_batches", skippedBatches ?? 1), ("clip_steps", clipSteps),
            ])
        for (name, value) in [
            ("rollbacks_per_run", rollbacksPerRun), ("rollbacks_per_window", rollbacksPerWindow), ("skip_margin", skipMargin),
        ] where value < 0 {
            throw QualityError(key: "\(key).\(name)", problem: "\(value) is negative; give 0 or more")
        }
    }
}

private func positive(_ key: String, _ values: [(name: String, value: Double)]) throws(QualityError) {
    for (name, value) in values where !(value > 0 && value.isFinite) {
        throw QualityError(key: "\(key).\(name)", problem: "\(value) is not a positive number")
    }
}

private func counts(_ key: String, _ values: [(name: String, value: Int)]) throws(QualityError) {
    for (name, value) in values where value < 1 {
        throw QualityError(key: "\(key).\(name)", problem: "\(value) is not a count; give 1 or more")
    }
}
