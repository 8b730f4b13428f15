import Checkpoints
import Collectives
import DataPipeline
import Formats
import Graphs
import Inference
import Kernels
import Networks
import Quality
import TensorCore

extension Trainer {
    /// Ends the run: a last checkpoint, the best weights if early stopping asked for them, their figures, and what stays on disk.
    ///
    /// A run that a signal ends has seconds left, so it keeps the figures it has instead of measuring again.
    func finish(_ reason: StopReason) throws -> TrainingResult {
        logger.notice("the run ends at step \(step): \(reason.rawValue)")
        let isSignal = reason == .terminated || reason == .interrupted
        let isFailure = reason.exitCode != 0 && !isSignal
        if !isFailure, lastSaved != SavePoint(step: step, generation: interventions.generation) { try saveCheckpoint() }
        if reason == .finished { try endUnfinishedEpoch() }
        let restored = try restoreBest(always: isFailure)
        var test: MetricValues = []
        if !isSignal {
            lastTrain = try measure(trainingSample)
            lastValidation = try measure(data.validation)
            test = try measure(data.test)
        }
        prefetcher.stop()
        guard let desk else { return TrainingResult(summary: nil, runDirectory: "", exitCode: exitCode(of: reason)) }
        return try leave(desk, reason: reason, restored: restored, test: test)
    }

    /// What the training figures of the summary are measured on: all training samples, but of a text (whose windows may overlap, and of
    /// which there are many) windows spread over it, as many as validation has and 256 at least.
    private var trainingSample: Dataset {
        let (count, most) = (data.train.count, max(256, data.validation?.count ?? 0))
        guard data.train.isTokens, count > most else { return data.train }
        return data.train.subset((0..<most).map { $0 * count / most })
    }

    private func exitCode(of reason: StopReason) -> ExitCode { ExitCode(rawValue: reason.exitCode) ?? .unrecoverable }

    /// Puts the best weights back on every rank if there are any and the recipe wants them (or, after a failure, if there are any).
    private func restoreBest(always: Bool) throws -> BestRecord? {
        let record = desk?.coordinator.controller.best
        let wanted = (recipe.quality.earlyStopping?.restoreBest ?? false) || always
        let available = try group.allReduceMax(best != nil && record != nil && wanted ? 1 : 0) == 1
        guard available else { return nil }
        if let best { engine.parameters.copy(from: best) }
        try engine.parameters.withMutableSpan { (span) throws(CollectiveError) in
            var bytes = span.mutableBytes
            try group.broadcast(&bytes, from: 0)
        }
        engine.parametersReplaced()
        return record
    }

    private func leave(_ desk: Desk, reason: StopReason, restored: BestRecord?, test: MetricValues) throws -> TrainingResult {
        do {
            let tensors = engine.layout.fileTensors(from: engine.parameters)
            let buffers = Set(engine.layout.entries.filter { !$0.trainable }.map(\.name))
            let (digest, buffersDigest, _) = try desk.directory.writeModel(
                tensors, buffers: buffers, metadata: ["format": "pt", "lockstep": lockstepVersion])
            let controller = desk.coordinator.controller
            var fields: [(String, JSONValue)] = [("reason", .string(reason.rawValue)), ("weights_sha256", .string(digest))]
            if let restored { fields.append(("restored_step", .integer(restored.step))) }
            try desk.coordinator.record(kind: "end", step: step, fields: fields)
            var summary = summary(reason: reason, restored: restored, test: test, digest: digest, controller: controller, desk: desk)
            summary.buffersSHA256 = buffersDigest
            try desk.directory.write(summary)
            var facts = desk.facts
            facts.end(reason: reason.rawValue, exitCode: Int(reason.exitCode))
            try desk.directory.write(facts)
            try desk.log.close()
            return TrainingResult(summary: summary, runDirectory: desk.directory.path, exitCode: exitCode(of: reason))
        } catch {
            // The other ranks have left already: this rank says what happened and ends with the code.
            throw AgreedFailure(error)
        }
    }

