import Collectives
import Foundation
import TestSupport
import Testing
import Training

/// Faults on purpose, and what control does about them.
@Suite(.serialized) struct ControlTests {
    private func options(_ faults: String...) throws -> TrainingOptions {
        TrainingOptions(faults: try faults.map { try InjectedFault(parsing: $0) }, quiet: true)
    }

    private let calm = ["quality.early_stopping=null", "epochs=14", "checkpoint.every_steps=36"]

    @Test func aNaNOfOneRankIsSkippedByAllAndTheRankIsNamed() throws {
        try withTemporaryDirectory { folder in
            let result = try TrainingRuns.train(
                run: "nan", in: folder, ranks: 3, overrides: ["parallel.virtual_shards=3"], options: try options("nan:rank=1@step=20"))
            #expect(result.exitCode == .finished)
            #expect(result.summary?.skippedSteps == 1)
            #expect(result.summary?.rollbacks == 0)
            let loss = TrainingRuns.figure(result.summary?.validation, "loss")
            #expect(loss.isFinite)
            let ledger = try TrainingRuns.lines("events.jsonl", run: "nan", in: folder)
            let skip = try #require(ledger.first { $0.contains("\"kind\":\"skip\"") || $0.contains("skipped on all ranks") })
            #expect(skip.contains("rank 1") && skip.contains("\"step\":20"), "\(skip)")
            let line = try TrainingRuns.lines("metrics.jsonl", run: "nan", in: folder).first { $0.contains("\"step\":20,") }
            #expect(line?.contains("\"nonfinite\"") == true, "\(line ?? "no line")")
        }
    }

    @Test func aLearningRateBombIsRolledBackAndTheRunEndsLikeItsTwin() throws {
        try withTemporaryDirectory { folder in
            let twin = try TrainingRuns.train(run: "twin", in: folder, ranks: 2, overrides: calm)
            let bombed = try TrainingRuns.train(
                run: "bombed", in: folder, ranks: 2, overrides: calm, options: try options("lr:x100@step=250"))
            #expect((bombed.summary?.rollbacks ?? 0) >= 1)
            #expect(bombed.exitCode == .finished)
            let (a, b) = (TrainingRuns.figure(twin.summary?.test, "accuracy"), TrainingRuns.figure(bombed.summary?.test, "accuracy"))
            #expect(b > a - 0.02, "twin \(a), after the rollback \(b)")  // 360 test samples: 0.02 is seven of them
            let ruined = try TrainingRuns.train(
                run: "ruined", in: folder, ranks: 2, overrides: calm + ["quality.on_spike=warn"], options: try options("lr:x100@step=250"))
            #expect(ruined.summary?.rollbacks == 0)
            #expect(TrainingRuns.figure(ruined.summary?.test, "accuracy") < a - 0.1, "warnings alone do not save it")
        }
    }

    @Test func aRollbackIsTheSameAtAnyNumberOfRanks() throws {
        try withTemporaryDirectory { folder in
            let alone = try TrainingRuns.train(run: "n1", in: folder, overrides: calm, options: try options("lr:x100@step=200"))
            let three = try TrainingRuns.train(run: "n3", in: folder, ranks: 3, overrides: calm, options: try options("lr:x100@step=200"))
            #expect((alone.summary?.rollbacks ?? 0) >= 1)
            #expect(TrainingRuns.weights(alone) == TrainingRuns.weights(three))
        }
    }

    @Test func flippedLabelsAreSeenAndLeftBehind() throws {
        try withTemporaryDirectory { folder in
            let two = calm + ["parallel.virtual_shards=2"]
            let twin = try TrainingRuns.train(run: "twin", in: folder, ranks: 2, overrides: two)
            let result = try TrainingRuns.train(
                run: "flip", in: folder, ranks: 2, overrides: two, options: try options("flip-labels:rank=1@epoch=8"))
            #expect((result.summary?.rollbacks ?? 0) >= 1)
            let (a, b) = (TrainingRuns.figure(twin.summary?.test, "accuracy"), TrainingRuns.figure(result.summary?.test, "accuracy"))
            #expect(b > a - 0.02, "twin \(a), after the rollback \(b)")
        }
    }

