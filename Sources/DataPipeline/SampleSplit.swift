import Kernels

/// Divides positions into those kept for training and those held out.
struct SampleSplit {
    var kept: [Int]
    var heldOut: [Int]

    /// - Parameters:
    ///   - positions: what to divide, ascending.
    ///   - classes: the class of every position (indexed by position, not by place in `positions`), or nil for a regression.
    ///   - fraction: the part to hold out.
    init(
        _ positions: [Int], classes: ((Int) -> Int32)?, fraction: Double, how: DataSpec.Split, seed: UInt64, stream: RandomStream
    ) {
        // Keras keeps floor(n · (1 − fraction)); so do we, whichever way samples are chosen.
        let keptCount = Int((Double(positions.count) * (1 - fraction)).rounded(.down))
        let heldOutCount = positions.count - keptCount
        switch how {
        case .tail:
            kept = Array(positions[..<keptCount])
            heldOut = Array(positions[keptCount...])
        case .stratified where classes != nil:
            let chosen = Self.stratified(positions, classes: classes!, count: heldOutCount, seed: seed, stream: stream)
            kept = positions.indices.filter { !chosen[$0] }.map { positions[$0] }
            heldOut = positions.indices.filter { chosen[$0] }.map { positions[$0] }
        case .shuffled, .stratified:
            let order = stream.generator(seed: seed).permutation(count: positions.count)
            let places = order.prefix(heldOutCount).map { Int($0) }
            var chosen = [Bool](repeating: false, count: positions.count)
            for place in places { chosen[place] = true }
            kept = positions.indices.filter { !chosen[$0] }.map { positions[$0] }
            heldOut = positions.indices.filter { chosen[$0] }.map { positions[$0] }
        }
    }

    /// Marks `count` places so that every class gives its share: the whole part of it, and by largest remainder until the count is
    /// reached (ties to the lower class). No class gives its last member.
    private static func stratified(
        _ positions: [Int], classes: (Int) -> Int32, count: Int, seed: UInt64, stream: RandomStream
    ) -> [Bool] {
        let largest = positions.map { Int(classes($0)) }.max() ?? -1
        var members = [[Int]](repeating: [], count: largest + 1)
        for place in positions.indices { members[Int(classes(positions[place]))].append(place) }

        let shares = members.map { Double($0.count) * Double(count) / Double(max(positions.count, 1)) }
        var quota = shares.indices.map { min(Int(shares[$0]), max(members[$0].count - 1, 0)) }
        let byRemainder = shares.indices.sorted {
            let (a, b) = (shares[$0] - Double(quota[$0]), shares[$1] - Double(quota[$1]))
            return a == b ? $0 < $1 : a > b
        }
        var missing = count - quota.reduce(0, +)
        while missing > 0 {
            let before = missing
            for label in byRemainder where missing > 0 && quota[label] < members[label].count - 1 {
                quota[label] += 1
                missing -= 1
            }
            if missing == before { break }
        }

        var chosen = [Bool](repeating: false, count: positions.count)
        for label in members.indices where quota[label] > 0 {
            let order = stream.generator(seed: seed, stream: UInt64(label)).permutation(count: members[label].count)
            for index in order.prefix(quota[label]) { chosen[members[label][Int(index)]] = true }
        }
        return chosen
    }
}
