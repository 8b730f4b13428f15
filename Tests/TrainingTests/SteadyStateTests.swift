import CAllocationCounter
import Collectives
import Synchronization
import TestSupport
import Testing
import Training

/// Steps in steady state allocate nothing on the step thread: loader, arithmetic, exchange, vote, coordinator and log together.
@Suite struct SteadyStateTests {
    /// Counts allocations from one call of the trainer's per-step closure to the next.
    private final class Probe: Sendable {
        let counts = Mutex<[Int]>([])
        private let started = Atomic<Bool>(false)

        init() { counts.withLock { $0.reserveCapacity(1024) } }

        func mark() {
            if started.load(ordering: .relaxed) {
                let count = Int(allocation_count_end())
                counts.withLock { $0.append(count) }
            }
            started.store(true, ordering: .relaxed)
            allocation_count_begin()
        }
    }

    @Test func stepsAllocateNothing() throws {
        guard allocation_count_supported() == 1 else { return skip("allocations are not counted on this platform") }
        try withTemporaryDirectory { folder in
            let probe = Probe()
            let options = TrainingOptions(
                quiet: true,
                requests: {
                    probe.mark()
                    return SignalRequests()
                })
            _ = try TrainingRuns.train(
                run: "steady", in: folder, overrides: ["epochs=6", "checkpoint.every_steps=0", "quality.early_stopping=null"],
                options: options)
            let counts = probe.counts.withLock { $0 }
            // Interval i begins in step i + 1 and ends in step i + 2. 36 steps make an epoch, whose end measures and writes; a step with
            // a line in the ledger writes too; the first steps warm up.
            let ledger = try TrainingRuns.lines("events.jsonl", run: "steady", in: folder)
            func hasEvent(_ step: Int) -> Bool { ledger.contains { $0.contains("\"step\":\(step),") } }
            let steady = counts.indices.filter { $0 > 72 && ($0 + 1) % 36 != 0 && !hasEvent($0 + 1) && !hasEvent($0 + 2) }.map {
                counts[$0]
            }
            #expect(steady.count > 100)
            #expect(steady.allSatisfy { $0 == 0 }, "allocations per step: \(steady)")
        }
    }
}
