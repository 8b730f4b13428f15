import Foundation
import TestSupport
import Testing
import Training

@Suite struct ReportTests {
    @Test func thePageShowsTheRun() throws {
        try withTemporaryDirectory { folder in
            let directory = try SampleRun.make(in: ProcessInfo.processInfo.environment["LOCKSTEP_SAMPLE_RUN"] ?? folder)
            let page = try Report.html(directory)
            for part in [
                "<!doctype html>", "id=\"loss\"", "id=\"accuracy\"", "id=\"rate\"", "id=\"gradient\"", "id=\"ranks\"", "id=\"speed\"",
                "early stopping", "96.94 %", "node1 (2), node2 (2)", "kernels avx2", "class=\"mark rollback\"", "class=\"mark skip\"",
                "class=\"curve old train", "abandoned by a rollback", "back to the checkpoint of step 400", "1 of 4 units have lost",
                "class balance", "&lt;not markup&gt;", "the chain holds", "prefers-color-scheme:dark", "weights_sha256",
                "At 1 step the loss was not a finite number",
            ] {
                #expect(page.contains(part), "\(part)")
            }
            #expect(!page.contains("<not markup>"))
            #expect(!page.lowercased().contains("nan\""))
            // Nothing is fetched from anywhere.
            for outside in ["http://", "https://", "src=", "<link", "@import", "url("] { #expect(!page.contains(outside), "\(outside)") }
            #expect(page.utf8.count < 600_000)
            let path = try Report.write(directory)
            #expect(path == directory.path + "/report.html")
            #expect(try readText(path) == page)
        }
    }

    @Test func aKilledRunHasAPageToo() throws {
        try withTemporaryDirectory { folder in
            let directory = try SampleRun.make(in: folder, withSummary: false)
            let text = try readText(directory.metricsPath)
            try writeText(text + #"{"event":"step","st"#, to: directory.metricsPath)
            let page = try Report.html(directory)
            #expect(page.contains("still running, or killed"))
            #expect(page.contains("1 line of metrics.jsonl could not be read"))
            #expect(page.contains("id=\"loss\"") && page.contains("There is no summary.json"))
        }
    }

    @Test func anEmptyRunHasAPage() throws {
        try withTemporaryDirectory { folder in
            let directory = try RunDirectory.create(output: folder, run: "empty", recipeName: "x", resuming: false)
            let page = try Report.html(directory)
            #expect(page.contains("metrics.jsonl holds no steps yet") && page.contains("events.jsonl holds no line"))
        }
    }

    @Test func anAlteredLedgerIsSaid() throws {
        try withTemporaryDirectory { folder in
            let directory = try SampleRun.make(in: folder)
            let text = try readText(directory.eventsPath).replacingOccurrences(of: "11.2 deviations", with: "1.2 deviations")
            try writeText(text, to: directory.eventsPath)
            #expect(try Report.html(directory).contains("chain of digests does not hold"))
        }
    }

    @Test func aLongRunIsThinnedAndKeepsItsExtremes() throws {
        try withTemporaryDirectory { folder in
            let directory = try RunDirectory.create(output: folder, run: "long", recipeName: "x", resuming: false)
            let log = try MetricsLog(
                directory: directory,
                settings: MetricsLogSettings(ranks: 1, totalSteps: 4_000, stepsPerEpoch: 1000, epochs: 4, tensorBoard: false), display: nil)
            for step in 1...4_000 {
                log.push(
                    StepRecord(
                        step: step, batch: step - 1, epoch: 1, generation: 0, samples: 1, loss: step == 2_469 ? 977 : 1 + Double(step % 7),
                        learningRate: 0.1, gradNorm: 1, samplesPerSecond: 1, stepMilliseconds: 1, waitMilliseconds: 0, dataMilliseconds: 0,
                        computeMilliseconds: 1))
            }
            try log.close()
            let page = try Report.html(directory)
            #expect(page.utf8.count < 400_000)
            let start = try #require(page.range(of: "class=\"curve train faint\" d=\""))
            let path = page[start.upperBound...].prefix { $0 != "\"" }
            #expect(path.count { $0 == "L" } <= 1002)
            // The one spike at 2,469 of 4,000 steps is drawn where it was, near the top.
            #expect(path.contains("617.25 "))
        }
    }

    @Test func linesThatOthersWroteAreReadAlike() throws {
        try withTemporaryDirectory { folder in
            let directory = try SampleRun.make(in: folder)
            let page = try Report.html(directory)
            // JSON all the same, but not the bytes our log writes: another way of reading.
            let text = try readText(directory.metricsPath)
                .replacingOccurrences(of: #"{"event":"step","#, with: #"{ "event" : "step", "host": "a, \"b\"", "#)
            try writeText(text, to: directory.metricsPath)
            #expect(try Report.html(directory) == page)
        }
    }
}
