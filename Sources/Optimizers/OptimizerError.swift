/// A number in a recipe that no optimiser or schedule can work with.
package struct OptimizerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The recipe's dotted key, "optimizer.momentum".
    package let setting: String
    /// What was given, as it would be written.
    package let value: String
    /// What it has to be, and why.
    package let reason: String

    package init(setting: String, value: String, reason: String) {
        self.setting = setting
        self.value = value
        self.reason = reason
    }

    package var description: String { "\(setting): \(value) does not work: \(reason)" }
}

/// Throws unless `holds`; the value is only described then.
func require(_ holds: Bool, _ setting: String, _ value: some CustomStringConvertible, _ reason: String) throws(OptimizerError) {
    if !holds { throw OptimizerError(setting: setting, value: value.description, reason: reason) }
}
