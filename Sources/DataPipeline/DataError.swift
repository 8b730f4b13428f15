import Formats

/// What is wrong with the data: what it is, where, why, and how to mend it. `description` is one line.
package struct DataError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable {
        /// A file is not there.
        case missing
        /// A file ends early.
        case truncated
        /// A file's bytes contradict its format.
        case malformed
        /// A class index that the model has no output for, or a binary target that is neither 0 nor 1.
        case labelOutOfRange
        /// A NaN or an infinity.
        case nonFinite
        /// The data's shape and the model's input do not fit.
        case wrongShape
        /// No sample is left to train on.
        case empty
        /// Two parts that belong together differ in length.
        case mismatch
        /// The recipe's data section contradicts itself or the data.
        case specification
        /// The system would not let us read.
        case system
    }

    package var kind: Kind
    package var path: String?
    package var what: String
    package var location: String?
    package var remedy: String

    package init(_ kind: Kind, _ what: String, path: String? = nil, at location: String? = nil, remedy: String) {
        self.kind = kind
        self.path = path
        self.what = what
        self.location = location
        self.remedy = remedy
    }

    package init(_ error: FormatError) {
        let kind: Kind =
            switch error.kind {
            case .missing: .missing
            case .truncated: .truncated
            case .malformed, .unsupported: .malformed
            case .notPermitted, .diskFull, .system: .system
            }
        self.init(kind, error.what, path: error.path, at: error.location, remedy: error.remedy)
    }

    /// 2 for a recipe that asks for the impossible, 6 for a system that refuses, 3 for bad data.
    package var exitCode: Int32 {
        switch kind {
        case .specification: 2
        case .system: 6
        default: 3
        }
    }

    package var description: String {
        let file = path.map { "\($0): " } ?? ""
        let place = location.map { " (at \($0))" } ?? ""
        return "\(file)\(what)\(place). \(remedy)"
    }
}

/// Runs a reader of `Formats` and turns its error into this module's.
func reading<Value>(_ body: () throws(FormatError) -> Value) throws(DataError) -> Value {
    do throws(FormatError) { return try body() } catch { throw DataError(error) }
}
