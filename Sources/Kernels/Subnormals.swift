import CKernels

/// Numbers below 2⁻¹²⁶ as zero, for the length of a call.
///
/// Gradients and second moments that fade (a batch learned by heart, a unit that no longer fires) become subnormal, and x86 then spends a
/// hundred cycles and more on each operation with them: an update of two million parameters was seen to take 15 ms instead of 2. Tiles
/// take them as zero anyway. NaN and infinity are not touched.
package enum Subnormals {
    /// Runs `body` with subnormal operands and results taken as zero on this thread; how it was before is restored.
    @inline(__always)
    package static func flushed<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        let before = ck_flush_subnormals()
        defer { ck_restore_subnormals(before) }
        return try body()
    }
}
