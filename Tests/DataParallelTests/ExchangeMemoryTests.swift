import Collectives
import DataParallel
import Testing

/// What an exchange says it holds is all of it: partials, the result, and what it receives into.
@Suite struct ExchangeMemoryTests {
    private static let elements = 1600

    private func exchanges(ranks: Int, shards: Int, bucketBytes: Int?) throws -> [(tree: Int, plain: Int, slots: Int)] {
        try ThreadGroup.run(ranks) { group in
            let map = ShardMap(shards: shards, ranks: ranks)
            let add: TreeExchange.AddKernel = { _, _ in }
            let tree = TreeExchange(elements: Self.elements, map: map, bucketBytes: bucketBytes, group: group, add: add)
            let plain = AllReduceExchange(elements: Self.elements, map: map, bucketBytes: bucketBytes, group: group, add: add)
            return (tree.arenaBytes, plain.arenaBytes, tree.partials.count)
        }
    }

    @Test func oneRankAddsInItsPartials() throws {
        for one in try exchanges(ranks: 1, shards: 4, bucketBytes: nil) {
            #expect(one.tree == one.slots * 4 * Self.elements)
            #expect(one.plain == one.tree)
        }
    }

    /// One bucket: a partial of each rank for the half that this one reduces, so as much as the gradient, and the result.
    @Test func twoRanksReceiveAPartialOfEach() throws {
        for one in try exchanges(ranks: 2, shards: 4, bucketBytes: nil) {
            #expect(one.tree == (one.slots + 2) * 4 * Self.elements)
            #expect(one.plain == one.slots * 4 * Self.elements)
        }
    }

    /// Buckets of 400 elements, 25 panels of 16: the longer slice has 13.
    @Test func bucketsBoundWhatIsReceived() throws {
        for one in try exchanges(ranks: 2, shards: 2, bucketBytes: 1600) {
            #expect(one.tree == (one.slots + 1) * 4 * Self.elements + 2 * 13 * 16 * 4)
        }
    }

    /// A rank without a shard holds no partial, yet receives.
    @Test func aRankWithoutShardsStillReceives() throws {
        let all = try exchanges(ranks: 3, shards: 2, bucketBytes: nil)
        let idle = try #require(all.first { $0.slots == 0 })
        #expect(idle.plain == 4 * Self.elements)
        // A third of 100 panels, the longest slice being 34.
        #expect(idle.tree == 4 * Self.elements + 2 * 34 * 16 * 4)
    }
}
