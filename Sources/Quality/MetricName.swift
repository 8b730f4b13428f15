/// Which way a metric improves.
package enum MetricDirection: String, Sendable, Codable {
    case minimise, maximise

    /// Whether `value` is better than `best` by more than `margin`. Equality is no improvement.
    package func improves(_ value: Double, over best: Double, by margin: Double = 0) -> Bool {
        switch self {
        case .minimise: best - value > margin
        case .maximise: value - best > margin
        }
    }
}

/// A metric as recipes name it: `validation.accuracy`, `train.loss`, or a figure of every step: `loss`, `grad_norm`, `learning_rate`.
package struct MetricName: Sendable, Hashable, Codable, CustomStringConvertible {
    package enum Scope: String, Sendable, Codable, CaseIterable {
        /// Figures of a validation pass.
        case validation
        /// Figures over an epoch of training.
        case train
        /// Figures of every step.
        case step
    }

    package var scope: Scope
    /// The name without its scope, as in `MetricValues`.
    package var name: String

    /// Metrics of a pass over data, with the way in which each improves.
    package static let directions: KeyValuePairs<String, MetricDirection> = [
        "loss": .minimise, "mse": .minimise, "mae": .minimise, "rmse": .minimise, "perplexity": .minimise,
        "accuracy": .maximise, "precision": .maximise, "recall": .maximise, "f1": .maximise, "r2": .maximise,
    ]
    /// Figures of a step, which alerts may watch.
    package static let stepFigures = ["loss", "grad_norm", "learning_rate"]

    package init(scope: Scope, name: String) {
        self.scope = scope
        self.name = name
    }

    /// Parses `validation.loss`, `train.f1`, `grad_norm`. `key` is the recipe key that an error names.
    package init(_ text: String, key: String = "metric") throws(QualityError) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 1, Self.stepFigures.contains(text) {
            self.init(scope: .step, name: text)
            return
        }
        if parts.count == 2, let scope = Scope(rawValue: String(parts[0])), scope != .step,
            Self.directions.contains(where: { $0.key == parts[1] })
        {
            self.init(scope: scope, name: String(parts[1]))
            return
        }
        throw QualityError(key: key, problem: "unknown metric \"\(text)\"; valid are \(Self.validNames)")
    }

    static var validNames: String {
        let names = directions.map(\.key)
        return names.map { "validation.\($0)" }.joined(separator: ", ") + ", the same with train., and of every step "
            + stepFigures.joined(separator: ", ")
    }

    /// nil for figures that are neither good nor bad (`learning_rate`).
    package var direction: MetricDirection? {
        if scope == .step { return name == "learning_rate" ? nil : .minimise }
        return Self.directions.first { $0.key == name }?.value
    }

    package var description: String { scope == .step ? name : "\(scope.rawValue).\(name)" }
}

/// A metric's value. In files a value that is not finite is null.
package struct MetricValue: Sendable, Equatable {
    package var name: String
    package var value: Double

    package init(_ name: String, _ value: Double) {
        self.name = name
        self.value = value
    }
}

/// Metrics of one pass over data, in a fixed order, looked up by name.
package struct MetricValues: Sendable, Equatable, RandomAccessCollection, ExpressibleByArrayLiteral {
    package var values: [MetricValue]

    package init(_ values: [MetricValue] = []) { self.values = values }
    package init(arrayLiteral elements: MetricValue...) { self.init(elements) }

    package var startIndex: Int { values.startIndex }
    package var endIndex: Int { values.endIndex }
    package subscript(position: Int) -> MetricValue { values[position] }
    package subscript(name: String) -> Double? { values.first { $0.name == name }?.value }
}
