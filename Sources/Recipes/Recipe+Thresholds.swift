import Quality

/// One number of a section with where it is kept: read, written and defaulted by one table. What it may be, ``QualitySettings`` checks.
private enum Field<Settings> {
    case number(String, WritableKeyPath<Settings, Double>)
    case count(String, WritableKeyPath<Settings, Int>)
    /// nil is written `auto`.
    case automatic(String, WritableKeyPath<Settings, Int?>)

    func read(_ reader: SectionReader, into settings: inout Settings) throws(RecipeError) {
        switch self {
        case .number(let key, let path):
            if let value = try reader.number(key) { settings[keyPath: path] = value }
        case .count(let key, let path):
            if let value = try reader.integer(key) { settings[keyPath: path] = value }
        case .automatic(let key, let path):
            if let value = try reader.integer(key, or: "auto") { settings[keyPath: path] = value }
        }
    }

    func resolved(_ settings: Settings) -> (key: String, value: ResolvedValue) {
        switch self {
        case .number(let key, let path): (key, .number(settings[keyPath: path]))
        case .count(let key, let path): (key, .integer(settings[keyPath: path]))
        case .automatic(let key, let path): (key, settings[keyPath: path].map { .integer($0) } ?? .text("auto"))
        }
    }
}

extension DetectionSettings {
    private static var fields: [Field<DetectionSettings>] {
        [
            .number("warn_residual", \.warnResidual), .number("act_residual", \.actResidual), .number("jump_slack", \.jumpSlack),
            .number("jump_threshold", \.jumpThreshold), .number("ramp_slack", \.rampSlack), .number("ramp_threshold", \.rampThreshold),
            .count("confirmation_steps", \.confirmationSteps), .count("mild_confirmation_steps", \.mildConfirmationSteps),
            .number("severe_fraction", \.severeFraction), .number("minimum_rise", \.minimumRise),
            .automatic("warm_up_steps", \.warmUpSteps),
            .number("scale_floor", \.scaleFloor), .count("consecutive_skips", \.consecutiveSkips), .number("skipped_share", \.skippedShare),
            .number("overfit_percent", \.overfitPercent), .number("slow_rank_ratio", \.slowRankRatio),
        ]
    }

    init(_ reader: SectionReader) throws(RecipeError) {
        self.init()
        for field in Self.fields { try field.read(reader, into: &self) }
    }

    var resolved: ResolvedValue { .map(Self.fields.map { $0.resolved(self) }) }
}

extension RecoverySettings {
    private static var fields: [Field<RecoverySettings>] {
        [
            .number("learning_rate_cut", \.learningRateCut), .number("learning_rate_floor", \.learningRateFloor),
            .automatic("probation_steps", \.probationSteps), .automatic("promotion_steps", \.promotionSteps),
            .count("rollbacks_per_run", \.rollbacksPerRun), .count("rollbacks_per_window", \.rollbacksPerWindow),
            .count("rollbacks_per_checkpoint", \.rollbacksPerCheckpoint), .automatic("skipped_batches", \.skippedBatches),
            .count("skip_margin", \.skipMargin), .number("clip_scales", \.clipScales), .count("clip_steps", \.clipSteps),
        ]
    }

    init(_ reader: SectionReader) throws(RecipeError) {
        self.init()
        for field in Self.fields { try field.read(reader, into: &self) }
    }

    var resolved: ResolvedValue { .map(Self.fields.map { $0.resolved(self) }) }
}
