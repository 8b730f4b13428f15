/// A setting, metric name or alert rule that cannot be used. `description` says what, where, why and how to mend it.
package struct QualityError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The dotted key of the recipe, such as `quality.early_stopping.patience`.
    package var key: String
    /// What is wrong with it and what would be right.
    package var problem: String

    package init(key: String, problem: String) {
        self.key = key
        self.problem = problem
    }

    package var description: String { "\(key): \(problem)" }
}
