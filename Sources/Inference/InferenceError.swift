/// Why a saved model could not be made runnable.
package struct InferenceError: Error, Sendable, CustomStringConvertible {
    package let path: String
    package let what: String
    package let remedy: String
    /// True where the path itself was mistyped, false where what lies there is damaged or does not fit.
    package let isUsage: Bool

    package init(path: String, what: String, remedy: String, isUsage: Bool = false) {
        self.path = path
        self.what = what
        self.remedy = remedy
        self.isUsage = isUsage
    }

    package var description: String { "\(path): \(what). \(remedy)" }
}
