import Checkpoints
import Collectives
import DataParallel
import Foundation
import Optimizers
import Quality
import TensorCore

extension Trainer {
    /// Writes the present state as a checkpoint. Collective; when it fails on any rank, every rank throws.
    func saveCheckpoint() throws {
        var fingerprint = ReplicaFingerprint()
        fingerprint.combine(engine.parameters)
        let problem = try group.sameEverywhere(fingerprint) ? nil : "the replicas of the weights differ between ranks"
        var manifest = CheckpointManifest(
            step: step, batch: cursor, epoch: epoch, generation: interventions.generation, optimizerUpdates: engine.optimizer.updates,
            virtualShards: engine.map.shards, ranks: group.size, instructionSet: instructionSet.name, recipeHash: recipe.hash,
            layoutFingerprint: engine.layout.fingerprint, dataFingerprint: data.fingerprint, seed: recipe.seed)
        manifest.accumulators = try Self.encode(CheckpointedTotals(totals: totals, plateau: plateau, skippedSteps: skippedSteps))
        if let desk { manifest.controller = try desk.coordinator.stateForCheckpoint(step: step) }
        // Before the manifest: a kill in between may cost the checkpoint, never lines of steps that lie before one.
        try desk?.log.flush()
        let written: CheckpointManifest
        do {
            written = try store.save(manifest, problem: problem, on: group) { checkpointContents() }
        } catch {
            throw AgreedFailure(error)
        }
        lastSaved = SavePoint(step: step, generation: interventions.generation)
        logger.info("checkpoint of step \(step): weights \(String(fingerprint.value, radix: 16))")
        if let desk {
            try desk.coordinator.checkpointSaved(written, generation: interventions.generation)
        }
    }

    private func checkpointContents() -> CheckpointContents {
        let layout = engine.layout
        let optimizer = engine.optimizer.state.flatMap { layout.fileTensors(from: $0.arena, prefix: $0.name + ".") }
        return CheckpointContents(
            model: layout.fileTensors(from: engine.parameters), optimizer: optimizer, best: best.map { layout.fileTensors(from: $0) })
    }

    /// Puts a checkpoint's state in place of the present one, on every rank.
    func adopt(_ checkpoint: Checkpoint) throws {
        try checkpoint.restore(parameters: engine.parameters, optimizer: engine.optimizer, layout: engine.layout)
        engine.parametersReplaced()
        let manifest = checkpoint.manifest
        step = manifest.step
        cursor = interventions.nextBatch(from: manifest.batch)
        let carried = try Self.decode(CheckpointedTotals.self, from: manifest.accumulators)
        totals = carried.totals
        plateau = carried.plateau ?? plateau
        skippedSteps = max(skippedSteps, carried.skippedSteps)
    }

    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func decode<Value: Decodable>(_: Value.Type, from text: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }
}

/// Which state the newest checkpoint holds.
struct SavePoint: Equatable {
    let step: Int
    let generation: Int
}

/// What the trainer itself carries through a checkpoint besides arenas and the controller.
struct CheckpointedTotals: Codable {
    var totals: EpochTotals
    var plateau: PlateauState?
    var skippedSteps: Int
}

extension Checkpoint {
    /// Copies weights and optimiser state into the arenas.
    func restore(parameters: Arena<Float>, optimizer: Optimizer, layout: ParameterLayout) throws {
        try contents.check(against: layout, path: path)
        try layout.load(contents.model, into: parameters)
        for slot in optimizer.state {
            let prefix = slot.name + "."
            try layout.load(contents.optimizer.filter { $0.name.hasPrefix(prefix) }, into: slot.arena, prefix: prefix)
        }
        optimizer.updates = manifest.optimizerUpdates
    }
}
