import Checkpoints
import Formats
import Foundation
import Quality
import Synchronization

/// events.jsonl: every decision and alarm, one line each, in a chain of digests.
///
/// Each line carries `previous`, the SHA-256 of the bytes of the line before (64 zeros in the first), so a line that is altered or removed
/// afterwards is noticed. A line is on the disk when `append` returns: a decision is recorded before it takes effect. A run that is resumed
/// continues the chain.
package final class Ledger: Sendable {
    package static let firstPrevious = String(repeating: "0", count: 64)

    private struct State {
        var file: LineFile
        var previous: String
        var sequence: Int
    }

    private let state: Mutex<State>
    /// What is wrong with the lines that were there at the start; empty for a sound chain.
    package let problemsFound: [String]

    /// Opens the ledger of a run; one that is there is continued.
    package init(directory: RunDirectory) throws(RunDirectoryError) {
        let file = try LineFile(directory.eventsPath)
        let lines = Ledger.lines(of: directory.eventsPath)
        problemsFound = Ledger.problems(in: lines, name: fileName(directory.eventsPath))
        state = Mutex(
            State(file: file, previous: lines.last.map { sha256Hex($0) } ?? Ledger.firstPrevious, sequence: lines.count))
    }

    /// The lines so far.
    package var count: Int { state.withLock { $0.sequence } }

    /// Appends a record and returns when it is on the disk.
    ///
    /// - Returns: its sequence number, from 1.
    /// - Throws: `.diskFull`, `.unwritable`; then the file has no trace of it.
    @discardableResult
    package func append(
        kind: String, step: Int, generation: Int, fields: [(String, JSONValue)] = []
    ) throws(RunDirectoryError) -> Int {
        let result: Result<Int, RunDirectoryError> = state.withLock { state in
            var line = JSONObject([
                .init(key: "kind", value: .string(kind)), .init(key: "sequence", value: .integer(state.sequence + 1)),
                .init(key: "step", value: .integer(step)), .init(key: "generation", value: .integer(generation)),
                .init(key: "time", value: .string(RunFacts.now())), .init(key: "previous", value: .string(state.previous)),
            ])
            for (name, value) in fields {
                precondition(line[name] == nil, "Ledger: the field \(name) of a \(kind) record is taken")
                line[name] = value
            }
            line.listNonFinite()
            let bytes = Array(line.serialized().utf8)
            var code = state.file.append(bytes + [10])
            if code == 0 { code = state.file.synchronise() }
            if code != 0 { return .failure(RunDirectoryError(writing: state.file.path, code: code)) }
            state.previous = sha256Hex(bytes)
            state.sequence += 1
            return .success(state.sequence)
        }
        return try result.get()
    }

    /// Appends a record of the coordinator.
    @discardableResult
    package func append(_ record: LedgerRecord) throws(RunDirectoryError) -> Int {
        try append(
            kind: record.kind, step: record.step, generation: record.generation,
            fields: record.fields.map { ($0.name, JSONValue($0.value)) })
    }
}

extension Ledger {
    /// The lines of a ledger, without newlines; a torn last line is left out.
    static func lines(of path: String) -> [[UInt8]] {
        guard let bytes = try? POSIXFileSystem().read(path) else { return [] }
        var lines = bytes.split(separator: 10, omittingEmptySubsequences: false).map(Array.init)
        // What follows the last newline is nothing, or torn.
        lines.removeLast()
        return lines
    }

    /// The records of a ledger, in order; lines that are not JSON are left out.
    package static func records(of path: String) -> [JSONValue] { lines(of: path).compactMap { try? JSONValue.parse($0) } }

    /// What is wrong with a ledger, one sentence per line; empty when the chain holds.
    package static func verify(_ path: String) -> [String] { problems(in: lines(of: path), name: fileName(path)) }

    private static func problems(in lines: [[UInt8]], name: String) -> [String] {
        var problems: [String] = []
        var previous = firstPrevious
        for (index, line) in lines.enumerated() {
            let place = "\(name):\(index + 1)"
            if let record = try? JSONValue.parse(line) {
                if record["previous"]?.stringValue != previous {
                    problems.append("\(place): the chain is broken: the line before it was altered, removed or added afterwards")
                }
                if record["sequence"]?.intValue != index + 1 { problems.append("\(place): the sequence number is not \(index + 1)") }
            } else {
                problems.append("\(place): not a JSON object")
            }
            previous = sha256Hex(line)
        }
        return problems
    }
}

extension JSONValue {
    /// A ledger's value as JSON. A real that is not finite becomes null and is listed by the writer.
    package init(_ value: LedgerValue) {
        self =
            switch value {
            case .integer(let value): .integer(value)
            case .real(let value): .number(value)
            case .text(let value): .string(value)
            case .flag(let value): .bool(value)
            case .integers(let values): .array(values.map { .integer($0) })
            }
    }
}
