#if canImport(Glibc)
    import Glibc
#endif

/// Memory that ends where an unreadable page begins, so that a kernel that reads or writes one element too far crashes the test.
final class GuardedMemory<Element: BitwiseCopyable> {
    private let base: UnsafeMutableRawPointer
    private let bytes: Int
    private let page = Int(sysconf(Int32(_SC_PAGESIZE)))

    init(capacity: Int) {
        bytes = (capacity * MemoryLayout<Element>.stride + page - 1) / page * page
        base = mmap(nil, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        precondition(base != MAP_FAILED && mprotect(base + bytes, page, PROT_NONE) == 0, "No guarded memory")
    }

    deinit { munmap(base, bytes + page) }

    /// The last `values.count` elements before the guard, holding `values`.
    func hold(_ values: [Element]) -> UnsafeMutableBufferPointer<Element> {
        let start = base + bytes - values.count * MemoryLayout<Element>.stride
        let buffer = UnsafeMutableBufferPointer(start: start.assumingMemoryBound(to: Element.self), count: values.count)
        for i in 0..<values.count { buffer[i] = values[i] }
        return buffer
    }
}
