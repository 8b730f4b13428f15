#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A group around another one in which chosen calls fail or stall, to test what the layers above do then.
package final class FaultyGroup: CollectiveGroup {
    package enum Fault: Sendable, Equatable {
        /// The call with this number (from 1, all operations counted) throws before it reaches the group.
        case fail(call: Int)
        /// The call with this number is late by so many milliseconds.
        case stall(call: Int, milliseconds: Int)
    }

    package var rank: Int { base.rank }
    package var size: Int { base.size }
    package var hostName: String { base.hostName }
    package var name: String { "faulty \(base.name)" }

    /// Calls made so far.
    package private(set) var calls = 0
    private let base: any CollectiveGroup
    private let faults: [Fault]

    package init(_ base: any CollectiveGroup, faults: [Fault]) {
        self.base = base
        self.faults = faults
    }

    package func barrier() throws(CollectiveError) {
        try count("barrier")
        try base.barrier()
    }

    package func broadcast(_ bytes: inout MutableRawSpan, from root: Int) throws(CollectiveError) {
        try count("broadcast")
        try base.broadcast(&bytes, from: root)
    }

    package func allGather(_ mine: RawSpan, into all: inout MutableRawSpan) throws(CollectiveError) {
        try count("allGather")
        try base.allGather(mine, into: &all)
    }

    package func allGatherVarying(_ mine: RawSpan, counts: [Int], into all: inout MutableRawSpan) throws(CollectiveError) {
        try count("allGatherVarying")
        try base.allGatherVarying(mine, counts: counts, into: &all)
    }

    package func allToAll(
        _ send: RawSpan, sendCounts: [Int], sendOffsets: [Int],
        into receive: inout MutableRawSpan, receiveCounts: [Int], receiveOffsets: [Int]
    ) throws(CollectiveError) {
        try count("allToAll")
        try base.allToAll(
            send, sendCounts: sendCounts, sendOffsets: sendOffsets,
            into: &receive, receiveCounts: receiveCounts, receiveOffsets: receiveOffsets)
    }

    package func allReduceSum(_ values: inout MutableSpan<Float>) throws(CollectiveError) {
        try count("allReduceSum")
        try base.allReduceSum(&values)
    }

    package func allReduceSum(_ values: inout MutableSpan<Double>) throws(CollectiveError) {
        try count("allReduceSum")
        try base.allReduceSum(&values)
    }

    package func allReduceSum(_ values: inout MutableSpan<Int64>) throws(CollectiveError) {
        try count("allReduceSum")
        try base.allReduceSum(&values)
    }

    package func allReduceMin(_ values: inout MutableSpan<Int64>) throws(CollectiveError) {
        try count("allReduceMin")
        try base.allReduceMin(&values)
    }

    package func allReduceMax(_ values: inout MutableSpan<Int64>) throws(CollectiveError) {
        try count("allReduceMax")
        try base.allReduceMax(&values)
    }

    package func abort(code: Int32, reason: String) -> Never {
        base.abort(code: code, reason: reason)
    }

    private func count(_ operation: String) throws(CollectiveError) {
        calls += 1
        for fault in faults {
            switch fault {
            case .fail(let call) where call == calls:
                throw CollectiveError(
                    operation: operation, errorClass: "injected", text: "call \(calls) was made to fail", rank: rank, hostName: hostName)
            case .stall(let call, let milliseconds) where call == calls:
                usleep(UInt32(milliseconds) * 1000)
            default:
                continue
            }
        }
    }
}
