#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A mutex with two condition variables, one for each side of a queue. Waiting sleeps; nothing allocates after init.
///
/// - Note: `@unchecked Sendable`: the pointers never change, and what they point to is made for several threads.
final class ThreadLock: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let conditions: UnsafeMutablePointer<pthread_cond_t>

    /// Whom a signal is for.
    enum Side: Int { case producer = 0, consumer = 1 }

    init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        conditions = .allocate(capacity: 2)
        conditions.initialize(repeating: pthread_cond_t(), count: 2)
        pthread_mutex_init(mutex, nil)
        for side in 0..<2 { pthread_cond_init(conditions + side, nil) }
    }

    deinit {
        for side in 0..<2 { pthread_cond_destroy(conditions + side) }
        pthread_mutex_destroy(mutex)
        conditions.deallocate()
        mutex.deallocate()
    }

    func lock() { pthread_mutex_lock(mutex) }
    func unlock() { pthread_mutex_unlock(mutex) }

    /// Sleeps until signalled; the lock must be held, and is again on return. May wake without a signal.
    func wait(as side: Side) { pthread_cond_wait(conditions + side.rawValue, mutex) }
    func signal(_ side: Side) { pthread_cond_signal(conditions + side.rawValue) }
}
