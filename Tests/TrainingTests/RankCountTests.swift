import Collectives
import TestSupport
import Testing
import Training

/// The result does not depend on how many ranks there are.
@Suite(.serialized) struct RankCountTests {
    @Test func weightsAreTheSameBitsAtAnyNumberOfRanks() throws {
        try withTemporaryDirectory { folder in
            let alone = try TrainingRuns.train(run: "n1", in: folder)
            for ranks in 2...5 {
                let result = try TrainingRuns.train(run: "n\(ranks)", in: folder, ranks: ranks)
                #expect(TrainingRuns.weights(result) == TrainingRuns.weights(alone), "\(ranks) ranks")
                #expect(result.summary?.validation.map(\.value) == alone.summary?.validation.map(\.value), "\(ranks) ranks")
                #expect(result.summary?.test.map(\.value) == alone.summary?.test.map(\.value), "\(ranks) ranks")
            }
        }
    }

    @Test func unevenAndEmptyShardsAreExact() throws {
        // 1,149 training samples: the last batch of an epoch has 29 rows, 4 shards of 8, 7, 7, 7; with batch 1149 and 5 ranks one is idle.
        try withTemporaryDirectory { folder in
            let whole = ["batch=1100", "epochs=3"]
            let alone = try TrainingRuns.train(run: "a", in: folder, overrides: whole)
            let five = try TrainingRuns.train(run: "b", in: folder, ranks: 5, overrides: whole)
            #expect(TrainingRuns.weights(alone) == TrainingRuns.weights(five))
        }
    }

    @Test func theDefaultIsOneShardARank() throws {
        try withTemporaryDirectory { folder in
            let result = try TrainingRuns.train(run: "a", in: folder, ranks: 3, overrides: ["parallel.virtual_shards=auto", "steps=3"])
            #expect(result.summary?.virtualShards == 3)
        }
    }

    @Test func plainAllReduceAgreesWithTheTreeToRounding() throws {
        try withTemporaryDirectory { folder in
            let steps = ["steps=20", "quality.early_stopping=null"]
            let tree = try TrainingRuns.train(run: "tree", in: folder, ranks: 3, overrides: steps)
            let plain = try TrainingRuns.train(run: "plain", in: folder, ranks: 3, overrides: steps + ["parallel.exchange=allreduce"])
            let (a, b) = (TrainingRuns.figure(tree.summary?.validation, "loss"), TrainingRuns.figure(plain.summary?.validation, "loss"))
            #expect(abs(a - b) / a < 1e-4, "\(a) against \(b)")
        }
    }

    @Test func bucketsChangeNothing() throws {
        try withTemporaryDirectory { folder in
            let one = try TrainingRuns.train(run: "one", in: folder, ranks: 2, overrides: ["steps=5"])
            let many = try TrainingRuns.train(run: "many", in: folder, ranks: 2, overrides: ["steps=5", "parallel.bucket_bytes=256"])
            #expect(TrainingRuns.weights(one) == TrainingRuns.weights(many))
        }
    }
}
