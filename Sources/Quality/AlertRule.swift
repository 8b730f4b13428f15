/// One entry of `quality.alerts`: `{when: "validation.accuracy < 0.9", for: 2, action: warn}`.
package struct AlertRule: Sendable, Equatable, Codable {
    package enum Comparison: String, Sendable, Codable, CaseIterable {
        case less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">="

        /// A value that is not finite breaches every rule: a metric that cannot be computed is not a good one.
        func isBreached(_ value: Double, _ threshold: Double) -> Bool {
            guard value.isFinite else { return true }
            switch self {
            case .less: return value < threshold
            case .lessOrEqual: return value <= threshold
            case .greater: return value > threshold
            case .greaterOrEqual: return value >= threshold
            }
        }
    }

    package enum Action: String, Sendable, Codable, CaseIterable {
        case warn, reduceLearningRate = "reduce_lr", rollback, stop
    }

    package var metric: MetricName
    package var comparison: Comparison
    package var threshold: Double
    /// Consecutive evaluations that must breach before the alert fires, and that must hold before it may fire again.
    package var evaluations: Int
    package var action: Action

    package init(metric: MetricName, comparison: Comparison, threshold: Double, evaluations: Int = 1, action: Action = .warn) {
        self.metric = metric
        self.comparison = comparison
        self.threshold = threshold
        self.evaluations = evaluations
        self.action = action
    }

    /// Parses the text of `when`. `key` is the recipe key that an error names, such as `quality.alerts[0]`.
    package init(
        when text: String, for evaluations: Int = 1, action: Action = .warn, key: String = "quality.alerts"
    ) throws(QualityError) {
        func malformed(_ why: String) -> QualityError {
            QualityError(
                key: "\(key).when", problem: "\"\(text)\" \(why); write a metric, a comparison and a number: \"validation.accuracy < 0.9\"")
        }
        guard let sign = text.firstIndex(where: { $0 == "<" || $0 == ">" }) else { throw malformed("has none of < <= > >=") }
        var end = text.index(after: sign)
        if end < text.endIndex, text[end] == "=" { end = text.index(after: end) }
        guard let comparison = Comparison(rawValue: String(text[sign..<end])) else { throw malformed("has none of < <= > >=") }
        let number = text[end...].trimmed
        guard let threshold = Double(number), threshold.isFinite else { throw malformed("does not compare with a number (\"\(number)\")") }
        let metric = try MetricName(text[..<sign].trimmed, key: "\(key).when")
        guard evaluations >= 1 else { throw QualityError(key: "\(key).for", problem: "\(evaluations) is not a count; give 1 or more") }
        self.init(metric: metric, comparison: comparison, threshold: threshold, evaluations: evaluations, action: action)
    }

    /// The rule as one writes it.
    package var condition: String { "\(metric) \(comparison.rawValue) \(threshold)" }
}

extension Substring {
    /// Without blanks at either end.
    fileprivate var trimmed: String {
        var rest = self
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
