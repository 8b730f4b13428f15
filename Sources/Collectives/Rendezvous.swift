#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a member of a `ThreadGroup` brings to a collective: where its bytes are, and what it believes is being done.
struct Contribution {
    var operation = ""
    /// What has to be equal on all members: byte count, root and the like.
    var agreement: [Int] = []
    /// Bytes the others may read between the two meetings of a collective.
    var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Offsets and counts for the varying exchanges.
    var counts: [Int] = []
    var offsets: [Int] = []
}

/// Where the threads of a `ThreadGroup` meet: a barrier that carries contributions and knows who will never come.
///
/// `@unchecked Sendable`: everything mutable is touched only while `mutex` is held, except `contributions` between two meetings of one
/// collective, when every member only reads them.
final class Rendezvous: @unchecked Sendable {
    let size: Int
    private let deadlineSeconds: Double
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var arrived = 0
    private var meeting = 0
    private var failure: CollectiveError?
    private(set) var contributions: [Contribution]

    init(size: Int, deadlineSeconds: Double) {
        self.size = size
        self.deadlineSeconds = deadlineSeconds
        contributions = [Contribution](repeating: Contribution(), count: size)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// First meeting of a collective: leaves this member's contribution and returns when all have theirs in place and agree.
    func meet(_ rank: Int, _ contribution: Contribution) throws(CollectiveError) {
        try meet(rank, contribution.operation, storing: contribution)
    }

    /// Second meeting: nobody reads a contribution any more when it returns.
    func part(_ rank: Int, _ operation: String) throws(CollectiveError) {
        try meet(rank, operation, storing: nil)
    }

    /// This member takes part no more; whoever waits for it, now or later, gets `error`. The first one stays.
    func leave(_ error: CollectiveError) {
        pthread_mutex_lock(mutex)
        if failure == nil { failure = error }
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// The failure that ended the group, if one did.
    var firstFailure: CollectiveError? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return failure
    }

    private func meet(_ rank: Int, _ operation: String, storing contribution: Contribution?) throws(CollectiveError) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if let contribution { contributions[rank] = contribution }
        if let failure { throw seen(failure, by: rank, operation) }
        arrived += 1
        if arrived == size {
            if contribution != nil { failure = disagreement() }
            arrived = 0
            meeting += 1
            pthread_cond_broadcast(condition)
            if let failure { throw seen(failure, by: rank, operation) }
            return
        }
        let mine = meeting
        var end = timespec()
        clock_gettime(CLOCK_REALTIME, &end)
        let nanoseconds = end.tv_nsec + Int(deadlineSeconds.truncatingRemainder(dividingBy: 1) * 1e9)
        end.tv_sec += Int(deadlineSeconds) + nanoseconds / 1_000_000_000
        end.tv_nsec = nanoseconds % 1_000_000_000
        // A meeting that came about counts even if a member failed right after it.
        while meeting == mine {
            if let failure { throw seen(failure, by: rank, operation) }
            if pthread_cond_timedwait(condition, mutex, &end) == ETIMEDOUT, meeting == mine, failure == nil {
                failure = CollectiveError(
                    operation: operation, errorClass: "timeout",
                    text: "\(arrived) of \(size) members came within \(deadlineSeconds) s", rank: rank)
                pthread_cond_broadcast(condition)
            }
        }
        if let failure, failure.errorClass == "mismatch" { throw seen(failure, by: rank, operation) }
    }

    /// Whether the members are in different collectives, or in the same one with other counts.
    private func disagreement() -> CollectiveError? {
        for (rank, other) in contributions.enumerated().dropFirst() {
            let first = contributions[0]
            if other.operation != first.operation || other.agreement != first.agreement {
                return CollectiveError(
                    operation: other.operation, errorClass: "mismatch",
                    text: "rank 0 is in \(first.operation) \(first.agreement), rank \(rank) in \(other.operation) \(other.agreement)",
                    rank: rank)
            }
        }
        return nil
    }

    /// The same failure from the point of view of a member that was told about it.
    private func seen(_ failure: CollectiveError, by rank: Int, _ operation: String) -> CollectiveError {
        var error = failure
        error.rank = rank
        error.operation = operation
        return error
    }
}
