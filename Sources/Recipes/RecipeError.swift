/// A recipe that cannot be run as written: an unknown key, a value of the wrong type, a name nobody knows.
///
/// Every one of these is a usage error (exit code 2), found before any work starts and alike on every rank.
package struct RecipeError: Error, CustomStringConvertible, Sendable, Equatable {
    /// Where the value came from: `mnist.yaml:12`, `recipe digits, line 4`, `override batch=0`; nil where no single place is to blame.
    package let place: String?
    /// What is wrong, without a full stop.
    package let problem: String
    /// What to write instead, without a full stop; nil where the problem says it already.
    package let remedy: String?

    package init(at place: String? = nil, _ problem: String, remedy: String? = nil) {
        self.place = place
        self.problem = problem
        self.remedy = remedy
    }

    init(at origin: Origin?, _ problem: String, remedy: String? = nil) {
        self.init(at: origin?.description, problem, remedy: remedy)
    }

    package var description: String {
        var text = place.map { "\($0): " } ?? ""
        text += problem
        if let remedy { text += (problem.hasSuffix("?") ? " " : ". ") + remedy }
        return text
    }
}
