import Checkpoints
import Foundation
import Formats
import Quality
import TestSupport
import Testing
import Training

@Suite struct LedgerTests {
    private func directory(_ folder: String) throws -> RunDirectory {
        try RunDirectory.create(output: folder, run: "mine", recipeName: "x", resuming: false)
    }

    @Test func linesAreChainedAndAnswerToTheirRecord() throws {
        try withTemporaryDirectory { folder in
            let directory = try directory(folder)
            let ledger = try Ledger(directory: directory)
            #expect(try ledger.append(kind: "run_start", step: 0, generation: 0) == 1)
            let record = LedgerRecord(
                kind: "warn", step: 7, generation: 1,
                fields: [
                    .init("detector", .text("loss_spike")), .init("statistic", .real(.infinity)), .init("ranks", .integers([1, 2])),
                    .init("confirmed", .flag(true)), .init("window", .integer(5)),
                ])
            #expect(try ledger.append(record) == 2)
            let lines = try readText(directory.eventsPath).split(separator: "\n")
            let first = try JSONValue.parse(String(lines[0]))
            let second = try JSONValue.parse(String(lines[1]))
            #expect(first["previous"]?.stringValue == Ledger.firstPrevious)
            #expect(second["previous"]?.stringValue == sha256Hex(Array(lines[0].utf8)))
            #expect(second["kind"] == "warn" && second["sequence"] == 2 && second["step"] == 7 && second["generation"] == 1)
            #expect(second["statistic"]?.isNull == true && second["nonfinite"] == ["statistic"])
            #expect(second["ranks"] == [1, 2] && second["confirmed"] == true)
            #expect(Ledger.verify(directory.eventsPath).isEmpty)
        }
    }

    @Test func aResumedRunContinuesTheChainAfterATornLine() throws {
        try withTemporaryDirectory { folder in
            let directory = try directory(folder)
            do {
                let ledger = try Ledger(directory: directory)
                for step in 1...3 { try ledger.append(kind: "best", step: step, generation: 0) }
            }
            let whole = try readText(directory.eventsPath)
            // What kill -9 in the middle of a write leaves.
            try writeText(whole + #"{"kind":"decision","seq"#, to: directory.eventsPath)
            let ledger = try Ledger(directory: directory)
            #expect(ledger.count == 3 && ledger.problemsFound.isEmpty)
            #expect(try readText(directory.eventsPath) == whole)
            try ledger.append(kind: "resume", step: 3, generation: 1)
            #expect(Ledger.verify(directory.eventsPath).isEmpty)
            #expect(Ledger.records(of: directory.eventsPath).map { $0["sequence"]?.intValue } == [1, 2, 3, 4])
        }
    }

    @Test func anAlteredLineIsFound() throws {
        try withTemporaryDirectory { folder in
            let directory = try directory(folder)
            let ledger = try Ledger(directory: directory)
            for step in 1...3 { try ledger.append(kind: "best", step: step, generation: 0) }
            let text = try readText(directory.eventsPath).replacingOccurrences(of: #""step":2"#, with: #""step":9"#)
            try writeText(text, to: directory.eventsPath)
            let problems = Ledger.verify(directory.eventsPath)
            #expect(problems.count == 1 && problems[0].hasPrefix("events.jsonl:3: the chain is broken"))
            #expect(try Ledger(directory: directory).problemsFound == problems)
        }
    }

    @Test func aFullDiskIsAnErrorBeforeTheDecisionTakesEffect() throws {
        try withTemporaryDirectory { folder in
            let directory = try directory(folder)
            try FileManager.default.createSymbolicLink(atPath: directory.eventsPath, withDestinationPath: "/dev/full")
            let ledger = try Ledger(directory: directory)
            #expect { try ledger.append(kind: "decision", step: 1, generation: 0) } throws: { error in
                (error as? RunDirectoryError)?.kind == .diskFull
            }
            #expect(ledger.count == 0)
        }
    }
}
