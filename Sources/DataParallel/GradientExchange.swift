import Collectives
import TensorCore

/// Turns the shard gradients of all ranks into the gradient of the global batch, on every rank.
///
/// One step: for each action of `schedule`, compute a shard's gradient into `partials[slot]` or add two slots; then `exchange()`. What
/// comes back is Σ over all shards. The seed gradient of each shard is scaled by 1 / (rows of the global batch), so this sum is the
/// gradient of the mean loss, exactly, with uneven and empty shards included.
package protocol GradientExchange: AnyObject {
    /// What this rank computes and adds by itself.
    var schedule: LocalSchedule { get }
    /// One arena per slot of `schedule`.
    var partials: [Arena<Float>] { get }
    /// Bytes that this rank sends per step.
    var bytesPerStep: Int { get }
    /// Bytes of all arenas that this rank holds for it, partials included.
    var arenaBytes: Int { get }
    /// Combines the partials of all ranks; the result is valid until the next step begins.
    /// - Complexity: O(arena) additions in all over the ranks; no allocation.
    func exchange() throws(CollectiveError) -> Arena<Float>
}

/// Adds along the fixed tree: bit-identical at any number of ranks.
///
/// Bucket by bucket, each rank receives all partials of its own slice, adds them in the order of `GlobalSchedule`, and the finished
/// slices go to everybody. Volume per rank 2·N·(P−1)/P for one partial each: that of a ring, with an order that is known beforehand.
package final class TreeExchange: GradientExchange {
    package let schedule: LocalSchedule
    package let partials: [Arena<Float>]
    private let global: GlobalSchedule
    private let plan: BucketPlan
    private let group: any CollectiveGroup
    private let add: AddKernel
    private let reduced: Arena<Float>
    /// All partials of my slice of one bucket, partial after partial.
    private let received: Arena<Float>
    private let rounds: [[Round]]
    private let gatherCounts: [[Int]]

    /// `target += source` on whole spans, exact (one IEEE addition per element).
    package typealias AddKernel = @Sendable (_ source: Span<Float>, _ target: inout MutableSpan<Float>) -> Void

    /// One all-to-all of a bucket: every rank sends its `index`-th partial.
    private struct Round {
        let send: Int?
        let sendCounts: [Int]
        let sendOffsets: [Int]
        let receiveCounts: [Int]
        let receiveOffsets: [Int]
    }

    package init(elements: Int, map: ShardMap, bucketBytes: Int?, group: any CollectiveGroup, add: @escaping AddKernel) {
        precondition(map.ranks == group.size, "TreeExchange: a map for \(map.ranks) ranks in a group of \(group.size)")
        let tree = ShardTree(shards: map.shards)
        let schedule = LocalSchedule(tree: tree, owned: map.shards(of: group.rank))
        let partials = (0..<schedule.slots).map { _ in Arena<Float>(count: elements) }
        let global = GlobalSchedule(tree: tree, map: map)
        let plan = BucketPlan(elements: elements, bucketBytes: bucketBytes, ranks: group.size)
        (self.schedule, self.partials, self.global, self.plan) = (schedule, partials, global, plan)
        self.group = group
        self.add = add
        let alone = group.size == 1
        reduced = alone ? partials[schedule.results[0]] : Arena<Float>(count: elements)
        received = Arena<Float>(count: alone ? 0 : global.partials * plan.longestSlice)
        let rank = group.rank
        let stride = MemoryLayout<Float>.stride
        let mostPartials = global.partialsOfRank.max() ?? 0
        // Where the partials of each rank begin among all partials.
        let firstPartial = global.partialsOfRank.indices.map { global.partialsOfRank[..<$0].reduce(0, +) }
        var rounds: [[Round]] = []
        var gatherCounts: [[Int]] = []
        for bucket in plan.buckets where !alone {
            let slices = (0..<map.ranks).map { plan.slice(of: bucket, rank: $0) }
            let mine = slices[rank].count * stride
            rounds.append(
                (0..<mostPartials).map { index in
                    let sends = index < schedule.results.count
                    return Round(
                        send: sends ? schedule.results[index] : nil,
                        sendCounts: slices.map { sends ? $0.count * stride : 0 },
                        sendOffsets: slices.map { $0.lowerBound * stride },
                        receiveCounts: global.partialsOfRank.map { index < $0 ? mine : 0 },
                        receiveOffsets: global.partialsOfRank.indices.map {
                            index < global.partialsOfRank[$0] ? (firstPartial[$0] + index) * mine : 0
                        })
                })
            gatherCounts.append(slices.map { $0.count * stride })
        }
        self.rounds = rounds
        self.gatherCounts = gatherCounts
    }

    package var bytesPerStep: Int {
        let own = rounds.joined().reduce(0) { $0 + $1.sendCounts.reduce(0, +) - $1.sendCounts[group.rank] }
        let gathered = gatherCounts.reduce(0) { $0 + $1[group.rank] * (group.size - 1) }
        return own + gathered
    }

    package var arenaBytes: Int { bytes(of: partials + [reduced, received]) }

    package func exchange() throws(CollectiveError) -> Arena<Float> {
        if group.size == 1 { return reduced }
        for index in plan.buckets.indices { try exchange(bucket: index) }
        return reduced
    }

    private func exchange(bucket index: Int) throws(CollectiveError) {
        let bucket = plan.buckets[index]
        let length = plan.slice(of: bucket, rank: group.rank).count
        try received.withMutableSpan { (all) throws(CollectiveError) in
            var bytes = all.mutableBytes
            for round in rounds[index] {
                // A rank without a partial in this round sends nothing; any arena serves as the (unread) source.
                let source = round.send.map { partials[$0] } ?? reduced
                try source.withSpan { (span) throws(CollectiveError) in
                    try group.allToAll(
                        span.bytes, sendCounts: round.sendCounts, sendOffsets: round.sendOffsets, into: &bytes,
                        receiveCounts: round.receiveCounts, receiveOffsets: round.receiveOffsets)
                }
            }
        }
        for step in global.adds where length > 0 {
            received.withSpan(step.source * length..<(step.source + 1) * length) { source in
                received.withMutableSpan(step.target * length..<(step.target + 1) * length) { target in add(source, &target) }
            }
        }
        try received.withSpan(0..<length) { (mine) throws(CollectiveError) in
            try reduced.withMutableSpan(bucket) { (all) throws(CollectiveError) in
                var bytes = all.mutableBytes
                try group.allGatherVarying(mine.bytes, counts: gatherCounts[index], into: &bytes)
            }
        }
    }
}

