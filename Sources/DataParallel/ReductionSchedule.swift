/// The order in which one rank computes its shards and adds their gradients, flattened into a list.
///
/// Slots are gradient arenas. Walking a subtree depth first needs one slot more than its depth; `slots` is the most that are alive at
/// once, so that the arenas can be made before the first step.
package struct LocalSchedule: Sendable, Equatable {
    package enum Action: Sendable, Equatable {
        /// Compute the gradient of `shard` into `slot` (first write: nothing needs to be zeroed).
        case compute(shard: Int, slot: Int)
        /// `target += source`, element by element; `source` is free afterwards.
        case add(source: Int, target: Int)
    }

    package private(set) var actions: [Action] = []
    /// The slots that hold this rank's maximal subtrees at the end, in shard order.
    package private(set) var results: [Int] = []
    package private(set) var slots = 0

    package init(tree: ShardTree, owned: Range<Int>) {
        var free: [Int] = []
        for node in tree.maximalSubtrees(in: owned) { results.append(visit(node, free: &free)) }
    }

    private mutating func visit(_ node: Range<Int>, free: inout [Int]) -> Int {
        if node.count == 1 {
            let slot: Int
            if let reused = free.popLast() {
                slot = reused
            } else {
                slot = slots
                slots += 1
            }
            actions.append(.compute(shard: node.lowerBound, slot: slot))
            return slot
        }
        let (left, right) = ShardTree.children(of: node)
        let target = visit(left, free: &free)
        let source = visit(right, free: &free)
        actions.append(.add(source: source, target: target))
        free.append(source)
        return target
    }
}

/// How the partial sums of all ranks are added: the upper part of the tree, above the ranks' maximal subtrees.
///
/// Partials are numbered in shard order over all ranks; the sum ends in partial 0.
package struct GlobalSchedule: Sendable, Equatable {
    package struct Add: Sendable, Equatable {
        package let source: Int
        package let target: Int
    }

    /// Number of partials that each rank contributes, in rank order.
    package let partialsOfRank: [Int]
    package let adds: [Add]

    package var partials: Int { partialsOfRank.reduce(0, +) }

    package init(tree: ShardTree, map: ShardMap) {
        let nodes = (0..<map.ranks).map { tree.maximalSubtrees(in: map.shards(of: $0)) }
        partialsOfRank = nodes.map(\.count)
        let partials = nodes.flatMap { $0 }
        var adds: [Add] = []
        func visit(_ node: Range<Int>) -> Int {
            if let index = partials.firstIndex(of: node) { return index }
            let (left, right) = ShardTree.children(of: node)
            let target = visit(left)
            let source = visit(right)
            adds.append(Add(source: source, target: target))
            return target
        }
        _ = visit(0..<tree.shards)
        self.adds = adds
    }
}
