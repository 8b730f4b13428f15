import DataParallel
import Testing

@Suite struct ShardTreeTests {
    @Test func splitsAtTheLargestPowerOfTwoBelow() {
        #expect([2, 3, 4, 5, 6, 7, 8, 9, 16, 17].map(ShardTree.split) == [1, 2, 2, 4, 4, 4, 4, 8, 8, 16])
    }

    @Test func maximalSubtreesTileTheOwnedRange() {
        for shards in 1...13 {
            let tree = ShardTree(shards: shards)
            for low in 0...shards {
                for high in low...shards {
                    let nodes = tree.maximalSubtrees(in: low..<high)
                    #expect(nodes.flatMap { Array($0) } == Array(low..<high), "shards \(shards), range \(low)..<\(high)")
                }
            }
        }
    }

    @Test func everyShardAndRowHasExactlyOneOwner() {
        for shards in 1...9 {
            for ranks in 1...11 {
                let map = ShardMap(shards: shards, ranks: ranks)
                #expect((0..<ranks).flatMap { Array(map.shards(of: $0)) } == Array(0..<shards))
                for shard in 0..<shards { #expect(map.shards(of: map.rank(of: shard)).contains(shard)) }
                for rows in [0, 1, 5, 32, 33] {
                    #expect((0..<shards).flatMap { Array(map.rows(of: $0, batchRows: rows)) } == Array(0..<rows))
                    #expect((0..<ranks).flatMap { Array(map.rows(ofRank: $0, batchRows: rows)) } == Array(0..<rows))
                    for shard in 0..<shards {
                        #expect(map.rows(of: shard, batchRows: rows).count <= map.shardCapacity(batchRows: rows))
                    }
                }
            }
        }
    }

    /// The two schedules together must write the one expression that the tree alone defines, for every number of ranks.
    @Test func schedulesOfAnyRankCountWriteTheSameExpression() {
        func expression(_ node: Range<Int>) -> String {
            if node.count == 1 { return "\(node.lowerBound)" }
            let (left, right) = ShardTree.children(of: node)
            return "(\(expression(left))+\(expression(right)))"
        }
        for shards in 1...12 {
            let tree = ShardTree(shards: shards)
            for ranks in 1...14 {
                let map = ShardMap(shards: shards, ranks: ranks)
                var partials: [String] = []
                for rank in 0..<ranks {
                    let local = LocalSchedule(tree: tree, owned: map.shards(of: rank))
                    var slots = [String](repeating: "?", count: local.slots)
                    for action in local.actions {
                        switch action {
                        case .compute(let shard, let slot): slots[slot] = "\(shard)"
                        case .add(let source, let target): slots[target] = "(\(slots[target])+\(slots[source]))"
                        }
                    }
                    partials += local.results.map { slots[$0] }
                }
                let global = GlobalSchedule(tree: tree, map: map)
                #expect(global.partials == partials.count)
                for add in global.adds { partials[add.target] = "(\(partials[add.target])+\(partials[add.source]))" }
                #expect(partials[0] == expression(0..<shards), "\(shards) shards on \(ranks) ranks")
            }
        }
    }

    @Test func slotsGrowWithTheLogarithmOfTheShards() {
        #expect(LocalSchedule(tree: ShardTree(shards: 1), owned: 0..<1).slots == 1)
        #expect(LocalSchedule(tree: ShardTree(shards: 8), owned: 0..<8).slots == 4)
        #expect(LocalSchedule(tree: ShardTree(shards: 64), owned: 0..<64).slots == 7)
    }

    @Test func bucketsAndSlicesTileTheArena() {
        for elements in [0, 16, 48, 160, 4096] {
            for ranks in 1...5 {
                let plan = BucketPlan(elements: elements, bucketBytes: 300, ranks: ranks)
                #expect(plan.buckets.flatMap { Array($0) } == Array(0..<elements))
                for bucket in plan.buckets {
                    let slices = (0..<ranks).map { plan.slice(of: bucket, rank: $0) }
                    #expect(slices.flatMap { Array($0) } == Array(bucket))
                    #expect(slices.allSatisfy { $0.lowerBound % 16 == 0 && $0.count <= plan.longestSlice })
                }
            }
        }
    }
}
