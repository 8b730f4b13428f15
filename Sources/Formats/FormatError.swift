/// What went wrong with a file: what it is, where in it, why, and how to mend it.
///
/// One struct for every format, so that a caller can print any of them the same way and still ask for the `kind`
/// (the exit code of the command depends on it: a full disk is the environment's fault, a bad byte the file's).
package struct FormatError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable {
        /// The file does not exist.
        case missing
        /// It exists and the system does not let us read or write it.
        case notPermitted
        /// The device or the quota is full.
        case diskFull
        /// Any other failure of a system call.
        case system
        /// The file ends before its own header says it does.
        case truncated
        /// The bytes contradict the format.
        case malformed
        /// The bytes are right and we cannot hold what they describe.
        case unsupported
    }

    package var kind: Kind
    /// The file, or nil for bytes that never were one.
    package var path: String?
    /// What is wrong, as a clause: "header says 12 bytes, 8 are left".
    package var what: String
    /// Where in the file: "byte 16", "line 3, column 2 ('age')".
    package var location: String?
    /// What to do about it, as a sentence.
    package var remedy: String

    package init(_ kind: Kind, path: String? = nil, _ what: String, at location: String? = nil, remedy: String) {
        self.kind = kind
        self.path = path
        self.what = what
        self.location = location
        self.remedy = remedy
    }

    package var description: String {
        let file = path.map { "\($0): " } ?? ""
        let place = location.map { " (at \($0))" } ?? ""
        return "\(file)\(what)\(place). \(remedy)"
    }

    /// The same error with the file's name filled in by the caller who knows it.
    package func inFile(_ path: String) -> FormatError {
        var error = self
        if error.path == nil { error.path = path }
        return error
    }
}
