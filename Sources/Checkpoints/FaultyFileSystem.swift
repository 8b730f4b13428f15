import Synchronization

/// A file system that fails or dies at a chosen operation, for tests of everything that has to survive it.
///
/// Operations that change something (make, write, rename, flush, remove) are counted from 1. Reading is not counted.
package final class FaultyFileSystem: FileSystem {
    package enum Fault: Sendable {
        /// That one operation throws this error number and changes nothing; a write leaves half of its bytes, as a full disk does.
        case fail(operation: Int, code: Int32)
        /// From that operation on, every write throws this error number: a disk that stays full.
        case failWrites(from: Int, code: Int32)
        /// The process dies in that operation: a write leaves half of its bytes, anything else does not happen, and nothing happens any more.
        case kill(operation: Int)
        /// Nothing; only counts.
        case none
    }

    private let base: any FileSystem
    private let fault: Fault
    private let state = Mutex(State())

    private struct State {
        var count = 0
        var dead = false
    }

    package init(_ base: any FileSystem = POSIXFileSystem(), fault: Fault) {
        self.base = base
        self.fault = fault
    }

    /// The operations so far.
    package var operations: Int { state.withLock { $0.count } }

    private enum Verdict {
        case proceed
        case fail(Int32)
        case die
    }

    /// The error number of operations of a dead process; the caller cannot see it, only the test does.
    private static let deadCode: Int32 = 4

    private func next(isWrite: Bool) -> Verdict {
        state.withLock { state in
            guard !state.dead else { return .fail(FaultyFileSystem.deadCode) }
            state.count += 1
            switch fault {
            case .fail(let operation, let code) where state.count == operation: return .fail(code)
            case .failWrites(let first, let code) where isWrite && state.count >= first: return .fail(code)
            case .kill(let operation) where state.count == operation:
                state.dead = true
                return .die
            default: return .proceed
            }
        }
    }

    private func change(
        _ operation: String, _ path: String, _ body: () throws(FileSystemError) -> Void
    ) throws(FileSystemError) {
        switch next(isWrite: false) {
        case .proceed: try body()
        case .fail(let code): throw FileSystemError(operation: operation, path: path, code: code)
        case .die: throw FileSystemError(operation: operation, path: path, code: FaultyFileSystem.deadCode)
        }
    }

    private func requireAlive(_ operation: String, _ path: String) throws(FileSystemError) {
        if state.withLock({ $0.dead }) { throw FileSystemError(operation: operation, path: path, code: FaultyFileSystem.deadCode) }
    }

    package func makeDirectory(_ path: String) throws(FileSystemError) {
        try change("make directory", path) { () throws(FileSystemError) in try base.makeDirectory(path) }
    }

    package func write(_ bytes: [UInt8], to path: String) throws(FileSystemError) {
        let verdict = next(isWrite: true)
        if case .proceed = verdict { return try base.write(bytes, to: path) }
        let code = if case .fail(let code) = verdict { code } else { FaultyFileSystem.deadCode }
        if case .die = verdict {
            try? base.write(Array(bytes.prefix(bytes.count / 2)), to: path)
        } else if !state.withLock({ $0.dead }) {
            try? base.write(Array(bytes.prefix(bytes.count / 2)), to: path)
        }
        throw FileSystemError(operation: "write", path: path, code: code)
    }

    package func rename(_ old: String, to new: String) throws(FileSystemError) {
        try change("rename to \(fileName(new))", old) { () throws(FileSystemError) in try base.rename(old, to: new) }
    }

    package func synchronise(directory path: String) throws(FileSystemError) {
        try change("flush", path) { () throws(FileSystemError) in try base.synchronise(directory: path) }
    }

    package func remove(_ path: String) throws(FileSystemError) {
        try change("remove", path) { () throws(FileSystemError) in try base.remove(path) }
    }

    package func read(_ path: String) throws(FileSystemError) -> [UInt8] {
        try requireAlive("read", path)
        return try base.read(path)
    }

    package func list(_ path: String) throws(FileSystemError) -> [String] {
        try requireAlive("list", path)
        return try base.list(path)
    }

    package func exists(_ path: String) -> Bool { base.exists(path) }
    package func isDirectory(_ path: String) -> Bool { base.isDirectory(path) }
    package func freeBytes(at path: String) -> UInt64? { base.freeBytes(at: path) }
}
