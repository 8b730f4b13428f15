import Checkpoints
import Foundation

/// Why a run directory could not be made, found, read or written: what, where, why and how to mend it.
package struct RunDirectoryError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// A run of that name is there already.
        case exists
        /// There is no such run, or it is not a run directory.
        case missing
        /// The name cannot be a folder's.
        case badName
        case unwritable
        case diskFull
        /// A file of the run is not what it should be.
        case damaged
    }

    package var kind: Kind
    package var path: String
    package var text: String

    package init(_ kind: Kind, path: String, _ text: String) {
        self.kind = kind
        self.path = path
        self.text = text
    }

    package var description: String { text }

    /// The exit code for a run that ends because of it.
    package var exitCode: Int32 {
        switch kind {
        case .exists, .missing, .badName: 2
        case .unwritable, .diskFull: 6
        case .damaged: 3
        }
    }
}

extension RunDirectoryError {
    /// Writing a file of the run failed with that error number.
    init(writing path: String, code: Int32) {
        let free = POSIXFileSystem().freeBytes(at: directoryName(path)).map { ", \(describeBytes($0)) free" } ?? ""
        switch code {
        case ENOSPC, EDQUOT:
            self.init(
                .diskFull, path: path,
                "cannot write \(path): \(describeErrorNumber(code))\(free). Make room, or let output= name a folder on another disk.")
        default:
            self.init(
                .unwritable, path: path,
                "cannot write \(path): \(describeErrorNumber(code)). "
                    + "Check that the folder exists and that this user may write to it, or let output= name another one.")
        }
    }

    init(_ error: FileSystemError) { self.init(writing: error.path, code: error.code) }
}
