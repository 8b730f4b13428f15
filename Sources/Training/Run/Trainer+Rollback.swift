import Checkpoints
import Collectives
import DataParallel
import DataPipeline
import Quality

extension Trainer {
    /// Goes back to the newest good checkpoint at or before the plan's target, on all ranks, and goes on from there without the
    /// offending batches. The order is that of the specification: restore, compare replicas, then the ledger's interventions on top.
    ///
    /// - Returns: a reason to end the run where no good checkpoint can be read any more; nil to go on.
    func rollback(by planned: RollbackPlan) throws -> StopReason? {
        let reached = step
        try desk?.log.flush()
        let (found, passedOver) = try restoreNewest(before: planned.target)
        try desk?.coordinator.passedOver(passedOver, step: reached)
        guard let checkpoint = found else { return .noGoodCheckpoint }
        // The planned checkpoint may have been damaged since: the plan holds from the one that could be read, on every rank alike.
        let plan = planned.retargeted(to: checkpoint.manifest.step)
        interventions.apply(.rollback(plan))
        try adopt(checkpoint)
        var fingerprint = ReplicaFingerprint()
        fingerprint.combine(engine.parameters)
        guard try group.sameEverywhere(fingerprint) else {
            throw AgreedFailure(RunFailure(.unrecoverable, "After the rollback to step \(step) the ranks hold different weights."))
        }
        injector.rolledBack(to: step, from: reached)
        logger.warning("rolled back from step \(reached) to \(step) (\(plan.cause.rawValue)); generation \(interventions.generation)")
        try desk?.coordinator.rolledBack(by: plan, checkpointState: checkpoint.manifest.controller)
        // After the later checkpoints are given up: a crash in between must not let a resume pick one of them.
        try desk?.directory.write(interventions)
        prefetcher.restart(PrefetchPlan(firstBatch: cursor, endBatch: endBatch, skip: interventions.skipped))
        return nil
    }

    private func restoreNewest(before target: Int) throws -> (checkpoint: Checkpoint?, passedOver: [PassedOver]) {
        do {
            return try store.restoreNewest(before: target, goodOnly: true, on: group)
        } catch {
            throw AgreedFailure(error)
        }
    }
}
