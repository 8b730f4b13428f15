import Quality

extension QualitySettings {
    init(_ reader: SectionReader) throws(RecipeError) {
        self.init(
            onSpike: try reader.option("on_spike", "answer to a spike") ?? .rollback,
            earlyStopping: reader.value("early_stopping") == nil ? nil : try EarlyStoppingSettings(try reader.section("early_stopping")),
            alerts: try Self.alerts(reader), detection: try DetectionSettings(try reader.section("detection")),
            recovery: try RecoverySettings(try reader.section("recovery")))
        do {
            try validate(key: reader.path)
        } catch {
            throw RecipeError(at: try Self.place(of: error.key, reader), error.description)
        }
    }

    /// Where the key that an error names was written.
    private static func place(of key: String, _ reader: SectionReader) throws(RecipeError) -> Origin {
        let parts = key.split(separator: ".").dropFirst().map(String.init)
        guard let first = parts.first, reader.section.key(first) != nil else { return reader.origin }
        guard parts.count == 2, RecipeSchema.sections.contains(where: { $0.path == reader.section.path(of: first) }) else {
            return reader.origin(of: first)
        }
        return try reader.section(first).origin(of: parts[1])
    }

    private static func alerts(_ reader: SectionReader) throws(RecipeError) -> [AlertRule] {
        guard let value = reader.value("alerts") else { return [] }
        guard case .list(let elements) = value.content else { throw reader.wrongType("alerts", expected: "a list of alerts", found: value) }
        var rules: [AlertRule] = []
        for (index, element) in elements.enumerated() {
            let path = "quality.alerts.\(index)"
            let entry = try SectionReader(element, RecipeSchema.section("quality.alerts.N"), path: path, origin: value.origin)
            try required("when", entry, example: "{when: \"validation.accuracy < 0.9\", for: 2, action: warn}")
            let text = try entry.text("when") ?? ""
            let evaluations = try entry.integer("for", atLeast: 1) ?? 1
            let action: AlertRule.Action = try entry.option("action", "action") ?? .warn
            do {
                rules.append(try AlertRule(when: text, for: evaluations, action: action, key: path))
            } catch {
                throw RecipeError(at: entry.origin(of: "when"), error.description)
            }
        }
        return rules
    }

    var resolved: ResolvedValue {
        .map([
            ("on_spike", .text(onSpike.rawValue)), ("early_stopping", .optional(earlyStopping) { $0.resolved }),
            ("alerts", .list(alerts.map(\.resolved))), ("detection", detection.resolved), ("recovery", recovery.resolved),
        ])
    }
}

extension AlertRule {
    var resolved: ResolvedValue {
        .map([("when", .text(condition)), ("for", .integer(evaluations)), ("action", .text(action.rawValue))])
    }
}

extension EarlyStoppingSettings {
    init(_ reader: SectionReader) throws(RecipeError) {
        let defaults = EarlyStoppingSettings()
        self.init(
            metric: try reader.metric("metric") ?? defaults.metric,
            patience: try reader.integer("patience") ?? defaults.patience,
            minDelta: try reader.number("min_delta") ?? defaults.minDelta,
            restoreBest: try reader.boolean("restore_best") ?? defaults.restoreBest,
            startEpoch: try reader.integer("start_epoch") ?? defaults.startEpoch, target: try reader.number("target"))
    }

    var resolved: ResolvedValue {
        .map([
            ("metric", .text("\(metric)")), ("patience", .integer(patience)), ("min_delta", .number(minDelta)),
            ("restore_best", .boolean(restoreBest)), ("start_epoch", .integer(startEpoch)), ("target", .optional(target) { .number($0) }),
        ])
    }
}

extension SectionReader {
    /// The name of a metric.
    func metric(_ key: String) throws(RecipeError) -> MetricName? {
        guard let text = try text(key) else { return nil }
        do {
            return try MetricName(text, key: dotted(key))
        } catch {
            var names = MetricName.stepFigures
            for scope in [MetricName.Scope.validation, .train] { names += MetricName.directions.map { "\(scope.rawValue).\($0.key)" } }
            // A name without its scope is the commonest slip, and it is the validation's that is meant.
            let meant = names.first { $0 == "validation.\(text)" } ?? nearestName(to: text, among: names)
            throw RecipeError(
                at: origin(of: key), "`\(dotted(key))`: unknown metric `\(text)`\(meant.map { ": did you mean `\($0)`?" } ?? "")",
                remedy: "Known are \(MetricName.directions.map(\.key).joined(separator: ", ")), each as validation.NAME or train.NAME")
        }
    }
}
