import Checkpoints
import Collectives
import DataParallel
import DataPipeline
import Quality

extension Trainer {
    /// Goes back to the newest good checkpoint at or before the plan's target, on all ranks, and goes on from there without the
    /// offending batches. The order is that of the specification: restore, compare replicas, then the ledger's interventions on top.
    func rollback(by plan: RollbackPlan) throws {
        let reached = step
        interventions.apply(.rollback(plan))
        try desk?.log.flush()
        let (found, passedOver) = try restoreNewest(before: plan.target)
        guard let checkpoint = found else {
            throw AgreedFailure(
                RunFailure(
                    .unrecoverable,
                    "Step \(plan.decidedAt) asks for a rollback to step \(plan.target) (\(plan.cause.rawValue)), but no good checkpoint is left: "
                        + passedOver.map { "\($0.path) (\($0.reason))" }.joined(separator: "; ")
                        + ". The weights of the run so far are in its checkpoints; start again with a lower optimizer.learning_rate."))
        }
        try adopt(checkpoint)
        var fingerprint = ReplicaFingerprint()
        fingerprint.combine(engine.parameters)
        guard try group.sameEverywhere(fingerprint) else {
            throw AgreedFailure(RunFailure(.unrecoverable, "After the rollback to step \(step) the ranks hold different weights."))
        }
        injector.rolledBack(to: step, from: reached)
        logger.warning("rolled back from step \(reached) to \(step) (\(plan.cause.rawValue)); generation \(interventions.generation)")
        try desk?.coordinator.rolledBack(by: plan, to: checkpoint.manifest, passedOver: passedOver)
        // After the later checkpoints are given up: a crash in between must not let a resume pick one of them.
        try desk?.directory.write(interventions)
        prefetcher.restart(PrefetchPlan(firstBatch: cursor, endBatch: endBatch, skip: interventions.skipped))
    }

    private func restoreNewest(before target: Int) throws -> (checkpoint: Checkpoint?, passedOver: [PassedOver]) {
        do {
            return try store.restoreNewest(before: target, goodOnly: true, on: group)
        } catch {
            throw AgreedFailure(error)
        }
    }
}
