import Quality

/// One number of a section with where it is kept and what it may be: read, written and defaulted by one table.
private enum Field<Settings> {
    case number(String, WritableKeyPath<Settings, Double>, Bounds)
    case count(String, WritableKeyPath<Settings, Int>, atLeast: Int)
    /// nil is written `auto`.
    case automatic(String, WritableKeyPath<Settings, Int?>, atLeast: Int)

    func read(_ reader: SectionReader, into settings: inout Settings) throws(RecipeError) {
        switch self {
        case .number(let key, let path, let bounds):
            if let value = try reader.number(key, bounds) { settings[keyPath: path] = value }
        case .count(let key, let path, let least):
            if let value = try reader.integer(key, atLeast: least) { settings[keyPath: path] = value }
        case .automatic(let key, let path, let least):
            if let value = try reader.integer(key, or: "auto", atLeast: least) { settings[keyPath: path] = value }
        }
    }

    func resolved(_ settings: Settings) -> (key: String, value: ResolvedValue) {
        switch self {
        case .number(let key, let path, _): (key, .number(settings[keyPath: path]))
        case .count(let key, let path, _): (key, .integer(settings[keyPath: path]))
        case .automatic(let key, let path, _): (key, settings[keyPath: path].map { .integer($0) } ?? .text("auto"))
        }
    }
}

extension DetectionSettings {
    private static var fields: [Field<DetectionSettings>] {
        [
            .number("warn_residual", \.warnResidual, .positive), .number("act_residual", \.actResidual, .positive),
            .number("jump_slack", \.jumpSlack, .notNegative), .number("jump_threshold", \.jumpThreshold, .positive),
            .number("ramp_slack", \.rampSlack, .notNegative), .number("ramp_threshold", \.rampThreshold, .positive),
            .count("confirmation_steps", \.confirmationSteps, atLeast: 0),
            .count("mild_confirmation_steps", \.mildConfirmationSteps, atLeast: 0),
            .number("severe_fraction", \.severeFraction, Bounds(above: 0, most: 1)),
            .number("minimum_rise", \.minimumRise, Bounds(least: 1)), .automatic("warm_up_steps", \.warmUpSteps, atLeast: 0),
            .number("scale_floor", \.scaleFloor, .positive), .count("consecutive_skips", \.consecutiveSkips, atLeast: 1),
            .number("skipped_share", \.skippedShare, Bounds(above: 0, most: 1)), .number("overfit_percent", \.overfitPercent, .positive),
            .number("slow_rank_ratio", \.slowRankRatio, .fraction),
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
            .number("learning_rate_cut", \.learningRateCut, Bounds(above: 0, most: 1)),
            .number("learning_rate_floor", \.learningRateFloor, Bounds(above: 0, most: 1)),
            .automatic("probation_steps", \.probationSteps, atLeast: 0), .automatic("promotion_steps", \.promotionSteps, atLeast: 1),
            .count("rollbacks_per_run", \.rollbacksPerRun, atLeast: 0), .count("rollbacks_per_window", \.rollbacksPerWindow, atLeast: 0),
            .count("rollbacks_per_checkpoint", \.rollbacksPerCheckpoint, atLeast: 1),
            .automatic("skipped_batches", \.skippedBatches, atLeast: 0), .count("skip_margin", \.skipMargin, atLeast: 0),
            .number("clip_scales", \.clipScales, .positive), .count("clip_steps", \.clipSteps, atLeast: 1),
        ]
    }

    init(_ reader: SectionReader) throws(RecipeError) {
        self.init()
        for field in Self.fields { try field.read(reader, into: &self) }
    }

    var resolved: ResolvedValue { .map(Self.fields.map { $0.resolved(self) }) }
}
