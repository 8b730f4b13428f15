#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The memory below an arena: where the bytes are, and who gives them back.
///
/// The base address is always a multiple of 64 bytes, the length of a cache line and of an AVX-512 register.
///
/// `@unchecked Sendable`: the stored properties are immutable after `init`, so the object itself can be shared. The bytes it points to
/// are plain memory without a lock; the rule for them is stated at ``Arena``.
package final class Storage: @unchecked Sendable {
    /// What a base address is aligned to, in bytes.
    package static let alignment = 64

    let base: UnsafeMutableRawPointer

    /// Allocates zeroed heap memory. Traps when the system has none left: arenas are allocated once, at start.
    package init(zeroedBytes byteCount: Int) {
        precondition(byteCount >= 0, "Storage: a negative length, \(byteCount) bytes")
        // Whole cache lines, and at least one, so that the address is valid and no other allocation shares the last line.
        let rounded = max(Storage.alignment, (byteCount + Storage.alignment - 1) / Storage.alignment * Storage.alignment)
        var memory: UnsafeMutableRawPointer?
        let isLarge = rounded >= Storage.hugePage
        let code = posix_memalign(&memory, isLarge ? Storage.hugePage : Storage.alignment, rounded)
        guard code == 0, let memory else {
            preconditionFailure("Storage: the system did not give \(rounded) bytes (posix_memalign: \(code)); use a smaller model or batch")
        }
        if isLarge { Storage.adviseHugePages(memory, rounded) }
        memset(memory, 0, rounded)
        base = memory
    }

    private static let hugePage = 2 << 20

    /// Asks for huge pages where they are whole: kernels walk matrices by rows that lie a page apart, and each small page would take an entry
    /// of the translation buffer. The last part stays in small pages, so that no memory is held beyond the plan. A system that has none, or
    /// none to spare, leaves everything as it is.
    private static func adviseHugePages(_ memory: UnsafeMutableRawPointer, _ bytes: Int) {
        #if os(Linux)
            _ = madvise(memory, bytes / hugePage * hugePage, Int32(MADV_HUGEPAGE))
        #endif
    }

    deinit { free(base) }
}