/// Sends gradients through plain `MPI_Allreduce`. The order of additions is the MPI library's, so weights agree with the tree only to
/// rounding, and may differ between numbers of ranks; kept to measure against and to test the tree.
package final class AllReduceExchange: GradientExchange {
    package let schedule: LocalSchedule
    package let partials: [Arena<Float>]
    private let group: any CollectiveGroup
    private let add: TreeExchange.AddKernel
    private let total: Arena<Float>
    private let plan: BucketPlan

    package init(elements: Int, map: ShardMap, bucketBytes: Int?, group: any CollectiveGroup, add: @escaping TreeExchange.AddKernel) {
        schedule = LocalSchedule(tree: ShardTree(shards: map.shards), owned: map.shards(of: group.rank))
        partials = (0..<schedule.slots).map { _ in Arena<Float>(count: elements) }
        total = schedule.results.first.map { [partials] in partials[$0] } ?? Arena<Float>(count: elements)
        plan = BucketPlan(elements: elements, bucketBytes: bucketBytes, ranks: group.size)
        self.group = group
        self.add = add
    }

    package var bytesPerStep: Int {
        group.size == 1 ? 0 : 2 * total.count * MemoryLayout<Float>.stride * (group.size - 1) / group.size
    }

    package var arenaBytes: Int { bytes(of: partials + [total]) }

    package func exchange() throws(CollectiveError) -> Arena<Float> {
        if schedule.results.isEmpty { total.fill(0) }
        for slot in schedule.results.dropFirst() {
            partials[slot].withSpan { source in total.withMutableSpan { target in add(source, &target) } }
        }
        if group.size == 1 { return total }
        for bucket in plan.buckets {
            try total.withMutableSpan(bucket) { (span) throws(CollectiveError) in try group.allReduceSum(&span) }
        }
        return total
    }
}

/// What these arenas take; a result may lie in one of the partials, which counts once.
private func bytes(of arenas: [Arena<Float>]) -> Int {
    var seen: Set<ObjectIdentifier> = []
    return arenas.reduce(0) { seen.insert(ObjectIdentifier($1)).inserted ? $0 + $1.count * MemoryLayout<Float>.stride : $0 }
}
