import Quality

/// A small seeded generator (SplitMix64) so that every test stream is the same on every machine.
struct Noise {
    private var state: UInt64
    private var spare: Double?

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func bits() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// In (0, 1).
    mutating func uniform() -> Double { (Double(bits() >> 11) + 0.5) / 9_007_199_254_740_992 }

    mutating func normal() -> Double {
        if let value = spare {
            spare = nil
            return value
        }
        // Marsaglia's polar method.
        while true {
            let (u, v) = (2 * uniform() - 1, 2 * uniform() - 1)
            let s = u * u + v * v
            guard s < 1, s > 0 else { continue }
            let factor = (-2 * logarithm(s) / s).squareRoot()
            spare = v * factor
            return u * factor
        }
    }

    /// Student's t with 3 degrees of freedom, scaled to unit variance: heavy tails.
    mutating func heavy() -> Double {
        let z = normal()
        var square = 0.0
        for _ in 0..<3 {
            let x = normal()
            square += x * x
        }
        return z / square.squareRoot()
    }
}

/// Autocorrelated noise of unit variance.
struct Autoregression {
    let correlation: Double
    private var last = 0.0

    init(_ correlation: Double) { self.correlation = correlation }

    mutating func next(_ innovation: Double) -> Double {
        last = correlation * last + (1 - correlation * correlation).squareRoot() * innovation
        return last
    }
}

/// Telemetry of one step with the given losses per shard, one rank per shard.
func step(
    _ number: Int, batch: Int? = nil, losses: [Double], gradientNorm: Double = 1, samples: Int = 16, learningRate: Double = 1e-3,
    ranks: Int? = nil
) -> StepTelemetry {
    let ranks = ranks ?? losses.count
    let batch = batch ?? number - 1
    var telemetry = StepTelemetry(step: number, batch: batch, learningRate: learningRate, gradientNorm: gradientNorm)
    for (index, loss) in losses.enumerated() {
        telemetry.shards.append(
            ShardStatistics(shard: index, samples: samples, lossSum: loss * Double(samples), gradientNormSquared: 1))
    }
    let share = losses.count / ranks
    for rank in 0..<ranks {
        telemetry.ranks.append(
            RankTelemetry(
                rank: rank, step: number, batch: batch, firstShard: rank * share, shardCount: share, computeMilliseconds: 2,
                learningRate: learningRate))
    }
    return telemetry
}

extension QualityController {
    /// The vote and the controller's answer.
    mutating func feed(_ telemetry: StepTelemetry) -> [Decision] { observe(step: telemetry, outcome: Vote.evaluate(telemetry)) }
}

extension [Decision] {
    var rollback: RollbackPlan? {
        for case .rollback(let plan) in self { return plan }
        return nil
    }
    var stop: StopReason? {
        for case .stop(let plan) in self { return plan.reason }
        return nil
    }
    var alarms: [Alarm] {
        compactMap { if case .warn(let alarm) = $0 { alarm } else { nil } }
    }
    /// Nothing that all ranks would have to do.
    var isCalm: Bool { !contains { $0.isCollective } }
    var hasNewBest: Bool { contains { if case .newBest = $0 { true } else { false } } }
    func clears(_ detector: Detector) -> Bool {
        contains { if case .clear(let end) = $0 { end.detector == detector } else { false } }
    }
    var promoted: [Int] {
        compactMap { if case .checkpointPromoted(let step) = $0 { step } else { nil } }
    }
}

func controller(
    _ settings: QualitySettings = QualitySettings(), steps: Int = 10_000, epoch: Int = 1000, every: Int = 500, shards: Int = 2,
    ranks: Int = 2
) -> QualityController {
    do {
        return try QualityController(
            settings: settings,
            shape: RunShape(totalSteps: steps, stepsPerEpoch: epoch, checkpointInterval: every, virtualShards: shards, ranks: ranks))
    } catch {
        preconditionFailure("settings of a test: \(error)")
    }
}
