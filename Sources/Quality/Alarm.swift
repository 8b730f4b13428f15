/// Which detector spoke. Raw values appear in the ledger.
package enum Detector: String, Sendable, Codable, CaseIterable {
    case finite, lossSpike = "loss_spike", lossDrift = "loss_drift", gradientSpike = "gradient_spike"
    case gradientDrift = "gradient_drift", oddShard = "odd_shard", overfit, earlyStopping = "early_stopping"
    case learningRate = "learning_rate", slowRank = "slow_rank", alert, recovery
}

package enum AlarmLevel: String, Sendable, Codable { case warn, act }

/// One firing of one detector, complete enough to be understood years later.
package struct Alarm: Sendable, Equatable {
    package var detector: Detector
    package var level: AlarmLevel
    package var step: Int
    /// The figure that crossed `threshold`; not finite where the world was not.
    package var statistic: Double
    package var threshold: Double
    /// Location and scale the statistic was measured against, where the detector has them.
    package var baseline: Baseline?
    /// Virtual shards concerned, and the ranks that own them; empty where all are.
    package var shards: [Int]
    package var ranks: [Int]
    /// One sentence: what, where, how much.
    package var text: String

    package struct Baseline: Sendable, Equatable, Codable {
        package var location: Double
        package var scale: Double

        package init(location: Double, scale: Double) {
            self.location = location
            self.scale = scale
        }
    }

    package init(
        detector: Detector, level: AlarmLevel = .warn, step: Int, statistic: Double, threshold: Double, baseline: Baseline? = nil,
        shards: [Int] = [], ranks: [Int] = [], text: String
    ) {
        self.detector = detector
        self.level = level
        self.step = step
        self.statistic = statistic
        self.threshold = threshold
        self.baseline = baseline
        self.shards = shards
        self.ranks = ranks
        self.text = text
    }
}

/// The end of an alarm.
package struct Clearance: Sendable, Equatable {
    package var detector: Detector
    package var step: Int
    package var text: String

    package init(detector: Detector, step: Int, text: String) {
        self.detector = detector
        self.step = step
        self.text = text
    }
}
