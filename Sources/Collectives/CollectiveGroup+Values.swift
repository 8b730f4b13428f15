/// Conveniences for the start and the end of a run, where a few small values travel and allocation does not matter.
extension CollectiveGroup {
    /// The sum of every member's value.
    package func allReduceSum(_ value: Int64) throws(CollectiveError) -> Int64 {
        var values = [value]
        var span = values.mutableSpan
        try allReduceSum(&span)
        return span[0]
    }

    /// The smallest of the members' values.
    package func allReduceMin(_ value: Int64) throws(CollectiveError) -> Int64 {
        var values = [value]
        var span = values.mutableSpan
        try allReduceMin(&span)
        return span[0]
    }

    /// The largest of the members' values.
    package func allReduceMax(_ value: Int64) throws(CollectiveError) -> Int64 {
        var values = [value]
        var span = values.mutableSpan
        try allReduceMax(&span)
        return span[0]
    }

    /// Member `root`'s bytes on every member. The others' argument is ignored, so its length need not match.
    package func broadcastBytes(_ bytes: [UInt8], from root: Int) throws(CollectiveError) -> [UInt8] {
        let count = Int(try allReduceMax(rank == root ? Int64(bytes.count) : 0))
        var result = rank == root ? bytes : [UInt8](repeating: 0, count: count)
        guard count > 0 else { return result }
        var span = result.mutableSpan
        var raw = span.mutableBytes
        try broadcast(&raw, from: root)
        return result
    }

    /// Every member's bytes, in rank order, whatever their lengths.
    package func allGatherBytes(_ mine: [UInt8]) throws(CollectiveError) -> [[UInt8]] {
        let count = [Int64(mine.count)]
        var counts64 = [Int64](repeating: 0, count: size)
        do {
            var span = counts64.mutableSpan
            var raw = span.mutableBytes
            try allGather(count.span.bytes, into: &raw)
        }
        let counts = counts64.map { Int($0) }
        var all = [UInt8](repeating: 0, count: counts.reduce(0, +))
        do {
            var span = all.mutableSpan
            var raw = span.mutableBytes
            try allGatherVarying(mine.span.bytes, counts: counts, into: &raw)
        }
        var result: [[UInt8]] = []
        var offset = 0
        for count in counts {
            result.append(Array(all[offset..<offset + count]))
            offset += count
        }
        return result
    }

    /// Every member's text, in rank order.
    package func allGatherText(_ mine: String) throws(CollectiveError) -> [String] {
        var texts: [String] = []
        for bytes in try allGatherBytes(Array(mine.utf8)) { texts.append(String(decoding: bytes, as: UTF8.self)) }
        return texts
    }
}
