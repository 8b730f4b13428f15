/// What the store and the run directory need of a file system: few operations, each of which either happened or threw.
///
/// A protocol, because the moments that matter (the disk fills, the process dies between two calls) can only be tested by making them happen.
package protocol FileSystem: Sendable {
    /// Makes the directory and its parents; one that is there already is fine.
    func makeDirectory(_ path: String) throws(FileSystemError)
    /// Makes or replaces a file and returns when its bytes are on the disk (fsync).
    func write(_ bytes: [UInt8], to path: String) throws(FileSystemError)
    /// Renames; replaces a file of that name in one step.
    func rename(_ old: String, to new: String) throws(FileSystemError)
    /// Returns when the directory's entries are on the disk.
    func synchronise(directory path: String) throws(FileSystemError)
    /// Removes a file or a whole directory; one that is not there is fine.
    func remove(_ path: String) throws(FileSystemError)
    /// All bytes of a file.
    func read(_ path: String) throws(FileSystemError) -> [UInt8]
    /// The names in a directory, sorted.
    func list(_ path: String) throws(FileSystemError) -> [String]
    func exists(_ path: String) -> Bool
    func isDirectory(_ path: String) -> Bool
    /// Bytes that can still be written below the path by this user; nil when unknown.
    func freeBytes(at path: String) -> UInt64?
}

extension FileSystem {
    /// Replaces a file in one step: whoever reads it sees the old bytes or the new ones, also after a crash.
    package func replace(_ path: String, with bytes: [UInt8]) throws(FileSystemError) {
        let temporary = path + ".tmp"
        do throws(FileSystemError) {
            try write(bytes, to: temporary)
            try rename(temporary, to: path)
        } catch {
            try? remove(temporary)
            throw error
        }
        try synchronise(directory: directoryName(path))
    }
}

/// One operation on one path failed.
package struct FileSystemError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was tried: "write", "rename"…
    package var operation: String
    package var path: String
    /// The system's error number.
    package var code: Int32

    package init(operation: String, path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    package var description: String { "\(operation) \(path): \(reason)" }
    /// The system's words for the error number.
    package var reason: String { describeErrorNumber(code) }
}

/// The part of a path before its last "/"; "." when there is none.
package func directoryName(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// The part of a path after its last "/".
package func fileName(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return path }
    return String(path[path.index(after: slash)...])
}
