import Checkpoints
import Collectives
import DataParallel
import DataPipeline
import Formats
import Graphs
import Inference
import Kernels
import Logging
import Networks
import Optimizers
import Quality
import Recipes
import TensorCore

/// Everything a trainer begins with, gathered in the order in which things can go wrong: first what is cheap to check.
struct Start {
    let recipe: Recipe
    let options: TrainingOptions
    let group: any CollectiveGroup
    let instructionSet: InstructionSet
    let data: LoadedData
    let engine: StepEngine
    let evaluator: Evaluator
    let sampler: Sampler
    let schedule: LearningRateSchedule
    let injector: FaultInjector
    let store: CheckpointStore
    let desk: Trainer.Desk?
    let endBatch: Int
    let stepLimit: Int
    let prefetcher: Prefetcher
    let logger: Logger
    var step = 0
    var cursor = 0
    var totals = EpochTotals()
    var plateau: PlateauState?
    var interventions: Interventions
    var best: Arena<Float>?
}

extension Trainer {
    /// Brings a run to the point before its first step, new or resumed. Collective.
    static func start(_ recipe: Recipe, options: TrainingOptions, on group: any CollectiveGroup) throws -> Trainer {
        try RunIdentity.requireSameProgram(recipe, on: group)
        try requireRanks(of: options.faults, on: group)
        let instructionSet = try group.commonInstructionSet()
        let kernels = FloatKernels(instructionSet)
        let (model, data) = try group.agreeing {
            let model = try Network.build(recipe.network)
            return (model, try loadData(recipe.data, task: recipe.task, inputShape: recipe.network.input, seed: recipe.seed))
        }
        try RunIdentity.require(
            [("parameter layout", model.layout.fingerprint), ("data", data.fingerprint)], on: group,
            remedy: "Every node must read the same data: compare the files under \(recipe.data.path ?? "data.path") on each.")

        let directory: RunDirectory? = try group.agreeing {
            guard group.rank == 0 else { return nil }
            return try RunDirectory.create(output: recipe.output, run: recipe.run, recipeName: recipe.name, resuming: options.resume)
        }
        let store = CheckpointStore(directory: directory?.checkpointsPath ?? "", keep: recipe.checkpoint.keep)
        let resumed = options.resume ? try resumable(recipe, model: model, data: data, store: store, on: group) : nil
        let shards = try virtualShards(recipe, resumed: resumed?.checkpoint.manifest, samples: data.train.count, ranks: group.size)

        let sampler = Sampler(count: data.train.count, batch: recipe.batch, shuffle: recipe.data.shuffle, seed: recipe.seed)
        let endBatch = recipe.epochs.map { $0 * sampler.batchesPerEpoch } ?? Int.max
        let stepLimit = recipe.steps ?? Int.max
        let totalSteps = min(endBatch, stepLimit)
        let engine = StepEngine(
            StepEngine.Setup(
                model: model, kind: recipe.metricKind, optimizer: recipe.optimizer, batch: min(recipe.batch, data.train.count),
                virtualShards: shards, usesTree: recipe.parallel.exchange == .tree, bucketBytes: recipe.parallel.bucketBytes,
                precision: recipe.precision, recompute: recipe.network.recompute == .blocks),
            kernels: kernels, group: group)
        try initialise(engine, recipe: recipe, on: group)

        let injector = FaultInjector(options.faults, rank: group.rank, stepsPerEpoch: sampler.batchesPerEpoch)
        let shape = RunShape(
            totalSteps: totalSteps, stepsPerEpoch: sampler.batchesPerEpoch, checkpointInterval: recipe.checkpoint.everySteps,
            virtualShards: shards, ranks: group.size)
        let hosts = try group.allGatherText(group.hostName)
        var interventions = Interventions(learningRateFloor: recipe.quality.recovery.learningRateFloor)
        if resumed != nil { interventions = try resumedInterventions(directory, fallback: interventions, resumed: resumed, on: group) }
        let desk = try group.agreeing {
            try directory.map {
                try makeDesk(
                    $0, recipe: recipe, options: options, data: data, shape: shape, store: store, hosts: hosts, resumed: resumed,
                    interventions: interventions, instructionSet: instructionSet)
            }
        }

        let cursor = resumed.map { interventions.nextBatch(from: $0.checkpoint.manifest.batch) } ?? 0
        let map = engine.map
        let rank = group.rank
        let turnsLabels: @Sendable (Int) -> Bool = { injector.flipsLabels(batch: $0) }
        let prefetcher = Prefetcher(
            dataset: data.train, sampler: sampler, seed: recipe.seed, capacity: prefetchCapacity(map, batch: recipe.batch, rank: rank),
            plan: PrefetchPlan(firstBatch: cursor, endBatch: endBatch, skip: interventions.skipped),
            rowsForBatch: { _, count in map.rows(ofRank: rank, batchRows: count) },
            turnsLabels: injector.touchesLabels ? turnsLabels : nil)
        let trainer = Trainer(
            Start(
                recipe: recipe, options: options, group: group, instructionSet: instructionSet, data: data, engine: engine,
                evaluator: Evaluator(model: model, kind: recipe.metricKind, kernels: kernels, precision: recipe.precision),
                sampler: sampler,
                schedule: LearningRateSchedule(
                    recipe.schedule, base: recipe.optimizer.learningRate, totalSteps: totalSteps,
                    stepsPerEpoch: sampler.batchesPerEpoch),
                injector: injector, store: store, desk: desk, endBatch: endBatch, stepLimit: stepLimit, prefetcher: prefetcher,
                logger: try rankLogger(directory, on: group), plateau: plateau(of: recipe), interventions: interventions))
        trainer.logStart(options: options)
        if let resumed {
            try trainer.resume(resumed.checkpoint, shape: shape, passedOver: resumed.passedOver)
        } else {
            try trainer.saveCheckpoint()
        }
        return trainer
    }

