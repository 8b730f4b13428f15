/// Numbers of tokens in as few bytes as their vocabulary allows: two below 65,537 tokens, else four. A value; copies share the memory.
package struct TokenArray: Sendable, Hashable {
    /// The number of tokens there are: all numbers are below it.
    package let vocabulary: Int
    private var narrow: [UInt16] = []
    private var wide: [Int32] = []
    private let isNarrow: Bool

    package init(vocabulary: Int) {
        precondition(vocabulary >= 1 && vocabulary <= Int(Int32.max), "TokenArray: a vocabulary of \(vocabulary)")
        self.vocabulary = vocabulary
        isNarrow = vocabulary <= 1 << 16
    }

    package init(vocabulary: Int, _ tokens: some Sequence<Int>) {
        self.init(vocabulary: vocabulary)
        for token in tokens { append(token) }
    }

    package var count: Int { isNarrow ? narrow.count : wide.count }

    package subscript(index: Int) -> Int { isNarrow ? Int(narrow[index]) : Int(wide[index]) }

    package mutating func reserveCapacity(_ count: Int) {
        if isNarrow { narrow.reserveCapacity(count) } else { wide.reserveCapacity(count) }
    }

    /// - Precondition: `token` is below the vocabulary.
    package mutating func append(_ token: Int) {
        precondition(token >= 0 && token < vocabulary, "TokenArray: token \(token) of \(vocabulary)")
        if isNarrow { narrow.append(UInt16(truncatingIfNeeded: token)) } else { wide.append(Int32(truncatingIfNeeded: token)) }
    }

    /// Copies `self[from..<from + count]` to `target[at...]`. Traps when either range lies outside.
    /// - Complexity: O(count); allocates nothing.
    package func copy(from: Int, count: Int, into target: inout MutableSpan<Int32>, at: Int) {
        precondition(
            from >= 0 && count >= 0 && from + count <= self.count && at >= 0 && at + count <= target.count,
            "copy of \(count) tokens from \(from) of \(self.count) to \(at) of \(target.count)")
        guard count > 0 else { return }
        // On pointers formed from checked ranges, so that the loop is a plain widening one.
        target.withUnsafeMutableBufferPointer { target in
            let target = target.baseAddress! + at
            if isNarrow {
                narrow.withUnsafeBufferPointer { source in
                    let source = source.baseAddress! + from
                    for index in 0..<count { target[index] = Int32(source[index]) }
                }
            } else {
                wide.withUnsafeBufferPointer { source in target.update(from: source.baseAddress! + from, count: count) }
            }
        }
    }

    /// The bytes of a range, as they lie in memory (little-endian), for digests.
    package func withBytes<R>(of range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        func part(_ bytes: UnsafeRawBufferPointer, _ width: Int) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(rebasing: bytes[range.lowerBound * width..<range.upperBound * width])
        }
        return isNarrow
            ? narrow.withUnsafeBytes { body(part($0, 2)) } : wide.withUnsafeBytes { body(part($0, 4)) }
    }
}
