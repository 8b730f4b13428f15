import Checkpoints
import Foundation
import Formats
import Quality
import TestSupport
import Testing
import Training

@Suite struct MetricsLogTests {
    private func directory(_ folder: String) throws -> RunDirectory {
        try RunDirectory.create(output: folder, run: "mine", recipeName: "x", resuming: false)
    }

    private func record(_ step: Int, loss: Double = 0.5, generation: Int = 0) -> StepRecord {
        StepRecord(
            step: step, batch: step - 1, epoch: 1, generation: generation, samples: 32, loss: loss, learningRate: 1e-3, gradNorm: 1.25,
            samplesPerSecond: 12_345.678, stepMilliseconds: 2.5, waitMilliseconds: 0.25, dataMilliseconds: 0, computeMilliseconds: 2.25)
    }

    private func settings(_ ranks: Int = 1, every: Int = 1, rankEvery: Int? = nil) -> MetricsLogSettings {
        MetricsLogSettings(everySteps: every, ranks: ranks, totalSteps: 1000, stepsPerEpoch: 100, epochs: 10, rankEverySteps: rankEvery)
    }

    private func lines(_ directory: RunDirectory) throws -> [JSONValue] {
        try readText(directory.metricsPath).split(separator: "\n").map { try JSONValue.parse(String($0)) }
    }

    @Test func everyLineIsThereInOrder() throws {
        try withTemporaryDirectory { folder in
            let directory = try directory(folder)
            // A ring much smaller than the number of steps: the step thread has to wait and nothing may be lost.
            let log = try MetricsLog(directory: directory, settings: settings(), display: nil, capacity: 64)
            for step in 1...1000 {
                log.push(record(step))
                if step % 100 == 0 {
                    log.validation(step: step, epoch: step / 100, generation: 0, metrics: [("loss", 0.25), ("accuracy", 0.5)])
                    log.epoch(step / 100, step: step, generation: 0, train: [("loss", 0.3)], validation: [("loss", .nan)])
                }
            }
            try log.close()
            try log.close()
            let lines = try lines(directory)
            #expect(lines.filter { $0["event"] == "step" }.map { $0["step"]?.intValue } == Array(1...1000))
            #expect(lines.count == 1020)
            #expect(lines[100]["event"] == "validation" && lines[100]["accuracy"] == 0.5)
            #expect(lines[101]["event"] == "epoch" && lines[101]["train"]?["loss"] == 0.3)
            #expect(lines[101]["validation"]?["loss"]?.isNull == true && lines[101]["nonfinite"] == ["validation.loss"])
            let first = lines[0]
            for key in ["step", "epoch", "loss", "learning_rate", "grad_norm", "samples_per_second", "step_ms", "wait_ms", "generation"] {
                #expect(first[key] != nil, "\(key)")
            }
            #expect(first["accuracy"] == nil)
            #expect(first["learning_rate"]?.doubleValue == 1e-3 && first["grad_norm"]?.doubleValue == 1.25)
        }
    }

    @Test func nineDigitsGiveEveryFloatBack() throws {
        try withTemporaryDirectory { folder in
            let directory = try directory(folder)
            var noise = SampleRun.Noise()
            let values = (0..<2000).map { index -> Float in
                let exponent = Float(index % 60 - 40)
                return Float(abs(noise.next()) + 1e-3) * exp2(exponent)
            }
            let log = try MetricsLog(directory: directory, settings: settings(), display: nil)
            for (index, value) in values.enumerated() { log.push(record(index + 1, loss: Double(value))) }
            try log.close()
            let read = try lines(directory).compactMap { $0["loss"]?.doubleValue }
            #expect(read.map { Float($0) } == values)
        }
    }

    @Test func nonFiniteFiguresAreNullAndListed() throws {
        try withTemporaryDirectory { folder in
            let directory = try directory(folder)
            let log = try MetricsLog(directory: directory, settings: settings(), display: nil)
            var odd = record(1, loss: .nan)
            odd.gradNorm = .infinity
            odd.skipped = true
            log.push(odd)
            log.push(record(2))
            try log.close()
            let lines = try lines(directory)
            #expect(lines[0]["loss"]?.isNull == true && lines[0]["grad_norm"]?.isNull == true)
            #expect(lines[0]["nonfinite"] == ["loss", "grad_norm"] && lines[0]["skipped"] == true)
            #expect(lines[1]["nonfinite"] == nil && lines[1]["skipped"] == nil)
        }
    }