    private static func requireRanks(of faults: [InjectedFault], on group: any CollectiveGroup) throws {
        guard let fault = faults.first(where: { $0.rank ?? 0 >= group.size }) else { return }
        throw AgreedFailure(
            UsageError(
                "--inject \(fault.text): this run has no rank \(fault.rank ?? 0); its ranks are 0 to \(group.size - 1).",
                remedy: "Name one of them, or start more ranks with mpirun -np."))
    }

    private static func virtualShards(
        _ recipe: Recipe, resumed: CheckpointManifest?, samples: Int, ranks: Int
    ) throws -> Int {
        let shards = resumed?.virtualShards ?? recipe.parallel.virtualShards ?? ranks
        guard recipe.batch >= shards else {
            throw AgreedFailure(
                RunFailure(
                    .usage,
                    "batch: \(recipe.batch) samples cannot be cut into \(shards) virtual shards "
                        + "(parallel.virtual_shards: \(recipe.parallel.virtualShards.map(String.init) ?? "auto, one per rank")). "
                        + "Use batch=\(shards) or more, or fewer shards or ranks."))
        }
        return shards
    }

    private static func plateau(of recipe: Recipe) -> PlateauState? {
        guard case .reduceOnPlateau(let settings) = recipe.schedule.kind else { return nil }
        let direction = (try? MetricName(settings.metric))?.direction
        return PlateauState(settings, base: recipe.optimizer.learningRate, higherIsBetter: direction == .maximise)
    }

    private static func prefetchCapacity(_ map: ShardMap, batch: Int, rank: Int) -> Int {
        map.shards(of: rank).count * map.shardCapacity(batchRows: batch)
    }

    /// Initial weights: counter-based from the seed, or read from `init.from` by every rank, and the same everywhere.
    private static func initialise(_ engine: StepEngine, recipe: Recipe, on group: any CollectiveGroup) throws {
        try group.agreeing {
            if let path = recipe.initFrom {
                do {
                    try engine.layout.load(Safetensors.read(path).tensors, into: engine.parameters)
                } catch let error as LayoutError {
                    throw RunFailure(.badInput, "init.from \(path) does not fit the model of the recipe: \(error)")
                }
            } else {
                Network.initialise(engine.layout, seed: recipe.seed, into: engine.parameters)
            }
        }
        var fingerprint = ReplicaFingerprint()
        fingerprint.combine(engine.parameters)
        guard try group.sameEverywhere(fingerprint) else {
            throw AgreedFailure(
                RunFailure(.badInput, "The ranks begin with different weights: is init.from the same file on every node?"))
        }
    }
}
