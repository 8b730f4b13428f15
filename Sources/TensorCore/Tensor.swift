/// A named array on the host, as files hold it: the currency between the model and safetensors, npy and checkpoints.
///
/// The bytes are little-endian and row-major. Tensors are for set-up and saving, not for the training step.
package struct Tensor: Sendable, Equatable {
    package var name: String
    package var dtype: DType
    /// The extents, outermost first; the empty list is a scalar. An extent of 0 is allowed: the tensor has no bytes.
    package var shape: [Int]
    package var bytes: [UInt8]

    /// Traps when the bytes are not as many as type and shape say.
    package init(name: String, dtype: DType, shape: [Int], bytes: [UInt8]) {
        let expected = shape.reduce(1, *) * dtype.byteCount
        precondition(
            bytes.count == expected,
            "Tensor \(name): \(bytes.count) bytes, but \(dtype.rawValue) \(describeShape(shape)) has \(expected)")
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.bytes = bytes
    }

    /// A float32 tensor. Traps when the values are not as many as the shape says.
    package init(name: String, shape: [Int], floats: [Float]) {
        self.init(name: name, dtype: .float32, shape: shape, bytes: littleEndianBytes(floats.map(\.bitPattern)))
    }

    /// A float64 tensor.
    package init(name: String, shape: [Int], doubles: [Double]) {
        self.init(name: name, dtype: .float64, shape: shape, bytes: littleEndianBytes(doubles.map(\.bitPattern)))
    }

    /// An int64 tensor.
    package init(name: String, shape: [Int], int64s: [Int64]) {
        self.init(name: name, dtype: .int64, shape: shape, bytes: littleEndianBytes(int64s))
    }

    /// An int32 tensor.
    package init(name: String, shape: [Int], int32s: [Int32]) {
        self.init(name: name, dtype: .int32, shape: shape, bytes: littleEndianBytes(int32s))
    }

    /// The number of elements. Complexity: O(rank).
    package var elementCount: Int { shape.reduce(1, *) }

    /// The elements as Float: exact for float32, float16, bfloat16 and small integers; float64 and large integers are rounded to nearest.
    package func floats() -> [Float] {
        switch dtype {
        case .float32: words(UInt32.self) { Float(bitPattern: $0) }
        case .float64: words(UInt64.self) { Float(Double(bitPattern: $0)) }
        case .float16: words(UInt16.self) { Float(widening(float16: $0)) }
        case .bfloat16: words(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
        case .int64: words(Int64.self) { Float($0) }
        case .int32: words(Int32.self) { Float($0) }
        case .int16: words(Int16.self) { Float($0) }
        case .int8: words(Int8.self) { Float($0) }
        case .uint8, .bool: bytes.map { Float($0) }
        }
    }

    /// The elements as Double: exact for every type but large int64 values.
    package func doubles() -> [Double] {
        switch dtype {
        case .float64: words(UInt64.self) { Double(bitPattern: $0) }
        case .int64: words(Int64.self) { Double($0) }
        case .int32: words(Int32.self) { Double($0) }
        default: floats().map { Double($0) }
        }
    }

    /// The elements as Int64, or nil when the type is a floating-point one.
    package func integers() -> [Int64]? {
        switch dtype {
        case .int64: words(Int64.self) { $0 }
        case .int32: words(Int32.self) { Int64($0) }
        case .int16: words(Int16.self) { Int64($0) }
        case .int8: words(Int8.self) { Int64($0) }
        case .uint8, .bool: bytes.map { Int64($0) }
        case .float64, .float32, .float16, .bfloat16: nil
        }
    }

    private func words<Word: FixedWidthInteger, Value>(_ type: Word.Type, _ convert: (Word) -> Value) -> [Value] {
        bytes.withUnsafeBytes { raw in
            (0..<elementCount).map { index in
                convert(Word(littleEndian: raw.loadUnaligned(fromByteOffset: index * MemoryLayout<Word>.size, as: Word.self)))
            }
        }
    }
}

/// IEEE half precision to single; exact. By hand, because `Float16` is not available on every platform Swift runs on.
private func widening(float16 bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1F
    let fraction = UInt32(bits & 0x3FF)
    switch (exponent, fraction) {
    case (0, _):
        // Zero and subnormals: fraction · 2^-24 is a normal single.
        let magnitude = Float(fraction) * 0x1p-24
        return Float(bitPattern: magnitude.bitPattern | sign)
    case (0x1F, _): return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
}

private func littleEndianBytes<Word: FixedWidthInteger>(_ words: [Word]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(words.count * MemoryLayout<Word>.size)
    for word in words {
        withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
    }
    return bytes
}
