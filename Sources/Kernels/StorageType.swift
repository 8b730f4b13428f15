/// How the elements of an activation are stored.
package enum StorageType: UInt8, Sendable, Hashable, CaseIterable {
    /// As the kernels compute: Float, or Double for gradient checks.
    case scalar
    /// The upper half of a Float, rounded to nearest, ties to even: 8 bits of mantissa at the exponent range of a Float.
    case bfloat16
}

/// bf16 by its bits.
package enum BFloat16Bits {
    /// The nearest bf16 of a Float, ties to even. NaN stays NaN (quiet), overflow goes to infinity.
    @inlinable @inline(__always)
    package static func rounding(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    }

    /// Exact.
    @inlinable @inline(__always)
    package static func float(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
}
