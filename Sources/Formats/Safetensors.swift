import TensorCore

/// Hugging Face's safetensors: an 8-byte header length, a JSON header, then the tensors' bytes without a hole.
///
/// Writing follows the reference writer (header padded so that the data begins at a multiple of 8, widest types first, then by
/// name), so that a file of ours is the file Python would have written. Reading enforces what the reference reader enforces, and
/// rejects a key that comes twice.
package enum Safetensors {
    /// What a file holds.
    package struct Contents: Sendable, Equatable {
        /// In the order of the bytes in the file.
        package var tensors: [Tensor]
        /// What the file says about itself: strings by key.
        package var metadata: [String: String]

        /// The tensor of this name. Complexity: O(tensors).
        package subscript(name: String) -> Tensor? {
            tensors.first { $0.name == name }
        }
    }

    /// One tensor as the header describes it.
    package struct Entry: Sendable, Equatable {
        package var name: String
        package var dtype: DType
        package var shape: [Int]
        /// Byte offsets relative to the end of the header.
        package var range: Range<Int>
    }

    package struct Header: Sendable, Equatable {
        /// Sorted by where their bytes lie.
        package var entries: [Entry]
        package var metadata: [String: String]
        /// Where the data begins: 8 + header length.
        package var dataOffset: Int
        /// Bytes of data: the file's size less `dataOffset`.
        package var dataCount: Int
    }

    /// No header may be longer; the reference reader has the same limit.
    static let maximumHeader = 100_000_000
    static let metadataKey = "__metadata__"

    /// The format's element types with their bits, in the order by which the reference writer sorts (ascending; it writes the last first).
    static let elementTypes: [(name: String, bits: Int, dtype: DType?)] = [
        ("BOOL", 8, .bool), ("F4", 4, nil), ("F6_E2M3", 6, nil), ("F6_E3M2", 6, nil), ("U8", 8, .uint8), ("I8", 8, .int8),
        ("F8_E5M2", 8, nil), ("F8_E4M3", 8, nil), ("F8_E8M0", 8, nil), ("F8_E4M3FNUZ", 8, nil), ("F8_E5M2FNUZ", 8, nil),
        ("I16", 16, .int16), ("U16", 16, nil), ("F16", 16, .float16), ("BF16", 16, .bfloat16), ("I32", 32, .int32), ("U32", 32, nil),
        ("F32", 32, .float32), ("C64", 64, nil), ("F64", 64, .float64), ("I64", 64, .int64), ("U64", 64, nil),
    ]

    static func rank(of dtype: DType) -> Int {
        elementTypes.firstIndex { $0.dtype == dtype }!
    }
}
