#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Why a checkpoint could not be saved, found or read: what, where, why and how to mend it.
package struct CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: String, Sendable, Codable {
        /// No room, or a quota is used up.
        case diskFull
        /// No permission, or a read-only file system.
        case unwritable
        /// The device or the network file system failed.
        case inputOutput
        /// It is not there.
        case missing
        /// A file was truncated or altered, or is not what it should be.
        case damaged
        /// A sound checkpoint, but of another model or another version of the format.
        case mismatch
        /// A rank refused: its replica is not the one that would be saved.
        case refused
        /// The ranks could not agree because a message between them failed.
        case collective
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
        case .diskFull, .unwritable, .inputOutput: 6
        case .missing, .damaged, .mismatch: 3
        case .refused: 4
        case .collective: 5
        }
    }

    /// There is nothing to resume from: lists what was found and why it cannot be used.
    package static func nothingUsable(in directory: String, passedOver: [PassedOver]) -> CheckpointError {
        if passedOver.isEmpty {
            return CheckpointError(
                .missing, path: directory,
                "\(directory) holds no checkpoint to resume from. "
                    + "Train without --resume, or name another run; checkpoint.every_steps sets how often one is saved.")
        }
        let list = passedOver.map { "  \($0.path): \($0.reason)" }.joined(separator: "\n")
        return CheckpointError(
            .damaged, path: directory,
            "no checkpoint in \(directory) can be used:\n\(list)\nRestore one of them from a copy, or train anew under another run name.")
    }
}

/// A checkpoint that was looked at and not used, and why.
package struct PassedOver: Sendable, Equatable, Codable {
    /// The damaged file, or the checkpoint's folder.
    package var path: String
    package var reason: String

    package init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }
}

extension CheckpointError {
    /// The failure of a save that would have written `needed` bytes in all.
    ///
    /// - Parameter hasPrevious: whether an earlier checkpoint is there to go on from.
    init(saving error: FileSystemError, directory: String, needed: Int, free: UInt64?, hasPrevious: Bool) {
        let kept = hasPrevious ? "The previous checkpoint is intact." : "It would have been the first one."
        let then = hasPrevious ? "then continue with --resume" : "then start again"
        let room = "\(describeBytes(UInt64(needed))) needed, \(free.map(describeBytes) ?? "an unknown amount") free"
        switch error.code {
        case ENOSPC, EDQUOT:
            let what = error.code == EDQUOT ? "the quota is used up" : "the disk is full"
            self.init(
                .diskFull, path: error.path,
                "cannot save a checkpoint: \(error.path): \(what) (\(room)). "
                    + "\(kept) Make room or point output= to another disk, \(then).")
        case EACCES, EPERM, EROFS:
            self.init(
                .unwritable, path: error.path,
                "cannot save a checkpoint: \(error.path): \(error.reason). "
                    + "\(kept) Allow this user to write to \(directory), \(then).")
        default:
            self.init(
                .inputOutput, path: error.path,
                "cannot save a checkpoint: \(error.operation) \(error.path): \(error.reason) (\(room)). "
                    + "\(kept) Check the disk or the network file system, \(then).")
        }
    }
}

/// "1,536 bytes", "12.3 MB": for people; decimal units.
package func describeBytes(_ bytes: UInt64) -> String {
    let units = ["kB", "MB", "GB", "TB"]
    guard bytes >= 10_000 else { return "\(bytes) bytes" }
    var value = Double(bytes)
    var unit = ""
    for name in units where value >= 1000 {
        value /= 1000
        unit = name
    }
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) \(unit)"
}
