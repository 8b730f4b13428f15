#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A group whose members are threads of this process, for tests of everything that is done together.
///
/// Collectives really meet: a member that throws, returns early, calls something else or stalls past the deadline makes the others' calls
/// throw (classes "peer", "mismatch", "timeout") instead of hanging. Sums are added in rank order.
package final class ThreadGroup: CollectiveGroup {
    package let rank: Int
    package let size: Int
    package let hostName: String
    package let name = "threads"
    let rendezvous: Rendezvous
    private let ended: Ended

    init(rank: Int, rendezvous: Rendezvous, ended: Ended) {
        self.rank = rank
        size = rendezvous.size
        hostName = localHostName()
        self.rendezvous = rendezvous
        self.ended = ended
    }

    /// Runs `body` once per member, each on a thread of its own, and returns their results in rank order.
    ///
    /// - Throws: the error that came first, as its own member threw it.
    package static func run<Result: Sendable>(
        _ size: Int, deadlineSeconds: Double = 60, _ body: @escaping @Sendable (ThreadGroup) throws -> Result
    ) throws -> [Result] {
        let (results, first) = start(size, deadlineSeconds, body)
        if let first { throw first }
        return try results.map { try $0.get() }
    }

    /// As `run`, with every member's own outcome.
    package static func results<Result: Sendable>(
        _ size: Int, deadlineSeconds: Double = 60, _ body: @escaping @Sendable (ThreadGroup) throws -> Result
    ) -> [Swift.Result<Result, any Error>] {
        start(size, deadlineSeconds, body).results
    }

    /// Ends this member's thread at once, and the others at their next collective, whose error carries code and reason.
    package func abort(code: Int32, reason: String) -> Never {
        let error = CollectiveError(
            operation: "abort", code: code, errorClass: "peer", text: "rank \(rank) ended the run: \(reason)", rank: rank,
            hostName: hostName)
        ended.end(error)
        pthread_exit(nil)
    }

    private static func start<Result: Sendable>(
        _ size: Int, _ deadlineSeconds: Double, _ body: @escaping @Sendable (ThreadGroup) throws -> Result
    ) -> (results: [Swift.Result<Result, any Error>], first: (any Error)?) {
        precondition(size > 0, "a group needs at least one member, not \(size)")
        let rendezvous = Rendezvous(size: size, deadlineSeconds: deadlineSeconds)
        let outcomes = Outcomes<Result>(size: size)
        let threads = (0..<size).map { rank in
            MemberThread {
                let ended = Ended { error in
                    outcomes.store(rank, .failure(error))
                    rendezvous.leave(error)
                }
                do {
                    let result = try body(ThreadGroup(rank: rank, rendezvous: rendezvous, ended: ended))
                    outcomes.store(rank, .success(result))
                    rendezvous.leave(
                        CollectiveError(operation: "run", errorClass: "peer", text: "rank \(rank) has returned already", rank: rank))
                } catch {
                    outcomes.store(rank, .failure(error))
                    rendezvous.leave(
                        CollectiveError(operation: "run", errorClass: "peer", text: "rank \(rank) failed: \(error)", rank: rank))
                }
            }
        }
        for thread in threads { thread.join() }
        return outcomes.finished()
    }
}

/// How `abort` leaves word before its thread ends.
final class Ended {
    let end: (CollectiveError) -> Void
    init(_ end: @escaping (CollectiveError) -> Void) { self.end = end }
}

/// The members' outcomes, in rank order, and which failure came first.
///
/// `@unchecked Sendable`: written under `mutex`, read after all threads have been joined.
private final class Outcomes<Value: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private var values: [Result<Value, any Error>?]
    private var first: (any Error)?

    init(size: Int) {
        values = [Result<Value, any Error>?](repeating: nil, count: size)
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func store(_ rank: Int, _ outcome: Result<Value, any Error>) {
        pthread_mutex_lock(mutex)
        values[rank] = outcome
        if first == nil, case .failure(let error) = outcome { first = error }
        pthread_mutex_unlock(mutex)
    }

    func finished() -> (results: [Result<Value, any Error>], first: (any Error)?) {
        (values.map { $0! }, first)
    }
}

/// A joinable thread with the stack of a main thread.
private final class MemberThread {
    private var thread = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, 8 << 20)
        let box = Unmanaged.passRetained(Box(body))
        let status = pthread_create(
            &thread, &attributes,
            { pointer in
                Unmanaged<Box>.fromOpaque(pointer!).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        pthread_attr_destroy(&attributes)
        precondition(status == 0, "no thread for a member of a ThreadGroup: error \(status)")
    }

    func join() {
        pthread_join(thread, nil)
    }

    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
