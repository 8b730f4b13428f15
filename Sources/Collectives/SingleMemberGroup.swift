/// A group of one, for a plain start: every operation is a copy or nothing. Never touches MPI, never throws, never allocates.
package final class SingleMemberGroup: CollectiveGroup {
    package let rank = 0
    package let size = 1
    package let hostName: String
    package let name = "single"

    package init() {
        hostName = localHostName()
    }

    package func barrier() throws(CollectiveError) {}

    package func broadcast(_ bytes: inout MutableRawSpan, from root: Int) throws(CollectiveError) {
        requireRoot(root)
    }

    package func allGather(_ mine: RawSpan, into all: inout MutableRawSpan) throws(CollectiveError) {
        requireGather(mine: mine.byteCount, all: all.byteCount)
        copyBytes(mine, into: &all)
    }

    package func allGatherVarying(_ mine: RawSpan, counts: [Int], into all: inout MutableRawSpan) throws(CollectiveError) {
        requireVaryingGather(mine: mine.byteCount, counts: counts, all: all.byteCount)
        copyBytes(mine, into: &all)
    }

    package func allToAll(
        _ send: RawSpan, sendCounts: [Int], sendOffsets: [Int],
        into receive: inout MutableRawSpan, receiveCounts: [Int], receiveOffsets: [Int]
    ) throws(CollectiveError) {
        requireExchange(
            send: send.byteCount, sendCounts: sendCounts, sendOffsets: sendOffsets,
            receive: receive.byteCount, receiveCounts: receiveCounts, receiveOffsets: receiveOffsets)
        let count = sendCounts[0]
        guard count > 0 else { return }
        send.withUnsafeBytes { source in
            receive.withUnsafeMutableBytes { target in
                (target.baseAddress! + receiveOffsets[0]).copyMemory(from: source.baseAddress! + sendOffsets[0], byteCount: count)
            }
        }
    }

    package func allReduceSum(_ values: inout MutableSpan<Float>) throws(CollectiveError) {}
    package func allReduceSum(_ values: inout MutableSpan<Double>) throws(CollectiveError) {}
    package func allReduceSum(_ values: inout MutableSpan<Int64>) throws(CollectiveError) {}
    package func allReduceMin(_ values: inout MutableSpan<Int64>) throws(CollectiveError) {}
    package func allReduceMax(_ values: inout MutableSpan<Int64>) throws(CollectiveError) {}

    package func abort(code: Int32, reason: String) -> Never {
        if !reason.isEmpty { writeErrorLine("lockstep: \(reason)") }
        endProcess(code: code)
    }
}

/// Copies all of `source` to the start of `target`; both may be empty.
func copyBytes(_ source: RawSpan, into target: inout MutableRawSpan) {
    guard source.byteCount > 0 else { return }
    source.withUnsafeBytes { from in
        target.withUnsafeMutableBytes { to in
            to.baseAddress!.copyMemory(from: from.baseAddress!, byteCount: from.count)
        }
    }
}
