import Collectives

/// Every collective against plain sums and copies, on whatever group it is given: threads in a test, ranks in the probe under mpirun.
///
/// Values are small whole numbers, so float sums are exact in any order and one wrong element cannot hide in a tolerance.
package struct CollectiveChecks {
    package let group: any CollectiveGroup
    /// One line per failed check.
    package private(set) var failures: [String] = []
    /// Checks made.
    package private(set) var count = 0

    /// Odd, prime, empty, and fewer elements than ranks.
    package static let sizes = [0, 1, 7, 10, 1024, 100_003]

    package init(_ group: any CollectiveGroup) { self.group = group }

    /// - Parameter sizes: element counts to try.
    package mutating func runAll(sizes: [Int] = CollectiveChecks.sizes) throws {
        try group.barrier()
        for size in sizes {
            try reductions(size)
            try broadcasts(size)
            try gathers(size)
            try exchanges(size)
        }
        try values()
        try agreement()
        try group.barrier()
    }

    private mutating func expect(_ condition: Bool, _ what: String) {
        count += 1
        if !condition { failures.append("rank \(group.rank) of \(group.size): \(what)") }
    }

    private func value(_ rank: Int, _ index: Int) -> Int { (index * 7 + rank * 13) % 101 - 50 }

    private func folded(_ index: Int, _ fold: (Int, Int) -> Int) -> Int {
        (1..<group.size).reduce(value(0, index)) { fold($0, value($1, index)) }
    }

    private mutating func reductions(_ size: Int) throws {
        let rank = group.rank
        var floats = (0..<size).map { Float(value(rank, $0)) }
        var floatSpan = floats.mutableSpan
        try group.allReduceSum(&floatSpan)
        expect((0..<size).allSatisfy { floats[$0] == Float(folded($0, +)) }, "allReduceSum of \(size) floats")

        var doubles = (0..<size).map { Double(value(rank, $0)) + 0.5 }
        var doubleSpan = doubles.mutableSpan
        try group.allReduceSum(&doubleSpan)
        let halves = 0.5 * Double(group.size)
        expect((0..<size).allSatisfy { doubles[$0] == Double(folded($0, +)) + halves }, "allReduceSum of \(size) doubles")

        // Above 2^53: exact only if they really travel as integers.
        let large = Int64(1) << 55
        var sums = (0..<size).map { Int64(value(rank, $0)) + large }
        var sumSpan = sums.mutableSpan
        try group.allReduceSum(&sumSpan)
        expect(
            (0..<size).allSatisfy { sums[$0] == Int64(folded($0, +)) + large * Int64(group.size) }, "allReduceSum of \(size) integers")

        var minima = (0..<size).map { Int64(value(rank, $0)) }
        var minimumSpan = minima.mutableSpan
        try group.allReduceMin(&minimumSpan)
        expect((0..<size).allSatisfy { minima[$0] == Int64(folded($0, min)) }, "allReduceMin of \(size) integers")

        var maxima = (0..<size).map { Int64(value(rank, $0)) }
        var maximumSpan = maxima.mutableSpan
        try group.allReduceMax(&maximumSpan)
        expect((0..<size).allSatisfy { maxima[$0] == Int64(folded($0, max)) }, "allReduceMax of \(size) integers")
    }

    private func bytes(_ rank: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ rank &* 17 &+ 1) }
    }

    private mutating func broadcasts(_ size: Int) throws {
        for root in 0..<group.size {
            var mine = bytes(group.rank, size)
            var span = mine.mutableSpan
            var raw = span.mutableBytes
            try group.broadcast(&raw, from: root)
            expect(mine == bytes(root, size), "broadcast of \(size) bytes from rank \(root)")
        }
    }

    private mutating func gathers(_ size: Int) throws {
        let mine = bytes(group.rank, size)
        var all = [UInt8](repeating: 0, count: size * group.size)
        var span = all.mutableSpan
        var raw = span.mutableBytes
        try group.allGather(mine.span.bytes, into: &raw)
        expect(all == (0..<group.size).flatMap { bytes($0, size) }, "allGather of \(size) bytes each")

        // Every second rank brings nothing.
        let counts = (0..<group.size).map { $0 % 2 == 0 ? size + $0 : 0 }
        let varying = bytes(group.rank, counts[group.rank])
        var joined = [UInt8](repeating: 0, count: counts.reduce(0, +))
        var joinedSpan = joined.mutableSpan
        var joinedRaw = joinedSpan.mutableBytes
        try group.allGatherVarying(varying.span.bytes, counts: counts, into: &joinedRaw)
        expect(joined == (0..<group.size).flatMap { bytes($0, counts[$0]) }, "allGatherVarying of \(counts) bytes")
    }

    /// Rank a sends rank b (a + 2b) mod 4 quarters of `size` bytes, from places with gaps to places with gaps.
    private mutating func exchanges(_ size: Int) throws {
        let p = group.size
        let rank = group.rank
        func amount(_ from: Int, _ to: Int) -> Int { (from + 2 * to) % 4 * ((size + 3) / 4) }
        func content(_ from: Int, _ to: Int) -> [UInt8] { bytes(from * p + to, amount(from, to)) }
        var send: [UInt8] = []
        var sendOffsets: [Int] = []
        for to in 0..<p {
            send += [0xee]
            sendOffsets.append(send.count)
            send += content(rank, to)
        }
        let receiveCounts = (0..<p).map { amount($0, rank) }
        var receiveOffsets: [Int] = []
        var end = 3
        for from in (0..<p).reversed() {
            receiveOffsets.insert(end, at: 0)
            end += receiveCounts[from] + 2
        }
        var receive = [UInt8](repeating: 0xdd, count: end)
        var span = receive.mutableSpan
        var raw = span.mutableBytes
        try group.allToAll(
            send.span.bytes, sendCounts: (0..<p).map { amount(rank, $0) }, sendOffsets: sendOffsets,
            into: &raw, receiveCounts: receiveCounts, receiveOffsets: receiveOffsets)
        var wanted = [UInt8](repeating: 0xdd, count: end)
        for from in 0..<p {
            wanted.replaceSubrange(receiveOffsets[from]..<receiveOffsets[from] + receiveCounts[from], with: content(from, rank))
        }
        expect(receive == wanted, "allToAll with \(receiveCounts) bytes received")
    }

    private mutating func values() throws {
        let p = Int64(group.size)
        let rank = Int64(group.rank)
        expect(try group.allReduceSum(rank) == p * (p - 1) / 2, "allReduceSum of one value")
        expect(try group.allReduceMin(-rank) == 1 - p, "allReduceMin of one value")
        expect(try group.allReduceMax(rank) == p - 1, "allReduceMax of one value")
        let last = group.size - 1
        let text = group.rank == last ? Array("from the last".utf8) : [1, 2]
        expect(try group.broadcastBytes(text, from: last) == Array("from the last".utf8), "broadcastBytes of different lengths")
        let words = try group.allGatherText(String(repeating: "x", count: group.rank))
        expect(words == (0..<group.size).map { String(repeating: "x", count: $0) }, "allGatherText of different lengths, one empty")
    }

    private mutating func agreement() throws {
        expect(try group.disagreements(on: [("recipe", "a1"), ("version", "1")]).isEmpty, "disagreements where all agree")
        let found = try group.disagreements(on: [("recipe", group.rank == 1 ? "b2" : "a1"), ("version", "1")])
        if group.size == 1 {
            expect(found.isEmpty, "a group of one disagrees with nobody")
        } else {
            expect(
                found.count == 1 && found[0].rank == 1 && found[0].fact == "recipe" && found[0].value == "b2" && found[0].expected == "a1",
                "disagreements: \(found)")
        }
    }
}
