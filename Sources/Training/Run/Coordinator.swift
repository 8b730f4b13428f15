import Checkpoints
import Formats
import Foundation
import Quality

/// The coordinator on rank 0: feeds what the exchanges bring to the quality controller, and carries out what concerns rank 0 alone.
///
/// The controller decides (pure, in `Quality`); this class has the effects: ledger lines, messages, checkpoint states. A decision that
/// touches weights waits in `pending` for the exchange of the next step, where all ranks get it.
final class Coordinator {
    private(set) var controller: QualityController
    private(set) var pending: Decision?
    private(set) var alarmCounts: [(detector: String, count: Int)] = []
    private let ledger: Ledger
    private let log: MetricsLog
    private let store: CheckpointStore

    init(controller: QualityController, ledger: Ledger, log: MetricsLog, store: CheckpointStore) {
        self.controller = controller
        self.ledger = ledger
        self.log = log
        self.store = store
    }

    /// The decision to send with the next exchange; it is pending no more.
    func takePending() -> DecisionCode {
        guard let decision = pending else { return .none }
        pending = nil
        return DecisionCode(decision)
    }

    func observe(step telemetry: StepTelemetry, outcome: VoteOutcome) throws {
        if case .apply = outcome {
        } else if let record = outcome.ledgerRecord(telemetry) {
            try ledger.append(record)
            log.note(Vote.describe(outcome, telemetry))
        }
        for decision in controller.observe(step: telemetry, outcome: outcome) { try carryOut(decision, step: telemetry.step) }
    }

    /// - Returns: the decisions that followed, for what the trainer does with them (keeping the best weights).
    func observe(validation: MetricValues, train: MetricValues, step: Int, epoch: Int) throws -> [Decision] {
        let decisions = controller.observe(validation: validation, train: train, step: step, epoch: epoch)
        for decision in decisions { try carryOut(decision, step: step) }
        return decisions
    }

    private func carryOut(_ decision: Decision, step: Int) throws {
        try ledger.append(decision.ledgerRecord(step: step, generation: controller.interventions.generation))
        switch decision {
        case .warn(let alarm):
            log.note(alarm.text)
            count(alarm.detector.rawValue)
        case .checkpointPromoted(let step): try mark(step, as: .good)
        case .checkpointRejected(let step): try mark(step, as: .bad)
        case .clear, .newBest: break
        case .clip, .reduceLearningRate, .rollback, .stop:
            if pending.map({ decision.strength > $0.strength }) ?? true { pending = decision }
        }
    }

    private func count(_ detector: String) {
        if let index = alarmCounts.firstIndex(where: { $0.detector == detector }) {
            alarmCounts[index].count += 1
        } else {
            alarmCounts.append((detector, 1))
        }
    }

    private func mark(_ step: Int, as state: CheckpointState) throws {
        if try !store.mark(step: step, as: state) { controller.checkpointRemoved(step: step) }
    }

    // MARK: Checkpoints

    /// The controller as it goes into the checkpoint of `step`, which it knows of from now on.
    func stateForCheckpoint(step: Int) throws -> String {
        controller.checkpointWritten(step: step)
        return try Self.encode(controller)
    }

    func checkpointSaved(_ manifest: CheckpointManifest, generation: Int) throws {
        try ledger.append(
            kind: "checkpoint", step: manifest.step, generation: generation,
            fields: [("state", .string(manifest.step == 0 ? "good" : "candidate"))])
        if manifest.step == 0 { _ = try store.mark(step: 0, as: .good) }
        let kept = Set(store.list().map(\.step))
        for step in controller.goodCheckpoints where !kept.contains(step) { controller.checkpointRemoved(step: step) }
    }

    // MARK: After a restore

    /// Checkpoints that were found damaged: said, written down, and no targets any more.
    func passedOver(_ damaged: [PassedOver], step: Int) throws {
        for one in damaged {
            log.note("\(one.path) was passed over: \(one.reason)")
            try ledger.append(
                kind: "damaged", step: step, generation: controller.interventions.generation,
                fields: [("path", .string(one.path)), ("text", .string(one.reason))])
        }
    }

    /// - Parameter checkpointState: the controller as the checkpoint of `plan.target` holds it.
    func rolledBack(by plan: RollbackPlan, checkpointState: String) throws {
        controller.rolledBack(by: plan, checkpointState: try? Self.decode(checkpointState))
        let abandoned = try store.abandon(after: plan.target)
        try ledger.append(
            kind: "rolled-back", step: plan.decidedAt, generation: controller.interventions.generation,
            fields: [
                ("target", .integer(plan.target)), ("onset", .integer(plan.onset)),
                ("skip", .array([.integer(plan.skipLower), .integer(plan.skipUpper)])),
                ("cause", .string(plan.cause.rawValue)),
                ("abandoned_checkpoints", .array(abandoned.map { .integer($0) })),
            ])
        log.note(
            "rolled back from step \(plan.decidedAt) to \(plan.target) (\(plan.cause.rawValue), begun about step \(plan.onset)); "
                + "batches \(plan.skipLower)..<\(plan.skipUpper) are left out")
        log.generationBegan(controller.interventions.generation, step: plan.target + 1)
    }

    /// - Parameters:
    ///   - interventions: what the run directory holds, which may be newer than the checkpoint.
    ///   - settings, shape: of the recipe as it is now; a resumed run may be longer.
    func resumed(
        from manifest: CheckpointManifest, interventions: Interventions?, settings: QualitySettings, shape: RunShape,
        passedOver: [PassedOver]
    ) throws {
        if let restored = try? Self.decode(manifest.controller) { controller = restored }
        let there = store.list()
        try controller.resumed(
            at: manifest.step, interventions: interventions, good: there.filter { $0.state == .good }.map(\.step),
            candidates: there.filter { $0.state == .candidate }.map(\.step), settings: settings, shape: shape)
        for damaged in passedOver { log.note("\(damaged.path) was passed over: \(damaged.reason)") }
        try ledger.append(
            kind: "resumed", step: manifest.step, generation: controller.interventions.generation,
            fields: [("passed_over", .array(passedOver.map { .string("\($0.path): \($0.reason)") }))])
        log.generationBegan(controller.interventions.generation, step: manifest.step + 1)
    }

    func record(kind: String, step: Int, fields: [(String, JSONValue)]) throws {
        try ledger.append(kind: kind, step: step, generation: controller.interventions.generation, fields: fields)
    }

    private static func encode(_ controller: QualityController) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(controller), as: UTF8.self)
    }

    private static func decode(_ text: String) throws -> QualityController {
        try JSONDecoder().decode(QualityController.self, from: Data(text.utf8))
    }
}
