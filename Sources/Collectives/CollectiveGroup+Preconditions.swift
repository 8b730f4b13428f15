/// The count rules of the protocol, checked alike by every group: a wrong count is a mistake of the caller and traps with the figures,
/// rather than being found out by a peer that reads the wrong bytes.
extension CollectiveGroup {
    @inline(__always)
    package func requireRoot(_ root: Int) {
        precondition(root >= 0 && root < size, "broadcast from rank \(root) in a group of \(size)")
    }

    @inline(__always)
    package func requireGather(mine: Int, all: Int) {
        precondition(all == mine * size, "allGather: \(size) members with \(mine) bytes each need \(mine * size) bytes, not \(all)")
    }

    @inline(__always)
    package func requireVaryingGather(mine: Int, counts: [Int], all: Int) {
        precondition(counts.count == size, "allGatherVarying: \(counts.count) counts for \(size) members")
        precondition(counts[rank] == mine, "allGatherVarying: rank \(rank) brings \(mine) bytes, counts say \(counts[rank])")
        var total = 0
        for count in counts {
            precondition(count >= 0, "allGatherVarying: negative count \(count)")
            total += count
        }
        precondition(total == all, "allGatherVarying: the counts add up to \(total) bytes, the receive span has \(all)")
    }

    @inline(__always)
    package func requireExchange(
        send: Int, sendCounts: [Int], sendOffsets: [Int], receive: Int, receiveCounts: [Int], receiveOffsets: [Int]
    ) {
        precondition(
            sendCounts.count == size && sendOffsets.count == size && receiveCounts.count == size && receiveOffsets.count == size,
            "allToAll: each of the four tables needs \(size) elements")
        for r in 0..<size {
            precondition(
                sendCounts[r] >= 0 && sendOffsets[r] >= 0 && sendOffsets[r] + sendCounts[r] <= send,
                "allToAll: \(sendCounts[r]) bytes at \(sendOffsets[r]) for rank \(r) do not lie in the \(send) bytes to send")
            precondition(
                receiveCounts[r] >= 0 && receiveOffsets[r] >= 0 && receiveOffsets[r] + receiveCounts[r] <= receive,
                "allToAll: \(receiveCounts[r]) bytes at \(receiveOffsets[r]) from rank \(r) do not lie in the \(receive) bytes to receive")
        }
        precondition(
            sendCounts[rank] == receiveCounts[rank],
            "allToAll: rank \(rank) sends itself \(sendCounts[rank]) bytes and expects \(receiveCounts[rank])")
    }
}
