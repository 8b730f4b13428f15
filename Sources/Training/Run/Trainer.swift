import Checkpoints
import Collectives
import DataParallel
import DataPipeline
import Graphs
import Inference
import Kernels
import Logging
import Optimizers
import Quality
import Recipes
import TensorCore

/// One run on one rank: reads the recipe's data, trains, and leaves a run directory.
///
/// Every rank runs the same straight line of code; only rank 0 has a `desk` (run directory, log, ledger, coordinator). The order of a
/// step is in `Trainer+Step.swift`, what happens between steps in the other extensions.
package final class Trainer {
    let recipe: Recipe
    let options: TrainingOptions
    let group: any CollectiveGroup
    let data: LoadedData
    let engine: StepEngine
    let evaluator: Evaluator
    let kind: MetricKind
    let sampler: Sampler
    let schedule: LearningRateSchedule
    let injector: FaultInjector
    let store: CheckpointStore
    /// Rank 0 only.
    let desk: Desk?
    /// Absolute id of the batch after the last one.
    let endBatch: Int
    /// The most steps the run may make in all.
    let stepLimit: Int

    // MARK: State that a checkpoint holds

    /// Steps attempted so far; the next one is `step + 1`.
    var step = 0
    /// Absolute id of the next batch.
    var cursor = 0
    var totals = EpochTotals()
    var plateau: PlateauState?

    // MARK: State that control keeps outside checkpoints

    var interventions: Interventions
    /// Rank 0 only: the weights of the best validation so far.
    var best: Arena<Float>?

    /// Nil before the first checkpoint of this process.
    var lastSaved: SavePoint?

    // MARK: Measurements

    var telemetry: StepTelemetry
    var lastStepMilliseconds = 0.0
    var trainedSamples = 0
    var trainingNanoseconds: UInt64 = 0
    var lastTrain: MetricValues = []
    var lastValidation: MetricValues = []
    var skippedSteps = 0
    let instructionSet: InstructionSet
    let prefetcher: Prefetcher
    /// This rank's own log file.
    let logger: Logger

    /// Everything that only rank 0 has.
    struct Desk {
        let directory: RunDirectory
        let log: MetricsLog
        let coordinator: Coordinator
        let facts: RunFacts
    }

    /// Epochs of the whole run as planned, an unfinished last one included.
    var epochs: Int { (min(endBatch, stepLimit) + sampler.batchesPerEpoch - 1) / sampler.batchesPerEpoch }
    /// Epochs begun so far: those that are complete and the one in progress.
    var begunEpochs: Int { (cursor + sampler.batchesPerEpoch - 1) / sampler.batchesPerEpoch }
    /// Epoch of the batch at the cursor, counted from 1.
    var epoch: Int { cursor / sampler.batchesPerEpoch + 1 }

    /// Trains `recipe` to its end on `group`. Collective: every rank calls it.
    package static func run(_ recipe: Recipe, options: TrainingOptions, on group: any CollectiveGroup) throws -> TrainingResult {
        let trainer = try Trainer.start(recipe, options: options, on: group)
        defer { trainer.prefetcher.stop() }
        return try trainer.train()
    }

    init(_ start: Start) {
        recipe = start.recipe
        options = start.options
        group = start.group
        data = start.data
        engine = start.engine
        evaluator = start.evaluator
        kind = start.recipe.metricKind
        sampler = start.sampler
        schedule = start.schedule
        injector = start.injector
        store = start.store
        desk = start.desk
        endBatch = start.endBatch
        stepLimit = start.stepLimit
        step = start.step
        cursor = start.cursor
        totals = start.totals
        plateau = start.plateau
        interventions = start.interventions
        best = start.best
        instructionSet = start.instructionSet
        telemetry = StepTelemetry(
            step: 0, batch: 0, epoch: 1, generation: 0, learningRate: 0, gradientNorm: 0,
            shards: [], ranks: [])
        telemetry.shards.reserveCapacity(start.engine.map.shards)
        telemetry.ranks.reserveCapacity(start.group.size)
        prefetcher = start.prefetcher
        logger = start.logger
    }
}
