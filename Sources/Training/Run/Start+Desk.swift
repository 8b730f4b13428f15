import Checkpoints
import Collectives
import DataPipeline
import Formats
import Foundation
import Graphs
import Kernels
import Networks
import Quality
import Recipes
import TensorCore

/// A checkpoint to go on from, and those that had to be passed over.
struct ResumePoint {
    let checkpoint: Checkpoint
    let passedOver: [PassedOver]
}

extension Trainer {
    /// What only rank 0 has: the run directory's files, the log, the ledger and the coordinator.
    static func makeDesk(
        _ directory: RunDirectory, recipe: Recipe, options: TrainingOptions, data: LoadedData, shape: RunShape, store: CheckpointStore,
        hosts: [String], resumed: ResumePoint?, interventions: Interventions, instructionSet: InstructionSet
    ) throws -> Desk {
        let resuming = resumed != nil
        try store.prepare()
        try directory.writeRecipe(recipe.resolvedYAML)
        try directory.writePreprocessing(data.preprocessing.json())
        let facts = RunFacts(
            name: directory.name, recipeName: recipe.name, recipeHash: recipe.hash, arguments: options.arguments, hosts: hosts,
            virtualShards: shape.virtualShards, instructionSet: instructionSet.name, seed: recipe.seed,
            versions: [RunFacts.Version("lockstep", lockstepVersion)], resumedFromStep: resumed?.checkpoint.manifest.step,
            previous: resuming ? directory.readFacts() : nil)
        try directory.write(facts)
        let epochs = max(1, (shape.totalSteps + shape.stepsPerEpoch - 1) / shape.stepsPerEpoch)
        let display = ProgressDisplay(
            settings: ProgressSettings(
                mode: options.quiet ? .none : progressMode(recipe.log.progress), totalSteps: shape.totalSteps,
                stepsPerEpoch: shape.stepsPerEpoch, epochs: epochs, firstStep: resumed?.checkpoint.manifest.step ?? 0))
        let log = try MetricsLog(
            directory: directory,
            settings: MetricsLogSettings(
                everySteps: recipe.log.everySteps, ranks: shape.ranks, totalSteps: shape.totalSteps, stepsPerEpoch: shape.stepsPerEpoch,
                epochs: epochs, tensorBoard: recipe.log.tensorboard),
            display: display)
        let ledger = try Ledger(directory: directory)
        let controller = try QualityController(settings: recipe.quality, shape: shape)
        let coordinator = Coordinator(controller: controller, ledger: ledger, log: log, store: store)
        if !resuming {
            try coordinator.record(
                kind: "start", step: 0,
                fields: [
                    ("recipe", .string(recipe.name)), ("recipe_hash", .string(recipe.hash)), ("seed", .string(String(recipe.seed))),
                    ("ranks", .integer(shape.ranks)), ("virtual_shards", .integer(shape.virtualShards)),
                    ("instruction_set", .string(instructionSet.name)), ("data", .string(data.fingerprint)),
                    ("version", .string(lockstepVersion)),
                ])
        }
        return Desk(directory: directory, log: log, coordinator: coordinator, facts: facts)
    }

    private static func progressMode(_ mode: LogSettings.Progress) -> ProgressSettings.Mode {
        switch mode {
        case .auto: .auto
        case .bar: .bar
        case .plain: .plain
        case .none: .none
        }
    }

    // MARK: Resuming

    /// The newest usable checkpoint, on every rank, checked against the recipe and the data.
    static func resumable(
        _ recipe: Recipe, model: ModelGraph, data: LoadedData, store: CheckpointStore, on group: any CollectiveGroup
    ) throws -> ResumePoint {
        let found: (checkpoint: Checkpoint?, passedOver: [PassedOver])
        do {
            found = try store.restoreNewest(on: group)
        } catch {
            throw AgreedFailure(error)
        }
        guard let checkpoint = found.checkpoint else {
            let why = found.passedOver.map { "\($0.path): \($0.reason)" }.joined(separator: "; ")
            throw AgreedFailure(
                RunFailure(
                    .badInput,
                    "--resume: run=\(recipe.run ?? "") has no usable checkpoint\(why.isEmpty ? "" : " (\(why))"). "
                        + "Train under another run= name, without --resume."))
        }
        do {
            try checkpoint.contents.check(against: model.layout, path: checkpoint.path)
            try requireSame(checkpoint, recipe: recipe, data: data)
        } catch {
            throw AgreedFailure(error)
        }
        return ResumePoint(checkpoint: checkpoint, passedOver: found.passedOver)
    }

    private static func requireSame(_ checkpoint: Checkpoint, recipe: Recipe, data: LoadedData) throws {
        let manifest = checkpoint.manifest
        if manifest.dataFingerprint != data.fingerprint {
            throw RunFailure(
                .badInput,
                "--resume: the data are not those that \(checkpoint.path) was trained on (fingerprint \(manifest.dataFingerprint.prefix(12)), "
                    + "now \(data.fingerprint.prefix(12))). Give data.path the same files.")
        }
        if manifest.recipeHash != recipe.hash {
            let run = checkpoint.path.split(separator: "/").dropLast(2).joined(separator: "/")
            let prefix = checkpoint.path.hasPrefix("/") ? "/" : ""
            let kept = try? Recipe.load(prefix + run + "/recipe.yaml")
            let changes = kept.map { Recipe.arithmeticDifferences($0, recipe) } ?? []
            let named = changes.prefix(6).map {
                "\($0.path) was \($0.first ?? "absent"), is \($0.second ?? "absent")"
            }.joined(separator: "; ")
            throw RunFailure(
                .usage,
                "--resume: the recipe is not the one of \(checkpoint.path)\(named.isEmpty ? "" : ": \(named)"). "
                    + "A resumed run continues the same arithmetic; start a new run to change it (init.from takes weights along).")
        }
    }

    /// The interventions of control so far: those of the run directory if it has newer ones than the checkpoint.
    static func resumedInterventions(
        _ directory: RunDirectory?, fallback: Interventions, resumed: ResumePoint?, on group: any CollectiveGroup
    ) throws -> Interventions {
        let text = try group.agreeing { () -> String in
            guard let directory, let kept = try directory.readInterventions() else { return "" }
            return try encode(kept)
        }
        let shared = String(decoding: try group.broadcastBytes(Array(text.utf8), from: 0), as: UTF8.self)
        var interventions = shared.isEmpty ? fallback : try decode(Interventions.self, from: shared)
        interventions.resumed()
        return interventions
    }

    /// Goes on from a checkpoint: the same run, one generation later.
    func resume(_ checkpoint: Checkpoint, shape: RunShape, passedOver: [PassedOver]) throws {
        try adopt(checkpoint)
        injector.resumed(after: step)
        if let desk {
            if let tensors = checkpoint.contents.best {
                let arena = Arena<Float>(count: engine.layout.elementCount)
                try engine.layout.load(tensors, into: arena)
                best = arena
            }
            if checkpoint.manifest.instructionSet != instructionSet.name {
                desk.log.note(
                    "resumed with \(instructionSet.name) kernels a run made with \(checkpoint.manifest.instructionSet): not the same bits")
            }
            // The controller counts the resume itself, so it gets what the run directory held before.
            let kept = try desk.directory.readInterventions()
            try desk.coordinator.resumed(
                from: checkpoint.manifest, interventions: kept, settings: recipe.quality, shape: shape, passedOver: passedOver)
            try desk.directory.write(interventions)
        }
    }
}
