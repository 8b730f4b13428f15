/// What all ranks do with the step whose gradients have just been combined.
package enum VoteOutcome: Sendable, Equatable, BitwiseCopyable {
    /// Update the weights.
    case apply
    /// Nobody updates; optimiser and moving averages stay as they are, the data cursor moves on.
    case skip(VoteFinding)
    /// The ranks are no longer in the same step, or cannot be: end the run loudly rather than wait.
    case abort(VoteFinding)
}

/// Why a vote was not `.apply`, in a fixed size. `Vote.offendingShards` lists all offenders.
package struct VoteFinding: Sendable, Equatable, BitwiseCopyable {
    package var cause: VoteCause
    /// The first offending virtual shard, or nil where the cause is not a shard's.
    package var shard: Int?
    /// The first offending rank, or nil where it cannot be told.
    package var rank: Int?
    /// How many shards (for a skip) or ranks (for an abort) offend.
    package var offenders: Int

    package init(cause: VoteCause, shard: Int? = nil, rank: Int? = nil, offenders: Int) {
        self.cause = cause
        self.shard = shard
        self.rank = rank
        self.offenders = offenders
    }
}

package enum VoteCause: String, Sendable, BitwiseCopyable, Codable {
    case nonFiniteLoss = "non_finite_loss"
    case nonFiniteGradient = "non_finite_gradient"
    /// Every shard's gradient is finite, their sum (or its squared norm) is not.
    case nonFiniteReducedGradient = "non_finite_reduced_gradient"
    case stepMismatch = "step_mismatch"
    case batchMismatch = "batch_mismatch"
    case generationMismatch = "generation_mismatch"
    case learningRateMismatch = "learning_rate_mismatch"
    case noSamples = "no_samples"
}

/// The vote before every update. Pure, and evaluated by every rank on the same gathered records, so that all come to the same
/// answer without another message. O(shards + ranks), no allocation.
package enum Vote {
    package static func evaluate(_ telemetry: StepTelemetry) -> VoteOutcome {
        if let finding = disagreement(in: telemetry) { return .abort(finding) }
        if telemetry.samples == 0 { return .abort(VoteFinding(cause: .noSamples, offenders: 0)) }
        if let finding = offence(.nonFiniteLoss, in: telemetry, where: { $0.lossIsNotFinite }) { return .skip(finding) }
        if let finding = offence(.nonFiniteGradient, in: telemetry, where: { $0.gradientIsNotFinite }) { return .skip(finding) }
        if !telemetry.gradientNorm.isFinite {
            return .skip(VoteFinding(cause: .nonFiniteReducedGradient, offenders: 0))
        }
        return .apply
    }

    /// All requests of all ranks together.
    package static func requests(in telemetry: StepTelemetry) -> RankTelemetry.Requests {
        var all: RankTelemetry.Requests = []
        for index in telemetry.ranks.indices { all.formUnion(telemetry.ranks[index].requests) }
        return all
    }

    /// Every virtual shard with a loss or gradient that is not finite, in shard order. Allocates; call it after a skip only.
    package static func offendingShards(in telemetry: StepTelemetry) -> [Int] {
        telemetry.shards.filter { $0.lossIsNotFinite || $0.gradientIsNotFinite }.map(\.shard)
    }

    /// One sentence for the log: what, where, and what was done. Empty for `.apply`.
    package static func describe(_ outcome: VoteOutcome, _ telemetry: StepTelemetry) -> String {
        switch outcome {
        case .apply:
            return ""
        case .skip(let finding):
            let consequence = "the update of step \(telemetry.step) (batch \(telemetry.batch)) was skipped on all ranks"
            if finding.cause == .nonFiniteReducedGradient {
                return "the sum of the gradients is not finite although every shard's is: \(consequence)"
            }
            let what = finding.cause == .nonFiniteLoss ? "loss" : "gradient"
            return "\(what) not finite on \(telemetry.describe(shards: offendingShards(in: telemetry))): \(consequence)"
        case .abort(let finding):
            return describeAbort(finding, telemetry)
        }
    }

    private static func describeAbort(_ finding: VoteFinding, _ telemetry: StepTelemetry) -> String {
        guard let first = telemetry.ranks.first, let rank = finding.rank, let other = telemetry.ranks.first(where: { $0.rank == rank })
        else { return "step \(telemetry.step) has no sample on any shard: the sampler handed out an empty batch" }
        let (name, mine, theirs): (String, String, String) =
            switch finding.cause {
            case .stepMismatch: ("step", "\(first.step)", "\(other.step)")
            case .batchMismatch: ("batch", "\(first.batch)", "\(other.batch)")
            case .generationMismatch: ("generation", "\(first.generation)", "\(other.generation)")
            default: ("learning rate", "\(first.learningRate)", "\(other.learningRate)")
            }
        return "rank \(rank) is at \(name) \(theirs) while rank \(first.rank) is at \(name) \(mine): the replicas no longer run the same "
            + "training; the run ends here rather than mix them. Resume from the last checkpoint"
    }

    private static func offence(
        _ cause: VoteCause, in telemetry: StepTelemetry, where offends: (ShardStatistics) -> Bool
    ) -> VoteFinding? {
        var first: Int?
        var count = 0
        for index in telemetry.shards.indices where offends(telemetry.shards[index]) {
            if first == nil { first = telemetry.shards[index].shard }
            count += 1
        }
        guard let shard = first else { return nil }
        return VoteFinding(cause: cause, shard: shard, rank: telemetry.rank(ofShard: shard), offenders: count)
    }

    /// Ranks that do not agree with the first one. Learning rates are compared bit for bit.
    private static func disagreement(in telemetry: StepTelemetry) -> VoteFinding? {
        // Not `ranks.first`: without optimisation the generic accessor allocates.
        guard !telemetry.ranks.isEmpty else { return nil }
        let first = telemetry.ranks[0]
        func compare(_ cause: VoteCause, _ differs: (RankTelemetry) -> Bool) -> VoteFinding? {
            var odd: Int?
            var count = 0
            for index in telemetry.ranks.indices where differs(telemetry.ranks[index]) {
                if odd == nil { odd = telemetry.ranks[index].rank }
                count += 1
            }
            return odd.map { VoteFinding(cause: cause, rank: $0, offenders: count) }
        }
        return compare(.generationMismatch) { $0.generation != first.generation }
            ?? compare(.stepMismatch) { $0.step != first.step }
            ?? compare(.batchMismatch) { $0.batch != first.batch }
            ?? compare(.learningRateMismatch) { $0.learningRate.bitPattern != first.learningRate.bitPattern }
    }
}
