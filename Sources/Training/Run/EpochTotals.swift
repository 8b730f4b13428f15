import Quality

/// Sums over the steps of one epoch, from the telemetry that every rank has; a checkpoint carries them, so a resumed epoch reports
/// what an uninterrupted one would.
package struct EpochTotals: Codable, Sendable, Equatable {
    package private(set) var lossSum = 0.0
    package private(set) var samples = 0
    package private(set) var correct = 0

    package init() {}

    /// Adds a step whose update was applied; a skipped step has no finite loss to add.
    package mutating func add(_ telemetry: StepTelemetry) {
        for shard in telemetry.shards {
            lossSum += shard.lossSum
            samples += shard.samples
            correct += shard.correct
        }
    }

    /// Loss = Σ loss / Σ samples; accuracy where the task has classes or tokens, perplexity where it has tokens.
    package func metrics(of kind: MetricKind) -> MetricValues {
        guard samples > 0 else { return [] }
        let loss = MetricValue("loss", lossSum / Double(samples))
        let accuracy = MetricValue("accuracy", Double(correct) / Double(samples * kind.positions))
        switch kind {
        case .regression: return [loss]
        case .classification, .binary: return [loss, accuracy]
        case .tokens: return [loss, accuracy, .perplexity(ofLoss: loss.value)]
        }
    }
}
