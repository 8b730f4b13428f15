import Quality
import Testing

@Suite("The vote before every update")
struct VoteTests {
    @Test func finiteStepsAreApplied() {
        #expect(Vote.evaluate(step(1, losses: [2.3, 2.2])) == .apply)
        #expect(Vote.describe(.apply, step(1, losses: [2.3])) == "")
        #expect(VoteOutcome.apply.ledgerRecord(step(1, losses: [1])) == nil)
    }

    @Test func oneFiniteGateForAllRanks() {
        var telemetry = step(300, losses: [0.5, 0.4, 0.3, 0.2], ranks: 2)
        telemetry.shards[3].findings = .nonFiniteGradient
        let outcome = Vote.evaluate(telemetry)
        #expect(outcome == .skip(VoteFinding(cause: .nonFiniteGradient, shard: 3, rank: 1, offenders: 1)))
        #expect(
            Vote.describe(outcome, telemetry)
                == "gradient not finite on shard 3 (rank 1): the update of step 300 (batch 299) was skipped on all ranks")
        let record = outcome.ledgerRecord(telemetry)
        #expect(record?.kind == "vote")
        #expect(record?["action"] == .text("skip"))
        #expect(record?["cause"] == .text("non_finite_gradient"))
        #expect(record?["ranks"] == .integers([1]))
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func everyKindOfNonFiniteLoss(_ value: Double) {
        var telemetry = step(7, losses: [0.5, 0.4])
        telemetry.shards[0].lossSum = value
        #expect(Vote.evaluate(telemetry) == .skip(VoteFinding(cause: .nonFiniteLoss, shard: 0, rank: 0, offenders: 1)))
    }

    @Test func anOverflowingNormCountsAsNotFinite() {
        var telemetry = step(7, losses: [0.5, 0.4])
        telemetry.shards[1].gradientNormSquared = .infinity
        #expect(Vote.evaluate(telemetry) == .skip(VoteFinding(cause: .nonFiniteGradient, shard: 1, rank: 1, offenders: 1)))
        telemetry = step(7, losses: [0.5, 0.4], gradientNorm: .infinity)
        let outcome = Vote.evaluate(telemetry)
        #expect(outcome == .skip(VoteFinding(cause: .nonFiniteReducedGradient, offenders: 0)))
        #expect(Vote.describe(outcome, telemetry).hasPrefix("the sum of the gradients is not finite although every shard's is"))
    }

    @Test func emptyShardsHaveNoLossToJudge() {
        var telemetry = step(7, losses: [0.5, 0.4])
        telemetry.shards[1].samples = 0
        telemetry.shards[1].lossSum = .nan
        #expect(Vote.evaluate(telemetry) == .apply)
        #expect(telemetry.loss == 0.5)
        telemetry.shards[0].samples = 0
        #expect(Vote.evaluate(telemetry) == .abort(VoteFinding(cause: .noSamples, offenders: 0)))
    }

    @Test func ranksThatDisagreeEndTheRun() {
        var telemetry = step(7, losses: [0.5, 0.4])
        telemetry.ranks[1].step = 8
        let outcome = Vote.evaluate(telemetry)
        #expect(outcome == .abort(VoteFinding(cause: .stepMismatch, rank: 1, offenders: 1)))
        #expect(Vote.describe(outcome, telemetry).hasPrefix("rank 1 is at step 8 while rank 0 is at step 7: "))
        telemetry = step(7, losses: [0.5, 0.4])
        telemetry.ranks[1].batch = 9
        #expect(Vote.evaluate(telemetry) == .abort(VoteFinding(cause: .batchMismatch, rank: 1, offenders: 1)))
        telemetry = step(7, losses: [0.5, 0.4])
        telemetry.ranks[1].learningRate = 0.1
        #expect(Vote.evaluate(telemetry) == .abort(VoteFinding(cause: .learningRateMismatch, rank: 1, offenders: 1)))
        telemetry.ranks[1].generation = 1
        #expect(Vote.evaluate(telemetry) == .abort(VoteFinding(cause: .generationMismatch, rank: 1, offenders: 1)))
    }

    @Test func requestsOfAnyRankAreRequestsOfAll() {
        var telemetry = step(7, losses: [0.5, 0.4])
        #expect(Vote.requests(in: telemetry) == [])
        telemetry.ranks[1].requests = .checkpoint
        telemetry.ranks[0].requests = .stop
        #expect(Vote.requests(in: telemetry) == [.checkpoint, .stop])
    }

    @Test func recordsHaveTheirStatedSizes() {
        #expect(MemoryLayout<ShardStatistics>.stride == 48)
        #expect(MemoryLayout<RankTelemetry>.stride == 104)
        #expect(MemoryLayout<DecisionCode>.stride == 80)
    }

    @Test func lossIsSumOverSum() {
        var telemetry = step(1, losses: [1, 4])
        telemetry.shards[1].samples = 8
        telemetry.shards[1].lossSum = 32
        telemetry.shards[0].correct = 12
        #expect(telemetry.loss == (16 + 32) / 24)
        #expect(telemetry.accuracy == 0.5)
    }
}
