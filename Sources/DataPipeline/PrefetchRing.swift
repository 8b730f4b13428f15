/// What the loader's thread and the consumer share: the slots, which of them are loaded, and where the plan stands.
///
/// - Note: `@unchecked Sendable`. Everything that changes is guarded by `lock`, but for the slots' contents: a slot is in the hands of the
///   loader's thread (being filled), in those of the consumer (`borrowed`), or in one of the two lists under the lock, never in two of these.
final class PrefetchRing: @unchecked Sendable {
    private let dataset: Dataset
    private let seed: UInt64
    private let rowsForBatch: Prefetcher.RowsOfRank
    private let turnsLabels: Prefetcher.TurnsLabels?
    private let slots: [PrefetchedBatch]
    private let lock = ThreadLock()

    // Used by the loader's thread alone.
    private var sampler: Sampler
    private var global: [Int32] = []

    // Guarded by the lock.
    private var plan: PrefetchPlan
    /// Where to look for the next batch to load.
    private var position: Int
    /// Counts restarts, so that a batch begun before one is dropped when it is done.
    private var generation = 0
    private var isStopped = false
    private var free: [Int]
    /// Loaded slots, oldest at `readyFirst`, `readyCount` of them, wrapping round.
    private var ready: [Int]
    private var readyFirst = 0
    private var readyCount = 0
    /// Whether a batch of the present generation is being filled.
    private var isLoading = false
    private var borrowed: Int?

    init(
        dataset: Dataset, sampler: Sampler, seed: UInt64, capacity: Int, depth: Int, plan: PrefetchPlan,
        rowsForBatch: @escaping Prefetcher.RowsOfRank, turnsLabels: Prefetcher.TurnsLabels?
    ) {
        self.dataset = dataset
        self.sampler = sampler
        self.seed = seed
        self.rowsForBatch = rowsForBatch
        self.turnsLabels = turnsLabels
        self.plan = plan
        position = plan.firstBatch
        slots = (0..<depth).map { _ in PrefetchedBatch(dataset: dataset, capacity: capacity) }
        free = Array((0..<depth).reversed())
        ready = [Int](repeating: 0, count: depth)
        global.reserveCapacity(sampler.batch)
    }

    // MARK: The loader's thread

    /// Loads until stopped.
    func run() {
        lock.lock()
        while !isStopped {
            guard let slot = free.last, let batch = plan.next(from: position) else {
                lock.wait(as: .producer)
                continue
            }
            free.removeLast()
            position = batch + 1
            isLoading = true
            let begun = generation
            lock.unlock()

            load(batch, into: slots[slot])

            lock.lock()
            if begun == generation {
                isLoading = false
                ready[(readyFirst + readyCount) % ready.count] = slot
                readyCount += 1
                lock.signal(.consumer)
            } else {
                free.append(slot)
            }
        }
        lock.unlock()
    }

    private func load(_ batch: Int, into slot: PrefetchedBatch) {
        sampler.indices(batch: batch, into: &global)
        slot.fill(
            batch: batch, epoch: sampler.epoch(ofBatch: batch), global: global, rows: rowsForBatch(batch, global.count), dataset: dataset,
            seed: seed, turnsLabels: turnsLabels?(batch) ?? false)
    }

    // MARK: The consumer

    /// The next batch, the last one given back; nil when the plan has ended or the ring is stopped. Adds the time slept to `waited`.
    func next(waited: inout UInt64) -> PrefetchedBatch? {
        lock.lock()
        defer { lock.unlock() }
        giveBack()
        while readyCount == 0 {
            if isStopped || !isLoading && plan.next(from: position) == nil { return nil }
            let start = ContinuousClock.now
            lock.wait(as: .consumer)
            let slept = (ContinuousClock.now - start).components
            waited += UInt64(slept.seconds) * 1_000_000_000 + UInt64(slept.attoseconds / 1_000_000_000)
        }
        let slot = ready[readyFirst]
        readyFirst = (readyFirst + 1) % ready.count
        readyCount -= 1
        borrowed = slot
        return slots[slot]
    }

    /// Drops what is loaded and goes on elsewhere.
    func restart(_ plan: PrefetchPlan) {
        lock.lock()
        defer { lock.unlock() }
        generation += 1
        isLoading = false
        giveBack()
        while readyCount > 0 {
            free.append(ready[readyFirst])
            readyFirst = (readyFirst + 1) % ready.count
            readyCount -= 1
        }
        self.plan = plan
        position = plan.firstBatch
        lock.signal(.producer)
    }

    /// Ends the loader's thread after the batch it is filling.
    func stop() {
        lock.lock()
        isStopped = true
        readyCount = 0
        lock.signal(.producer)
        lock.unlock()
    }

    private func giveBack() {
        guard let slot = borrowed else { return }
        free.append(slot)
        borrowed = nil
        lock.signal(.producer)
    }
}
