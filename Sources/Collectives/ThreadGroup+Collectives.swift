extension ThreadGroup {
    package func barrier() throws(CollectiveError) {
        try rendezvous.meet(rank, Contribution(operation: "barrier"))
    }

    package func broadcast(_ bytes: inout MutableRawSpan, from root: Int) throws(CollectiveError) {
        requireRoot(root)
        try bytes.withUnsafeMutableBytes { (target) throws(CollectiveError) in
            try exchange("broadcast", agreement: [target.count, root], UnsafeRawBufferPointer(target)) { all in
                if rank != root { copy(all[root].bytes, to: target, at: 0) }
            }
        }
    }

    package func allGather(_ mine: RawSpan, into all: inout MutableRawSpan) throws(CollectiveError) {
        requireGather(mine: mine.byteCount, all: all.byteCount)
        try mine.withUnsafeBytes { (source) throws(CollectiveError) in
            try all.withUnsafeMutableBytes { (target) throws(CollectiveError) in
                try exchange("allGather", agreement: [source.count], source) { all in
                    for r in 0..<size { copy(all[r].bytes, to: target, at: r * source.count) }
                }
            }
        }
    }

    package func allGatherVarying(_ mine: RawSpan, counts: [Int], into all: inout MutableRawSpan) throws(CollectiveError) {
        requireVaryingGather(mine: mine.byteCount, counts: counts, all: all.byteCount)
        try mine.withUnsafeBytes { (source) throws(CollectiveError) in
            try all.withUnsafeMutableBytes { (target) throws(CollectiveError) in
                try exchange("allGatherVarying", agreement: counts, source) { all in
                    var offset = 0
                    for r in 0..<size {
                        copy(all[r].bytes, to: target, at: offset)
                        offset += counts[r]
                    }
                }
            }
        }
    }

    package func allToAll(
        _ send: RawSpan, sendCounts: [Int], sendOffsets: [Int],
        into receive: inout MutableRawSpan, receiveCounts: [Int], receiveOffsets: [Int]
    ) throws(CollectiveError) {
        requireExchange(
            send: send.byteCount, sendCounts: sendCounts, sendOffsets: sendOffsets,
            receive: receive.byteCount, receiveCounts: receiveCounts, receiveOffsets: receiveOffsets)
        try send.withUnsafeBytes { (source) throws(CollectiveError) in
            try receive.withUnsafeMutableBytes { (target) throws(CollectiveError) in
                let mine = Contribution(operation: "allToAll", bytes: source, counts: sendCounts, offsets: sendOffsets)
                var mismatch: CollectiveError?
                try exchange(mine) { all in
                    for r in 0..<size {
                        let (count, offset) = (all[r].counts[rank], all[r].offsets[rank])
                        guard count == receiveCounts[r] else {
                            mismatch = CollectiveError(
                                operation: "allToAll", errorClass: "mismatch",
                                text: "rank \(r) sends \(count) bytes to rank \(rank), which expects \(receiveCounts[r])", rank: rank)
                            continue
                        }
                        guard count > 0 else { continue }
                        copy(UnsafeRawBufferPointer(rebasing: all[r].bytes[offset..<offset + count]), to: target, at: receiveOffsets[r])
                    }
                }
                if let mismatch { throw mismatch }
            }
        }
    }

    package func allReduceSum(_ values: inout MutableSpan<Float>) throws(CollectiveError) {
        try reduce("allReduceSum Float", &values) { $0 + $1 }
    }

    package func allReduceSum(_ values: inout MutableSpan<Double>) throws(CollectiveError) {
        try reduce("allReduceSum Double", &values) { $0 + $1 }
    }

    package func allReduceSum(_ values: inout MutableSpan<Int64>) throws(CollectiveError) {
        try reduce("allReduceSum Int64", &values) { $0 &+ $1 }
    }

    package func allReduceMin(_ values: inout MutableSpan<Int64>) throws(CollectiveError) {
        try reduce("allReduceMin", &values) { min($0, $1) }
    }

    package func allReduceMax(_ values: inout MutableSpan<Int64>) throws(CollectiveError) {
        try reduce("allReduceMax", &values) { max($0, $1) }
    }

    /// Each member folds all contributions in rank order into a buffer of its own, and overwrites its own values only when nobody reads
    /// them any more.
    private func reduce<Value: BitwiseCopyable>(
        _ operation: String, _ values: inout MutableSpan<Value>, _ fold: (Value, Value) -> Value
    ) throws(CollectiveError) {
        try values.withUnsafeMutableBufferPointer { (target) throws(CollectiveError) in
            var folded: [Value] = []
            try exchange(operation, agreement: [target.count], UnsafeRawBufferPointer(target)) { all in
                folded = Array(all[0].bytes.bindMemory(to: Value.self))
                for r in 1..<size {
                    for (index, value) in all[r].bytes.bindMemory(to: Value.self).enumerated() {
                        folded[index] = fold(folded[index], value)
                    }
                }
            }
            for index in target.indices { target[index] = folded[index] }
        }
    }

    private func exchange(
        _ operation: String, agreement: [Int], _ bytes: UnsafeRawBufferPointer, _ body: ([Contribution]) -> Void
    ) throws(CollectiveError) {
        try exchange(Contribution(operation: operation, agreement: agreement, bytes: bytes), body)
    }

    /// Meets, lets `body` read everyone's contribution, and parts.
    private func exchange(_ mine: Contribution, _ body: ([Contribution]) -> Void) throws(CollectiveError) {
        try rendezvous.meet(rank, mine)
        body(rendezvous.contributions)
        try rendezvous.part(rank, mine.operation)
    }

    private func copy(_ source: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer, at offset: Int) {
        guard source.count > 0 else { return }
        (target.baseAddress! + offset).copyMemory(from: source.baseAddress!, byteCount: source.count)
    }
}
