import Collectives
import DataPipeline
import Optimizers
import Quality
import TensorCore

extension Trainer {
    /// What follows a step: validation at the end of an epoch, checkpoints, signals. Returns a reason if the run is to end.
    func betweenSteps(finishedEpoch: Int) throws -> StopReason? {
        let requests = Vote.requests(in: telemetry)
        if epoch > finishedEpoch, let reason = try endEpoch(finishedEpoch) { return reason }
        let interval = recipe.checkpoint.everySteps
        if requests.contains(.checkpoint) || (interval > 0 && step % interval == 0) { try saveCheckpoint() }
        if requests.contains(.interrupt) { return .interrupted }
        if requests.contains(.stop) { return .terminated }
        return nil
    }

    /// Measures the epoch that just ended and lets the coordinator decide on it, on all ranks at once.
    private func endEpoch(_ finished: Int) throws -> StopReason? {
        lastTrain = totals.metrics(of: kind)
        lastValidation = try measure(data.validation)
        totals = EpochTotals()
        logger.info("epoch \(finished) ended at step \(step): train \(lastTrain.text); validation \(lastValidation.text)")
        if var plateau, let value = plateauMetric {
            _ = plateau.observe(value)
            self.plateau = plateau
        }
        if let desk {
            let generation = interventions.generation
            if !lastValidation.isEmpty {
                desk.log.validation(step: step, epoch: finished, generation: generation, metrics: lastValidation.pairs)
            }
            desk.log.epoch(finished, step: step, generation: generation, train: lastTrain.pairs, validation: lastValidation.pairs)
            let decisions = try desk.coordinator.observe(validation: lastValidation, train: lastTrain, step: step, epoch: finished)
            for case .newBest in decisions { keepBest() }
        }
        return try decideTogether()
    }

    /// The run stops inside an epoch because its steps are used up: measured like the end of an epoch, so that the best weights are
    /// chosen among these too, but after the checkpoint, because a run that goes on from there has not ended its epoch.
    func endUnfinishedEpoch() throws {
        if totals == EpochTotals() { return }
        let before = plateau
        _ = try endEpoch(epoch)
        plateau = before
    }

    /// Sends rank 0's pending decision to all ranks now instead of with the next step.
    private func decideTogether() throws -> StopReason? {
        var codes = [desk?.coordinator.takePending() ?? .none]
        var span = codes.mutableSpan
        var bytes = span.mutableBytes
        try group.broadcast(&bytes, from: 0)
        guard codes[0] != .none, let decision = codes[0].decode() else { return nil }
        if case .rollback(let plan) = decision { return try rollback(by: plan) }
        return try apply(decision)
    }

    private var plateauMetric: Double? {
        guard case .reduceOnPlateau(let settings) = recipe.schedule.kind else { return nil }
        let parts = settings.metric.split(separator: ".")
        let values = parts.first == "train" ? lastTrain : lastValidation
        return parts.last.flatMap { values[String($0)] }
    }

    /// The metrics of a data set under the present weights, the same on every rank; empty for no data.
    func measure(_ dataset: Dataset?) throws -> MetricValues {
        guard let dataset, dataset.count > 0 else { return [] }
        return try evaluator.evaluate(dataset, parameters: engine.parameters, on: group).values()
    }

    private func keepBest() {
        let kept = best ?? Arena<Float>(count: engine.layout.elementCount)
        kept.copy(from: engine.parameters)
        best = kept
    }
}
