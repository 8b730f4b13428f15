/// The members (ranks) of one run, and what they can do together.
///
/// Every operation is collective: all members call the same operations in the same order with matching counts, and a call
/// returns when this member's part is complete. One thread per member calls; a group is deliberately not `Sendable`.
/// Real runs use `MPIGroup` (in `MessagePassing`), a plain start uses `SingleMemberGroup`, tests use `ThreadGroup` and `FaultyGroup`.
///
/// Counts that do not match the group (a receive span of the wrong size, a root that does not exist) are programmer errors and trap;
/// what the world does (a lost peer, an MPI failure) is thrown as `CollectiveError`.
package protocol CollectiveGroup: AnyObject {
    /// This member's index, `0 ..< size`.
    var rank: Int { get }

    /// Number of members.
    var size: Int { get }

    /// Name of the machine this member runs on.
    var hostName: String { get }

    /// What carries the data, for logs: "single", "threads", "MPI (Open MPI 4.1.4)".
    var name: String { get }

    /// Returns when every member has called it.
    func barrier() throws(CollectiveError)

    /// Copies `bytes` of member `root` into `bytes` of every other member. The byte counts are equal on all members.
    func broadcast(_ bytes: inout MutableRawSpan, from root: Int) throws(CollectiveError)

    /// Concatenates every member's bytes in rank order. `mine` has the same byte count on all members; `all` has `size` times as many.
    func allGather(_ mine: RawSpan, into all: inout MutableRawSpan) throws(CollectiveError)

    /// Concatenates every member's bytes in rank order. `counts` (bytes per rank, equal on all members) has `counts[rank]` = the byte
    /// count of `mine`; `all` has their sum.
    func allGatherVarying(_ mine: RawSpan, counts: [Int], into all: inout MutableRawSpan) throws(CollectiveError)

    /// Sends `sendCounts[r]` bytes at `sendOffsets[r]` to each member `r` and receives `receiveCounts[r]` bytes at `receiveOffsets[r]`
    /// from it. What one member sends is what the other receives; zero counts are fine. All arrays have `size` elements.
    func allToAll(
        _ send: RawSpan, sendCounts: [Int], sendOffsets: [Int],
        into receive: inout MutableRawSpan, receiveCounts: [Int], receiveOffsets: [Int]
    ) throws(CollectiveError)

    /// Replaces each element by its sum over all members. The order of the additions is the carrier's affair, so float sums may differ in
    /// the last bits between member counts; what has to be bit-identical goes through the gradient tree instead.
    func allReduceSum(_ values: inout MutableSpan<Float>) throws(CollectiveError)

    /// As for `Float`.
    func allReduceSum(_ values: inout MutableSpan<Double>) throws(CollectiveError)

    /// Exact (wraps on overflow).
    func allReduceSum(_ values: inout MutableSpan<Int64>) throws(CollectiveError)

    /// Replaces each element by its minimum over all members.
    func allReduceMin(_ values: inout MutableSpan<Int64>) throws(CollectiveError)

    /// Replaces each element by its maximum over all members.
    func allReduceMax(_ values: inout MutableSpan<Int64>) throws(CollectiveError)

    /// Ends every member with exit code `code`, wherever they are. For caught errors only: traps and signals have their own way out.
    /// Writes `reason` with this member's rank and host on stderr first, unless it is empty.
    func abort(code: Int32, reason: String) -> Never
}
