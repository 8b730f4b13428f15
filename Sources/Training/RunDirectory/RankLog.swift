import Foundation
import Logging
import Synchronization

/// The log of one rank, `logs/rank-000.log` of the run directory: what this process did and when, for whoever asks why it was slow or
/// where it stood when a node died.
///
/// A rank that does not see the run directory (another node without a shared file system) has no file, and its log goes nowhere: what
/// concerns people is said by rank 0.
package struct RankLog: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level = .info
    private let file: File

    /// The open file; lines are whole because each is one `write` under the lock.
    private final class File: Sendable {
        private let handle: Mutex<FileHandle?>

        init(_ handle: FileHandle?) { self.handle = Mutex(handle) }

        func write(_ line: String) {
            handle.withLock { handle in try? handle?.write(contentsOf: Data(line.utf8)) }
        }
    }

    /// A logger for `rank` in the folder `logs`; an existing file is continued.
    package static func logger(rank: Int, host: String, logs: String) -> Logger {
        let name = "rank-" + String(repeating: "0", count: max(0, 3 - "\(rank)".count)) + "\(rank).log"
        let path = logs + "/" + name
        var handle: FileHandle?
        if FileManager.default.fileExists(atPath: logs) {
            if !FileManager.default.fileExists(atPath: path) { FileManager.default.createFile(atPath: path, contents: nil) }
            handle = FileHandle(forWritingAtPath: path)
            _ = try? handle?.seekToEnd()
        }
        let file = File(handle)
        return Logger(label: "lockstep.rank.\(rank)") { _ in
            var log = RankLog(file: file)
            log.metadata = ["rank": "\(rank)", "host": "\(host)"]
            return log
        }
    }

    private init(file: File) { self.file = file }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, own in own }
        let facts = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        file.write("\(RunFacts.now()) \(event.level) \(facts) \(event.message)\n")
    }
}