    private func summary(
        reason: StopReason, restored: BestRecord?, test: MetricValues, digest: String, controller: QualityController, desk: Desk
    ) -> RunSummary {
        let seconds = Double(trainingNanoseconds) / 1e9
        let tensors = engine.layout.fileTensors(from: engine.parameters)
        return RunSummary(
            stopReason: reason.rawValue, stopDetail: reason.sentence(controller, restored: restored), exitCode: Int(reason.exitCode),
            steps: step, epochs: begunEpochs, bestEpoch: restored?.epoch, ranks: group.size, virtualShards: engine.map.shards,
            seconds: seconds, samplesPerSecond: seconds > 0 ? Double(trainedSamples) / seconds : 0,
            tokensPerSecond: tokensPerSample == 0 ? nil : seconds > 0 ? Double(trainedSamples * tokensPerSample) / seconds : 0,
            train: lastTrain.named, validation: lastValidation.named, test: test.named, weightsSHA256: digest,
            rollbacks: controller.rollbacks, alarms: controller.alarms, skippedSteps: skippedSteps, generation: interventions.generation,
            quality: RunQuality(
                parameters: parameterQuality(tensors), data: dataQuality(),
                training: TrainingQuality(
                    trainLoss: lastTrain["loss"] ?? .nan, validationLoss: lastValidation["loss"] ?? .nan, bestEpoch: restored?.epoch,
                    skippedSteps: skippedSteps, rollbacks: controller.rollbacks, alarms: desk.coordinator.alarmCounts)))
    }

    /// The weights, and which ReLU units stay silent on a sample of the validation data (at most 1,024 rows).
    private func parameterQuality(_ tensors: [Tensor]) -> ParameterQuality {
        var quality = ParameterQuality.measure(tensors)
        let dataset = data.validation ?? data.train
        guard let probe = UnitProbe(model: engine.model, kernels: FloatKernels(instructionSet), precision: recipe.precision) else {
            return quality
        }
        quality.activity = probe.measure(dataset, rows: min(1024, dataset.count), parameters: engine.parameters).map {
            ParameterQuality.LayerActivity(layer: $0.layer, units: $0.units, silent: $0.dead)
        }
        return quality
    }

    private func dataQuality() -> DataQuality {
        let report = data.train.report()
        return DataQuality(
            fingerprint: data.fingerprint, trainSamples: data.train.count, validationSamples: data.validation?.count ?? 0,
            testSamples: data.test?.count ?? 0, features: data.train.featureCount,
            classes: report.classes.map { DataQuality.ClassCount(name: $0.name, count: $0.count) }, missingValues: report.missingValues,
            minimum: report.minimum, maximum: report.maximum, mean: report.mean)
    }
}

extension StopReason {
    /// The reason as a sentence for the summary.
    func sentence(_ controller: QualityController, restored: BestRecord?) -> String {
        let kept =
            restored.map { " The weights are those of epoch \($0.epoch), the best by \($0.metric) (\(($0.value * 1e6).rounded() / 1e6))." }
            ?? ""
        switch self {
        case .finished: return "All epochs or steps of the recipe were made.\(kept)"
        case .earlyStopping: return "The metric of quality.early_stopping stopped improving.\(kept)"
        case .targetReached: return "quality.early_stopping.target was reached.\(kept)"
        case .alert: return "An alert with action stop fired.\(kept)"
        case .budgetSpent: return "Control wanted another rollback after \(controller.rollbacks); the budget is spent.\(kept)"
        case .noGoodCheckpoint: return "A rollback was needed and no good checkpoint lies before the onset.\(kept)"
        case .unrecoverable: return "Step after step had to be skipped; nothing was learned any more.\(kept)"
        case .interrupted: return "SIGINT: a checkpoint was written; continue with --resume."
        case .terminated: return "SIGTERM: a checkpoint was written; continue with --resume."
        }
    }
}

extension MetricValues {
    /// As ordered pairs, for files and displays.
    package var pairs: [(String, Double)] { values.map { ($0.name, $0.value) } }

    /// As one line of text.
    var text: String { values.isEmpty ? "none" : values.map { "\($0.name) \($0.value)" }.joined(separator: ", ") }

    /// The same with labels.
    package var named: [(name: String, value: Double)] { values.map { (name: $0.name, value: $0.value) } }
}