    /// Cuts the weights of every checkpoint from step `first` on short, just before the fault of step 250.
    private func damaging(_ folder: String, from first: Int) throws -> TrainingOptions {
        let count = StepCounter()
        var options = try options("lr:x100@step=250")
        options.requests = {
            if count.next() == 2 * 245 {  // both ranks ask in every step
                for step in stride(from: first, through: 216, by: 36) {
                    let name = "step-" + String(repeating: "0", count: 8 - "\(step)".count) + "\(step)"
                    truncate("\(folder)/run/checkpoints/\(name)/model.safetensors", 100)
                }
            }
            return SignalRequests()
        }
        return options
    }

    @Test func aDamagedTargetIsReplacedByTheNextOlderCheckpoint() throws {
        try withTemporaryDirectory { folder in
            let result = try TrainingRuns.train(
                run: "run", in: folder, ranks: 2, overrides: calm, options: try damaging(folder, from: 180))
            #expect(result.exitCode == .finished)
            #expect(result.summary?.rollbacks == 1)
            let ledger = try TrainingRuns.lines("events.jsonl", run: "run", in: folder)
            #expect(ledger.contains { $0.contains("\"kind\":\"damaged\"") && $0.contains("model.safetensors") })
            #expect(ledger.contains { $0.contains("\"kind\":\"rolled-back\"") && $0.contains("\"target\":144") }, "\(ledger)")
            // The cut counts from the checkpoint that was used, not from the one that was planned.
            let lines = try TrainingRuns.lines("metrics.jsonl", run: "run", in: folder)
            let first = lines.first { $0.contains("\"step\":145,") && $0.contains("\"generation\":1") && $0.contains("\"event\":\"step\"") }
            #expect(first?.contains("\"learning_rate\":0.001,") == true, "\(first ?? "no line")")
        }
    }

    @Test func withNoGoodCheckpointLeftTheRunStopsAndKeepsItsBest() throws {
        try withTemporaryDirectory { folder in
            let result = try TrainingRuns.train(
                run: "run", in: folder, ranks: 2, overrides: calm, options: try damaging(folder, from: 0))
            #expect(result.exitCode == .unrecoverable)
            #expect(result.summary?.stopReason == "no_good_checkpoint")
            let ledger = try TrainingRuns.lines("events.jsonl", run: "run", in: folder)
            #expect(ledger.last?.contains("\"kind\":\"end\"") == true)
        }
    }

    @Test func aFaultOnARankThatIsNotThereIsRefused() throws {
        try withTemporaryDirectory { folder in
            let error = #expect(throws: (any Error).self) {
                try TrainingRuns.train(run: "a", in: folder, ranks: 2, options: try options("nan:rank=2@step=3"))
            }
            let failure = RunFailure(try #require(error))
            #expect(failure.code == .usage)
            #expect(failure.description.contains("this run has no rank 2; its ranks are 0 to 1"), "\(failure)")
        }
    }

    @Test func aHealthyRunIsLeftAlone() throws {
        try withTemporaryDirectory { folder in
            let result = try TrainingRuns.train(run: "healthy", in: folder, overrides: calm)
            #expect(result.summary?.rollbacks == 0)
            #expect(result.summary?.skippedSteps == 0)
        }
    }

    @Test func earlyStoppingKeepsTheBestWeights() throws {
        try withTemporaryDirectory { folder in
            let result = try TrainingRuns.train(
                run: "early", in: folder, ranks: 2,
                overrides: ["epochs=40", "quality.early_stopping={metric: validation.accuracy, patience: 2}"])
            #expect(result.summary?.stopReason == "early_stopping")
            let validations = try TrainingRuns.lines("metrics.jsonl", run: "early", in: folder).filter {
                $0.contains("\"event\":\"validation\"")
            }
            let accuracies = validations.compactMap { line -> Double? in
                line.split(separator: "\"accuracy\":").last.flatMap { $0.split(separator: ",").first }.flatMap { Double($0) }
            }
            #expect(TrainingRuns.figure(result.summary?.validation, "accuracy") == accuracies.max())
            #expect(
                accuracies.count - 1 - (accuracies.firstIndex(of: accuracies.max() ?? 0) ?? 0) == 2,
                "exactly patience checks after the best")
        }
    }
}
