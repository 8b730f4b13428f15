import Kernels

/// Which samples a batch holds: a pure function of (seed, epoch, batch), the same on every rank at any number of ranks.
///
/// Batches are counted over the whole run from 0 ("absolute"); an epoch takes ceil(count / batch) of them, the last one short when the
/// numbers do not divide. With `shuffle`, each epoch is a permutation of its own; without, file order.
package struct Sampler: Sendable {
    package let count: Int
    package let batch: Int
    package let shuffle: Bool
    package let seed: UInt64

    /// The permutation of the epoch asked for last; kept because batches are asked for in order.
    private var order: [Int32] = []
    private var orderEpoch = -1

    /// - Precondition: at least one sample and a batch of at least one.
    package init(count: Int, batch: Int, shuffle: Bool, seed: UInt64) {
        precondition(count >= 1 && batch >= 1, "Sampler: \(count) samples in batches of \(batch)")
        self.count = count
        self.batch = batch
        self.shuffle = shuffle
        self.seed = seed
    }

    package var batchesPerEpoch: Int { (count + batch - 1) / batch }

    /// The epoch of a batch, from 0.
    package func epoch(ofBatch absolute: Int) -> Int {
        precondition(absolute >= 0, "Sampler: batch \(absolute)")
        return absolute / batchesPerEpoch
    }

    /// How many samples a batch holds: `batch`, or what is left at the end of an epoch.
    package func sampleCount(ofBatch absolute: Int) -> Int {
        let first = (absolute % batchesPerEpoch) * batch
        return min(batch, count - first)
    }

    /// Replaces `samples` by the sample numbers of a batch, in their order.
    /// - Complexity: O(batch); O(count) and one allocation when the epoch is another than the last time.
    package mutating func indices(batch absolute: Int, into samples: inout [Int32]) {
        let epoch = epoch(ofBatch: absolute)
        let first = (absolute % batchesPerEpoch) * batch
        let size = sampleCount(ofBatch: absolute)
        samples.removeAll(keepingCapacity: true)
        guard shuffle else {
            for offset in 0..<size { samples.append(Int32(first + offset)) }
            return
        }
        if orderEpoch != epoch {
            order = RandomStream.epochOrder.generator(seed: seed, stream: UInt64(epoch)).permutation(count: count)
            orderEpoch = epoch
        }
        for offset in 0..<size { samples.append(order[first + offset]) }
    }
}
