// What every rank knows about a step after the exchange. Fixed layouts without padding, so that the records travel as raw bytes.

/// One virtual shard's contribution to one step. 48 bytes. Decisions that touch weights read these and nothing of the ranks,
/// because virtual shards are the same at every number of ranks.
package struct ShardStatistics: BitwiseCopyable, Sendable, Equatable {
    /// Index of the virtual shard, from 0.
    package var shard: Int
    /// Samples of the global batch on this shard; 0 where the last batch is short.
    package var samples: Int
    /// Sum (not mean) of the samples' losses before the update.
    package var lossSum: Double
    /// Squared Euclidean norm of the shard's own gradient; 0 where nobody measured it.
    package var gradientNormSquared: Double
    /// Samples predicted rightly; 0 for regression.
    package var correct: Int
    /// What the owner of the shard saw that no finite number can say.
    package var findings: Findings

    package struct Findings: OptionSet, BitwiseCopyable, Sendable, Hashable {
        package var rawValue: UInt64
        package init(rawValue: UInt64) { self.rawValue = rawValue }
        package static let nonFiniteLoss = Findings(rawValue: 1)
        package static let nonFiniteGradient = Findings(rawValue: 2)
    }

    package init(
        shard: Int, samples: Int, lossSum: Double, gradientNormSquared: Double = 0, correct: Int = 0, findings: Findings = []
    ) {
        self.shard = shard
        self.samples = samples
        self.lossSum = lossSum
        self.gradientNormSquared = gradientNormSquared
        self.correct = correct
        self.findings = findings
    }

    /// The owner's flags, or a figure that is itself not finite. An empty shard has no loss to judge.
    var lossIsNotFinite: Bool { findings.contains(.nonFiniteLoss) || (samples > 0 && !lossSum.isFinite) }
    /// An overflow of the squared norm counts as not finite.
    var gradientIsNotFinite: Bool { findings.contains(.nonFiniteGradient) || !gradientNormSquared.isFinite }
}

/// One rank's account of one step. 104 bytes. Times and memory may raise alarms; they never change the arithmetic.
package struct RankTelemetry: BitwiseCopyable, Sendable, Equatable {
    package var rank: Int
    /// The step this rank believes it is in, from 1.
    package var step: Int
    /// The absolute batch id this rank has read.
    package var batch: Int
    package var generation: Int
    /// The virtual shards of this rank are `firstShard ..< firstShard + shardCount`.
    package var firstShard: Int
    package var shardCount: Int
    /// Milliseconds spent waiting for data, computing (collective waits excluded), waiting for others, and in the whole step.
    package var dataMilliseconds: Double
    package var computeMilliseconds: Double
    package var waitMilliseconds: Double
    package var stepMilliseconds: Double
    /// The rate this rank is about to use; all ranks must say the same.
    package var learningRate: Double
    package var residentBytes: UInt64
    package var requests: Requests

    /// What a rank asks of all: its signal handlers set these.
    package struct Requests: OptionSet, BitwiseCopyable, Sendable, Hashable {
        package var rawValue: UInt64
        package init(rawValue: UInt64) { self.rawValue = rawValue }
        /// Checkpoint and stop (SIGTERM).
        package static let stop = Requests(rawValue: 1)
        /// Checkpoint and go on (SIGUSR1).
        package static let checkpoint = Requests(rawValue: 2)
        /// Checkpoint and stop (SIGINT); differs from `.stop` only in the exit code.
        package static let interrupt = Requests(rawValue: 4)
    }

    package init(
        rank: Int, step: Int, batch: Int, generation: Int = 0, firstShard: Int, shardCount: Int, dataMilliseconds: Double = 0,
        computeMilliseconds: Double = 0, waitMilliseconds: Double = 0, stepMilliseconds: Double = 0, learningRate: Double,
        residentBytes: UInt64 = 0, requests: Requests = []
    ) {
        self.rank = rank
        self.step = step
        self.batch = batch
        self.generation = generation
        self.firstShard = firstShard
        self.shardCount = shardCount
        self.dataMilliseconds = dataMilliseconds
        self.computeMilliseconds = computeMilliseconds
        self.waitMilliseconds = waitMilliseconds
        self.stepMilliseconds = stepMilliseconds
        self.learningRate = learningRate
        self.residentBytes = residentBytes
        self.requests = requests
    }
}

/// Everything known about one step. The caller keeps one value and refills its arrays in place: passing it in allocates nothing.
package struct StepTelemetry: Sendable, Equatable {
    /// Attempted updates so far, this one included: the first step is 1. A skipped step counts.
    package var step: Int
    /// Absolute batch id, from 0.
    package var batch: Int
    /// From 1, as people see it.
    package var epoch: Int
    package var generation: Int
    /// The rate of the schedule times `Interventions.learningRateFactor(at: step)`.
    package var learningRate: Double
    /// Euclidean norm of the mean gradient of the global batch, before clipping.
    package var gradientNorm: Double
    /// All virtual shards in shard order.
    package var shards: [ShardStatistics]
    /// All ranks in rank order.
    package var ranks: [RankTelemetry]

    package init(
        step: Int = 0, batch: Int = 0, epoch: Int = 1, generation: Int = 0, learningRate: Double = 0, gradientNorm: Double = 0,
        shards: [ShardStatistics] = [], ranks: [RankTelemetry] = []
    ) {
        self.step = step
        self.batch = batch
        self.epoch = epoch
        self.generation = generation
        self.learningRate = learningRate
        self.gradientNorm = gradientNorm
        self.shards = shards
        self.ranks = ranks
    }

    /// Samples of the global batch.
    package var samples: Int {
        var sum = 0
        for index in shards.indices { sum += shards[index].samples }
        return sum
    }

    /// Σ loss / Σ samples over the shards in shard order; never a mean of means. NaN where there is no sample.
    package var loss: Double {
        var sum = 0.0
        for index in shards.indices where shards[index].samples > 0 { sum += shards[index].lossSum }
        return sum / Double(samples)
    }

    /// Share of the samples predicted rightly.
    package var accuracy: Double {
        var right = 0
        for index in shards.indices { right += shards[index].correct }
        return Double(right) / Double(samples)
    }

    /// The rank that owns a virtual shard, or nil where no rank claims it.
    package func rank(ofShard shard: Int) -> Int? {
        for rank in ranks where rank.firstShard <= shard && shard < rank.firstShard + rank.shardCount { return rank.rank }
        return nil
    }

    /// "shard 1 (rank 1)", or "shards 2, 3 (rank 1)".
    package func describe(shards wanted: [Int]) -> String {
        var owners: [Int] = []
        for shard in wanted {
            if let rank = rank(ofShard: shard), !owners.contains(rank) { owners.append(rank) }
        }
        let names = wanted.map(String.init).joined(separator: ", ")
        let ranks = owners.map(String.init).joined(separator: ", ")
        let text = wanted.count == 1 ? "shard \(names)" : "shards \(names)"
        return owners.isEmpty ? text : text + (owners.count == 1 ? " (rank \(ranks))" : " (ranks \(ranks))")
    }
}
