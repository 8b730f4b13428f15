// The one place where spans become pointers.
//
// A pointer taken here is used only while the span's own borrow lasts: every caller is a kernel method that received the span as a
// parameter and has returned from C before it returns itself. C functions keep no pointer.

extension Span where Element: BitwiseCopyable {
    /// Null if empty: that is how C is told that an operand is absent (an empty array's span has an address of its own).
    @inline(__always)
    var address: UnsafePointer<Element>? { isEmpty ? nil : withUnsafeBufferPointer { $0.baseAddress } }
}

extension MutableSpan where Element: BitwiseCopyable {
    @inline(__always)
    var address: UnsafeMutablePointer<Element>? {
        mutating get { isEmpty ? nil : withUnsafeMutableBufferPointer { $0.baseAddress } }
    }
}

/// Traps unless a span of `count` elements can hold what a kernel will read or write.
@inline(__always)
func require(_ count: Int, _ needed: Int, _ what: StaticString) {
    precondition(count >= needed, "\(what) has \(count) elements where \(needed) are needed")
}
