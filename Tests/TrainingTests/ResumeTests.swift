import Collectives
import Foundation
import TestSupport
import Testing
import Training

/// N + M steps are the same as N, a new process, M.
@Suite(.serialized) struct ResumeTests {
    private let every = ["checkpoint.every_steps=10"]

    @Test(arguments: [(12, 1, 1), (12, 2, 3), (36, 1, 1), (50, 3, 1)])
    func aResumedRunIsTheSameRun(stop: Int, first: Int, second: Int) throws {
        try withTemporaryDirectory { folder in
            let through = try TrainingRuns.train(run: "through", in: folder, overrides: every + ["steps=60"])
            _ = try TrainingRuns.train(run: "parts", in: folder, ranks: first, overrides: every + ["steps=\(stop)"])
            let resumed = try TrainingRuns.train(
                run: "parts", in: folder, ranks: second, overrides: every + ["steps=60"],
                options: TrainingOptions(resume: true, quiet: true))
            #expect(TrainingRuns.weights(resumed) == TrainingRuns.weights(through))
            #expect(resumed.summary?.steps == 60)
            let epochs = try TrainingRuns.lines("metrics.jsonl", run: "through", in: folder).filter { $0.contains("\"event\":\"epoch\"") }
            let resumedEpochs = try TrainingRuns.lines("metrics.jsonl", run: "parts", in: folder).filter {
                $0.contains("\"event\":\"epoch\"")
            }
            func figures(_ lines: [String]) -> Substring? {
                lines.last.flatMap { $0.split(separator: "\"train\":").last }.flatMap { $0.split(separator: ",\"time\"").first }
            }
            #expect(figures(epochs) != nil)
            #expect(figures(epochs) == figures(resumedEpochs), "the epoch's own sums go through the checkpoint")
        }
    }

    @Test func aDamagedCheckpointIsNamedAndTheOneBeforeUsed() throws {
        try withTemporaryDirectory { folder in
            let through = try TrainingRuns.train(run: "through", in: folder, overrides: every + ["steps=30"])
            _ = try TrainingRuns.train(run: "parts", in: folder, overrides: every + ["steps=20"])
            let damaged = "\(folder)/parts/checkpoints/step-00000020/model.safetensors"
            var bytes = try #require(FileManager.default.contents(atPath: damaged))
            bytes[bytes.count - 9] ^= 1
            try bytes.write(to: URL(fileURLWithPath: damaged))
            let resumed = try TrainingRuns.train(
                run: "parts", in: folder, overrides: every + ["steps=30"], options: TrainingOptions(resume: true, quiet: true))
            #expect(TrainingRuns.weights(resumed) == TrainingRuns.weights(through))
            let ledger = try TrainingRuns.lines("events.jsonl", run: "parts", in: folder)
            #expect(
                ledger.contains { $0.contains("\"kind\":\"resumed\"") && $0.contains("model.safetensors") && $0.contains("\"step\":10") })
        }
    }

    @Test func anotherRecipeIsRefusedWithWhatDiffers() throws {
        try withTemporaryDirectory { folder in
            _ = try TrainingRuns.train(run: "a", in: folder, overrides: ["steps=5"])
            let error = #expect(throws: (any Error).self) {
                try TrainingRuns.train(
                    run: "a", in: folder, overrides: ["steps=9", "optimizer.learning_rate=0.5"],
                    options: TrainingOptions(resume: true, quiet: true))
            }
            let failure = RunFailure(try #require(error))
            #expect(failure.code == .usage)
            #expect(failure.description.contains("optimizer.learning_rate was 0.002, is 0.5"), "\(failure)")
        }
    }

    @Test func aSignalStopsAfterACheckpointAndTheRunGoesOn() throws {
        try withTemporaryDirectory { folder in
            let through = try TrainingRuns.train(run: "through", in: folder, overrides: ["steps=40"])
            let count = StepCounter()
            let options = TrainingOptions(quiet: true, requests: { SignalRequests(terminate: count.next() == 17) })
            let stopped = try TrainingRuns.train(run: "parts", in: folder, overrides: ["steps=40"], options: options)
            #expect(stopped.exitCode == .terminated)
            #expect(stopped.summary?.stopReason == "terminated")
            #expect(FileManager.default.fileExists(atPath: "\(folder)/parts/checkpoints/step-00000017/manifest.json"))
            let resumed = try TrainingRuns.train(
                run: "parts", in: folder, overrides: ["steps=40"], options: TrainingOptions(resume: true, quiet: true))
            #expect(TrainingRuns.weights(resumed) == TrainingRuns.weights(through))
        }
    }

    @Test func aCheckpointOnRequestChangesNothing() throws {
        try withTemporaryDirectory { folder in
            let plain = try TrainingRuns.train(run: "plain", in: folder, overrides: ["steps=20"])
            let count = StepCounter()
            let options = TrainingOptions(quiet: true, requests: { SignalRequests(checkpoint: count.next() == 8) })
            let asked = try TrainingRuns.train(run: "asked", in: folder, overrides: ["steps=20"], options: options)
            #expect(TrainingRuns.weights(plain) == TrainingRuns.weights(asked))
            #expect(FileManager.default.fileExists(atPath: "\(folder)/asked/checkpoints/step-00000008/manifest.json"))
        }
    }
}
