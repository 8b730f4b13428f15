/// A flat, zeroed, 64-byte aligned array of scalars: the memory that parameters, gradients, optimiser states and activations live in.
///
/// Access is by closures that receive a `Span` or `MutableSpan`; forming one costs a few instructions and allocates nothing.
///
/// `@unchecked Sendable`: the object is immutable; the elements are not guarded by a lock. Whoever shares an arena between threads has to
/// hand it over at a synchronisation point (a queue, a barrier, the end of a task), so that at any time either one thread writes a range
/// or any number read it. The trainer's step has such points only: backward, exchange and update follow each other.
package final class Arena<Scalar: BitwiseCopyable & Sendable>: @unchecked Sendable {
    private let storage: Storage

    /// The number of elements.
    package let count: Int

    /// The first element, for the few files that form spans from offsets (the executor of `Graphs`). Valid while the arena lives.
    package let unsafeBase: UnsafeMutablePointer<Scalar>

    /// Allocates `count` zeroed elements on the heap.
    package init(count: Int) {
        precondition(count >= 0, "Arena: a negative number of elements, \(count)")
        storage = Storage(zeroedBytes: count * MemoryLayout<Scalar>.stride)
        self.count = count
        unsafeBase = storage.base.bindMemory(to: Scalar.self, capacity: count)
    }

    /// Reads a range of elements. Traps when the range is not inside the arena.
    @inlinable
    package func withSpan<R: ~Copyable, E: Error>(_ range: Range<Int>, _ body: (Span<Scalar>) throws(E) -> R) throws(E) -> R {
        check(range)
        let elements = UnsafeBufferPointer(start: UnsafePointer(unsafeBase) + range.lowerBound, count: range.count)
        return try body(elements.span)
    }

    /// Reads all elements.
    @inlinable
    package func withSpan<R: ~Copyable, E: Error>(_ body: (Span<Scalar>) throws(E) -> R) throws(E) -> R {
        try withSpan(0..<count, body)
    }

    /// Reads and writes a range of elements. Traps when the range is not inside the arena.
    @inlinable
    package func withMutableSpan<R: ~Copyable, E: Error>(
        _ range: Range<Int>, _ body: (inout MutableSpan<Scalar>) throws(E) -> R
    ) throws(E) -> R {
        check(range)
        let elements = UnsafeMutableBufferPointer(start: unsafeBase + range.lowerBound, count: range.count)
        var span = elements.mutableSpan
        return try body(&span)
    }

    /// Reads and writes all elements.
    @inlinable
    package func withMutableSpan<R: ~Copyable, E: Error>(_ body: (inout MutableSpan<Scalar>) throws(E) -> R) throws(E) -> R {
        try withMutableSpan(0..<count, body)
    }

    /// One element, for tests and set-up; loops use spans.
    @inlinable
    package subscript(index: Int) -> Scalar {
        get {
            check(index..<index + 1)
            return unsafeBase[index]
        }
        set {
            check(index..<index + 1)
            unsafeBase[index] = newValue
        }
    }

    /// Copies all elements of an arena of the same length. No allocation.
    package func copy(from other: Arena<Scalar>) {
        precondition(other.count == count, "Arena.copy: \(other.count) elements into an arena of \(count)")
        unsafeBase.update(from: other.unsafeBase, count: count)
    }

    /// Writes one value to all elements of a range (the whole arena by default). No allocation.
    package func fill(_ value: Scalar, _ range: Range<Int>? = nil) {
        let range = range ?? 0..<count
        check(range)
        (unsafeBase + range.lowerBound).update(repeating: value, count: range.count)
    }

    /// The elements as an array: a copy, for tests and files.
    package func array(_ range: Range<Int>? = nil) -> [Scalar] {
        let range = range ?? 0..<count
        check(range)
        return Array(UnsafeBufferPointer(start: unsafeBase + range.lowerBound, count: range.count))
    }

    @inlinable @inline(__always)
    package func check(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "Arena: a range outside of the arena's elements")
    }
}
