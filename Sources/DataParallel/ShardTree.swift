/// The fixed binary tree in which shard gradients are added.
///
/// A node covers the shards `range`. A node of n > 1 shards splits at the largest power of two below n, so the shape depends on the
/// number of virtual shards alone. Whoever adds along this tree gets the same bits, whatever the number of ranks (DESIGN, idea 4).
package struct ShardTree: Sendable, Equatable {
    /// Number of leaves: virtual shards, at least one.
    package let shards: Int

    package init(shards: Int) {
        precondition(shards > 0, "ShardTree: a run has at least one virtual shard, got \(shards)")
        self.shards = shards
    }

    /// Where a node of `count` shards splits: the largest power of two below `count`.
    /// - Complexity: O(1).
    package static func split(_ count: Int) -> Int {
        precondition(count > 1, "ShardTree.split: a node of \(count) shards has no children")
        return 1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
    }

    /// The two children of the node that covers `range`.
    package static func children(of range: Range<Int>) -> (left: Range<Int>, right: Range<Int>) {
        let middle = range.lowerBound + split(range.count)
        return (range.lowerBound..<middle, middle..<range.upperBound)
    }

    /// The nodes that lie wholly in `owned`, no parent of which does: what one rank can add up alone, in shard order.
    /// - Complexity: O(log shards) nodes.
    package func maximalSubtrees(in owned: Range<Int>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        func visit(_ node: Range<Int>) {
            if node.isEmpty || !node.overlaps(owned) { return }
            if owned.lowerBound <= node.lowerBound && node.upperBound <= owned.upperBound { return found.append(node) }
            let (left, right) = Self.children(of: node)
            visit(left)
            visit(right)
        }
        visit(0..<shards)
        return found
    }
}

/// Which rows of a global batch belong to which virtual shard, and which shards to which rank.
///
/// Both are contiguous and as even as integers allow: the first `count % parts` parts get one more. Ranks beyond the number of shards
/// own none and take part in every collective with nothing to add.
package struct ShardMap: Sendable, Equatable {
    package let shards: Int
    package let ranks: Int

    package init(shards: Int, ranks: Int) {
        precondition(shards > 0 && ranks > 0, "ShardMap: \(shards) shards on \(ranks) ranks")
        self.shards = shards
        self.ranks = ranks
    }

    /// Part `index` of `count` things cut into `parts` contiguous parts.
    package static func part(_ index: Int, of parts: Int, count: Int) -> Range<Int> {
        let (each, extra) = count.quotientAndRemainder(dividingBy: parts)
        let start = index * each + min(index, extra)
        return start..<(start + each + (index < extra ? 1 : 0))
    }

    /// The shards that `rank` computes.
    package func shards(of rank: Int) -> Range<Int> { Self.part(rank, of: ranks, count: shards) }

    /// The rank that computes `shard`.
    package func rank(of shard: Int) -> Int {
        let (each, extra) = shards.quotientAndRemainder(dividingBy: ranks)
        let inLonger = extra * (each + 1)
        return shard < inLonger ? shard / (each + 1) : extra + (shard - inLonger) / max(each, 1)
    }

    /// The rows of a global batch of `rows` rows that make up `shard`.
    package func rows(of shard: Int, batchRows rows: Int) -> Range<Int> { Self.part(shard, of: shards, count: rows) }

    /// The rows of a global batch that `rank` needs: those of all its shards, contiguous.
    package func rows(ofRank rank: Int, batchRows rows: Int) -> Range<Int> {
        let own = shards(of: rank)
        guard let first = own.first, let last = own.last else { return 0..<0 }
        return self.rows(of: first, batchRows: rows).lowerBound..<self.rows(of: last, batchRows: rows).upperBound
    }

    /// The most rows that one shard of a batch of `rows` rows can have.
    package func shardCapacity(batchRows rows: Int) -> Int { (rows + shards - 1) / shards }

    /// The most shards that one rank owns.
    package var shardsPerRank: Int { (shards + ranks - 1) / ranks }
}
