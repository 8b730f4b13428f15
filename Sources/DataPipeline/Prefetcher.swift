#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Loads batches ahead of the step on a thread of its own, into a fixed ring of slots.
///
/// The order of batches is the plan's; which thread was faster changes nothing but the time waited. The consumer sleeps on a condition
/// variable when no batch is ready, and never allocates. For one consumer thread.
package final class Prefetcher {
    package typealias RowsOfRank = @Sendable (_ batch: Int, _ count: Int) -> Range<Int>
    package typealias TurnsLabels = @Sendable (_ batch: Int) -> Bool

    private let ring: PrefetchRing
    private var thread: pthread_t?

    /// How long `next` slept, over all calls.
    package private(set) var waitedNanoseconds: UInt64 = 0
    /// How long the last call of `next` slept; 0 when a batch was ready.
    package private(set) var lastWaitNanoseconds: UInt64 = 0

    /// Starts loading at once.
    /// - Parameters:
    ///   - dataset: what to load from; its samples are the sampler's.
    ///   - seed: the run's, for the row keys.
    ///   - capacity: the most rows this rank has of any batch.
    ///   - depth: slots; one of them is the consumer's while it works.
    ///   - rowsForBatch: the rows of a global batch that are this rank's, given its id and size; called on the loader's thread.
    ///   - turnsLabels: whether a batch's labels are to be turned (class c to classes − 1 − c, 0/1 target y to 1 − y, number y to −y):
    ///     the place where a fault in the labels can be put. Called on the loader's thread once per batch.
    package init(
        dataset: Dataset, sampler: Sampler, seed: UInt64, capacity: Int, depth: Int = 3, plan: PrefetchPlan,
        rowsForBatch: @escaping RowsOfRank = { _, count in 0..<count }, turnsLabels: TurnsLabels? = nil
    ) {
        precondition(sampler.count == dataset.count, "Prefetcher: a sampler of \(sampler.count) samples for a data set of \(dataset.count)")
        precondition(capacity >= 0 && depth >= 2, "Prefetcher: capacity \(capacity), depth \(depth) (at least 2: one in use, one ahead)")
        ring = PrefetchRing(
            dataset: dataset, sampler: sampler, seed: seed, capacity: capacity, depth: depth, plan: plan, rowsForBatch: rowsForBatch,
            turnsLabels: turnsLabels)
        thread = Self.start(ring)
    }

    deinit { stop() }

    /// The next batch of the plan; sleeps until it is loaded. nil after the plan's last one and after `stop`.
    ///
    /// The batch is borrowed: its memory is used again after the next call of `next`, `restart` or `stop`.
    package func next() -> PrefetchedBatch? {
        lastWaitNanoseconds = 0
        let batch = ring.next(waited: &lastWaitNanoseconds)
        waitedNanoseconds += lastWaitNanoseconds
        return batch
    }

    /// Drops what was loaded ahead and goes on with another plan, after a rollback.
    package func restart(_ plan: PrefetchPlan) {
        ring.restart(plan)
    }

    /// Ends the thread and waits for it. Later calls do nothing.
    package func stop() {
        guard let thread else { return }
        ring.stop()
        pthread_join(thread, nil)
        self.thread = nil
    }

    /// The thread holds the ring, not the prefetcher, so that letting go of the prefetcher ends it.
    private static func start(_ ring: PrefetchRing) -> pthread_t {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(ring).toOpaque()
        // Signals are for the main thread, whose system calls they have to interrupt; those of a fault belong to the thread that made it.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP] { sigdelset(&all, fault) }
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let code = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<PrefetchRing>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, context)
        pthread_sigmask(SIG_SETMASK, &before, nil)
        precondition(code == 0, "Prefetcher: no thread could be made: \(String(cString: strerror(code)))")
        return thread
    }
}
