/// Which batches a prefetcher delivers: from `firstBatch` to before `endBatch`, in order, without those in `skip`.
package struct PrefetchPlan: Hashable, Sendable {
    /// Absolute batch ids.
    package var firstBatch: Int
    /// Exclusive; `Int.max` for no end.
    package var endBatch: Int
    /// Batches to leave out, as a rollback decided; in any order, overlaps allowed.
    package var skip: [Range<Int>]

    package init(firstBatch: Int = 0, endBatch: Int = .max, skip: [Range<Int>] = []) {
        precondition(firstBatch >= 0 && endBatch >= firstBatch, "PrefetchPlan: batches \(firstBatch) to \(endBatch)")
        self.firstBatch = firstBatch
        self.endBatch = endBatch
        self.skip = skip
    }

    /// The first batch at or after `batch` that is not left out; nil past the end.
    /// - Complexity: O(skip²) at worst, O(skip) as a rule; allocates nothing.
    package func next(from batch: Int) -> Int? {
        var batch = max(batch, firstBatch)
        var moved = true
        while moved {
            moved = false
            for range in skip where range.contains(batch) {
                batch = range.upperBound
                moved = true
            }
        }
        return batch < endBatch ? batch : nil
    }
}
