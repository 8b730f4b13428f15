import Collectives
import DataPipeline
import Optimizers
import Quality

extension Trainer {
    /// Trains until the recipe's end or until control, a signal or a rule ends it.
    func train() throws -> TrainingResult {
        while true {
            if cursor >= endBatch || step >= stepLimit { return try finish(.finished) }
            if let reason = try trainStep() { return try finish(reason) }
        }
    }

    /// One step, in the order of DESIGN section 4. Returns a reason if the run is to end now.
    private func trainStep() throws -> StopReason? {
        let began = Clock.nanoseconds
        guard let batch = prefetcher.next() else { return .finished }
        precondition(batch.batch == cursor, "Trainer: the loader brought batch \(batch.batch) where \(cursor) was expected")
        let loaded = Clock.nanoseconds
        step += 1

        engine.computeGradients(of: batch, spoil: injector.spoilsGradient(step: step))
        let computed = Clock.nanoseconds
        let gradientNorm = try engine.reduceGradients()
        let waited = Clock.nanoseconds

        let decision = try exchangeTelemetry(
            gradientNorm: gradientNorm, data: Clock.milliseconds(began, loaded), compute: Clock.milliseconds(loaded, computed),
            wait: Clock.milliseconds(computed, waited))
        if let decision {
            if case .rollback(let plan) = decision { return try rollback(by: plan) }
            if let reason = try apply(decision) {
                step -= 1  // The gradient of this step is thrown away; the batch is read again if the run is resumed.
                return reason
            }
        }

        let outcome = Vote.evaluate(telemetry)
        let clip = applyUpdate(outcome, gradientNorm: gradientNorm)
        if case .abort(let finding) = outcome {
            throw AgreedFailure(RunFailure(.unrecoverable, "\(Vote.describe(outcome, telemetry)) (\(finding))"))
        }
        let ended = Clock.nanoseconds
        lastStepMilliseconds = Clock.milliseconds(began, ended)
        trainingNanoseconds &+= ended &- began
        trainedSamples += batch.globalCount
        try report(outcome, samples: batch.globalCount, clip: clip, waited: waited, ended: ended)

        let finishedEpoch = epoch
        cursor = interventions.nextBatch(from: cursor + 1)
        return try betweenSteps(finishedEpoch: finishedEpoch)
    }

    private func exchangeTelemetry(gradientNorm: Double, data: Double, compute: Double, wait: Double) throws(CollectiveError) -> Decision? {
        telemetry.step = step
        telemetry.batch = cursor
        telemetry.epoch = epoch
        telemetry.generation = interventions.generation
        telemetry.learningRate = learningRate(at: step)
        telemetry.gradientNorm = gradientNorm
        let shards = engine.map.shards(of: group.rank)
        let own = RankTelemetry(
            rank: group.rank, step: step, batch: cursor, generation: interventions.generation, firstShard: shards.lowerBound,
            shardCount: shards.count, dataMilliseconds: data, computeMilliseconds: compute, waitMilliseconds: wait,
            stepMilliseconds: lastStepMilliseconds, learningRate: telemetry.learningRate, residentBytes: Clock.peakResidentBytes,
            requests: options.requests().telemetry)
        let code = try engine.exchangeTelemetry(own, decision: desk?.coordinator.takePending() ?? .none, into: &telemetry)
        return code == .none ? nil : code.decode()
    }

    /// The scheduled rate times what control made of it. `step` counts from 1.
    func learningRate(at step: Int) -> Double {
        schedule.rate(step: step - 1, plateauFactor: plateau?.factor ?? 1) * interventions.learningRateFactor(at: step)
    }

    /// Applies the step's gradient if the vote allows, and returns the clip factor used.
    private func applyUpdate(_ outcome: VoteOutcome, gradientNorm: Double) -> Double {
        guard case .apply = outcome else {
            skippedSteps += 1
            return 1
        }
        totals.add(telemetry)
        let limit = [recipe.gradientClip, interventions.clipLimit(at: step)]
        var clip = 1.0
        for case let bound? in limit { clip = min(clip, clipFactor(norm: gradientNorm, limit: bound)) }
        // The injected factor comes in below control: what the telemetry carries is the rate that was meant.
        engine.update(
            learningRate: learningRate(at: step) * injector.learningRateFactor(step: step), gradientScale: clip)
        return clip
    }

    private func report(_ outcome: VoteOutcome, samples: Int, clip: Double, waited: UInt64, ended: UInt64) throws {
        guard let desk else { return }
        try desk.coordinator.observe(step: telemetry, outcome: outcome)
        let own = telemetry.ranks[group.rank]
        var skipped = true
        if case .apply = outcome { skipped = false }
        desk.log.push(
            StepRecord(
                step: step, batch: telemetry.batch, epoch: telemetry.epoch, generation: telemetry.generation, samples: samples,
                loss: telemetry.loss, accuracy: hasAccuracy ? telemetry.accuracy / Double(kind.positions) : StepRecord.absent,
                learningRate: telemetry.learningRate, gradNorm: telemetry.gradientNorm,
                samplesPerSecond: Double(samples) / lastStepMilliseconds * 1e3, tokensPerSample: tokensPerSample,
                stepMilliseconds: lastStepMilliseconds,
                waitMilliseconds: own.waitMilliseconds, dataMilliseconds: own.dataMilliseconds,
                computeMilliseconds: own.computeMilliseconds, clipFactor: clip, skipped: skipped))
        desk.log.pushRanks(step: step, generation: telemetry.generation, telemetry.ranks)
    }

    private var hasAccuracy: Bool {
        if case .regression = kind { false } else { true }
    }

    /// 0 for a task without tokens.
    var tokensPerSample: Int {
        if case .tokens(_, let positions) = kind { positions } else { 0 }
    }

    /// A decision for all ranks other than a rollback. Returns a reason if the run ends.
    func apply(_ decision: Decision) throws -> StopReason? {
        interventions.apply(decision)
        if let desk { try desk.directory.write(interventions) }
        if case .stop(let plan) = decision { return plan.reason }
        return nil
    }
}