    @Test func everyStepsThinsButKeepsSkippedSteps() throws {
        try withTemporaryDirectory { folder in
            let directory = try directory(folder)
            let log = try MetricsLog(directory: directory, settings: settings(every: 10), display: nil)
            for step in 1...30 {
                var record = record(step)
                record.skipped = step == 13
                log.push(record)
            }
            try log.close()
            #expect(try lines(directory).map { $0["step"]?.intValue } == [1, 10, 13, 20, 30])
        }
    }

    @Test func ranksAreMeansOverTheInterval() throws {
        try withTemporaryDirectory { folder in
            let directory = try directory(folder)
            let log = try MetricsLog(directory: directory, settings: settings(2, rankEvery: 4), display: nil)
            for step in 1...9 {
                let ranks = (0..<2).map { rank in
                    RankTelemetry(
                        rank: rank, step: step, batch: step, firstShard: rank, shardCount: 1, dataMilliseconds: 0,
                        computeMilliseconds: Double(step * (rank + 1)), waitMilliseconds: 1, learningRate: 1)
                }
                log.pushRanks(step: step, generation: 0, ranks)
            }
            try log.close()
            let lines = try lines(directory)
            try #require(lines.map { $0["event"] } == ["ranks", "ranks", "ranks"])
            #expect(lines[0]["compute_ms"] == [.number(2.5), 5] && lines[0]["wait_ms"] == [1, 1] && lines[0]["data_ms"] == [0, 0])
            #expect(lines[1]["compute_ms"] == [.number(6.5), 13] && lines[1]["steps"] == 4)
            // What is left over at the end.
            #expect(lines[2]["step"] == 9 && lines[2]["steps"] == 1)
        }
    }

    @Test func flushBringsTheLinesToTheFileAndATornLineIsCutOff() throws {
        try withTemporaryDirectory { folder in
            let directory = try directory(folder)
            let log = try MetricsLog(directory: directory, settings: settings(), display: nil)
            for step in 1...5 { log.push(record(step)) }
            try log.flush()
            #expect(try lines(directory).count == 5)
            try log.close()
            let whole = try readText(directory.metricsPath)
            try writeText(whole + #"{"event":"step","step":6,"lo"#, to: directory.metricsPath)
            let resumed = try MetricsLog(directory: directory, settings: settings(), display: nil)
            resumed.generationBegan(1, step: 4)
            resumed.push(record(4, generation: 1))
            try resumed.close()
            let lines = try lines(directory)
            #expect(lines.map { $0["step"]?.intValue } == [1, 2, 3, 4, 5, 4, 4])
            #expect(lines.last?["generation"] == 1 && lines[5]["event"] == "generation")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.tensorBoardPath).count == 2)
        }
    }

    @Test func aLogThatCannotBeOpenedSaysWhy() throws {
        try withTemporaryDirectory { folder in
            let directory = try directory(folder)
            try FileManager.default.createDirectory(atPath: directory.metricsPath, withIntermediateDirectories: false)
            #expect {
                try MetricsLog(directory: directory, settings: settings(), display: nil)
            } throws: { error in
                guard let error = error as? RunDirectoryError else { return false }
                return error.exitCode == 6 && error.description.contains(directory.metricsPath)
            }
        }
    }

    @Test func aFullDiskKeepsTheLinesAndIsSaid() throws {
        try withTemporaryDirectory { folder in
            let directory = try directory(folder)
            try FileManager.default.createSymbolicLink(atPath: directory.metricsPath, withDestinationPath: "/dev/full")
            let recorder = RecordingTerminal(width: 0)
            let display = ProgressDisplay(
                settings: ProgressSettings(totalSteps: 10, stepsPerEpoch: 10, epochs: 1), terminal: recorder.terminal)
            let log = try MetricsLog(directory: directory, settings: settings(), display: display)
            func isFull(_ error: any Error) -> Bool {
                guard let error = error as? RunDirectoryError else { return false }
                return error.kind == .diskFull && error.exitCode == 6 && error.description.contains("metrics.jsonl")
            }
            log.push(record(1))
            #expect { try log.flush() } throws: { isFull($0) }
            #expect(log.currentFailure?.kind == .diskFull)
            log.push(record(2))
            #expect { try log.close() } throws: { isFull($0) }
            // Said once, not with every attempt.
            #expect(recorder.text.components(separatedBy: "Lines are kept in memory").count == 2, "\(recorder.text)")
        }
    }
}
