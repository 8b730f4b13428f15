/// The gradient arena cut into buckets, in the order in which backward finishes them, and each bucket into one slice per rank.
///
/// Cuts lie at multiples of `panel` elements (64 bytes of Float), so that no two ranks ever write one cache line.
package struct BucketPlan: Sendable, Equatable {
    package static let panel = 16

    /// Element ranges that tile the arena.
    package let buckets: [Range<Int>]
    package let ranks: Int

    /// - Parameters:
    ///   - elements: length of the arena in elements, a multiple of `panel`.
    ///   - bucketBytes: the wanted size; nil picks 4 MiB, where a message of one slice to each of a few ranks is well above the
    ///     latency of Open MPI's shared-memory and TCP transports and the receive buffer still fits a second-level cache share.
    package init(elements: Int, bucketBytes: Int?, ranks: Int) {
        precondition(elements % Self.panel == 0, "BucketPlan: an arena of \(elements) elements is not whole panels of \(Self.panel)")
        let wanted = max(Self.panel, (bucketBytes ?? 4 << 20) / MemoryLayout<Float>.stride / Self.panel * Self.panel)
        var buckets: [Range<Int>] = []
        var at = 0
        while at < elements {
            let end = min(elements, at + wanted)
            buckets.append(at..<end)
            at = end
        }
        self.buckets = buckets
        self.ranks = ranks
    }

    /// The part of `bucket` that `rank` reduces.
    package func slice(of bucket: Range<Int>, rank: Int) -> Range<Int> {
        let panels = ShardMap.part(rank, of: ranks, count: bucket.count / Self.panel)
        return (bucket.lowerBound + panels.lowerBound * Self.panel)..<(bucket.lowerBound + panels.upperBound * Self.panel)
    }

    /// The longest slice of any bucket, in elements.
    package var longestSlice: Int { buckets.map { slice(of: $0, rank: 0).count }.max() ?? 0 }
}
