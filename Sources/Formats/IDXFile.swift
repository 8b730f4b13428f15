/// An IDX file, the format of MNIST: big-endian extents, then the elements, outermost extent first. Plain or gzip, told by its bytes.
package struct IDXFile: Sendable, Equatable {
    package enum ElementType: UInt8, Sendable, CaseIterable {
        case uint8 = 0x08, int8 = 0x09, int16 = 0x0B, int32 = 0x0C, float32 = 0x0D, float64 = 0x0E

        package var byteCount: Int {
            switch self {
            case .uint8, .int8: 1
            case .int16: 2
            case .int32, .float32: 4
            case .float64: 8
            }
        }
    }

    package var elementType: ElementType
    /// Extents, outermost first: 60000×28×28 for MNIST's images, 60000 for its labels.
    package var shape: [Int]
    /// The elements as they lie in the file (big-endian where an element has more than one byte).
    package var bytes: [UInt8]

    package init(elementType: ElementType = .uint8, shape: [Int], bytes: [UInt8]) {
        precondition(bytes.count == shape.reduce(1, *) * elementType.byteCount, "IDXFile: \(bytes.count) bytes for shape \(shape)")
        self.elementType = elementType
        self.shape = shape
        self.bytes = bytes
    }

    /// Reads a file, plain or gzip.
    package static func read(_ path: String) throws(FormatError) -> IDXFile {
        let bytes = try FileIO.readUnpacked(path)
        do throws(FormatError) { return try decode(bytes) } catch { throw error.inFile(path) }
    }

    package static func decode(_ bytes: [UInt8]) throws(FormatError) -> IDXFile {
        guard bytes.count >= 4 else {
            throw FormatError(.truncated, "the file has \(bytes.count) bytes, an IDX file begins with 4 bytes of magic", remedy: again)
        }
        let magic = bigEndian(bytes, at: 0)
        guard bytes[0] == 0, bytes[1] == 0, let type = ElementType(rawValue: bytes[2]), bytes[3] > 0 else {
            let shown = "0x" + String(repeating: "0", count: 8 - String(magic, radix: 16).count) + String(magic, radix: 16)
            throw FormatError(
                .malformed, "the magic number is \(shown); an IDX file begins 00 00, a type (08 for bytes) and the number of dimensions",
                at: "byte 0", remedy: "Check that this is an IDX file (images begin 0x00000803, labels 0x00000801).")
        }
        let dimensions = Int(bytes[3])
        let dataOffset = 4 + 4 * dimensions
        guard bytes.count >= dataOffset else {
            throw FormatError(
                .truncated, "the header needs \(dataOffset) bytes for \(dimensions) extents, the file has \(bytes.count)", at: "byte 4",
                remedy: again)
        }
        let shape = (0..<dimensions).map { bigEndian(bytes, at: 4 + 4 * $0) }
        var expected = type.byteCount
        for extent in shape {
            let (product, overflow) = expected.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw FormatError(.malformed, "the extents \(shape) overflow 64 bits", at: "byte 4", remedy: again) }
            expected = product
        }
        let available = bytes.count - dataOffset
        guard available >= expected else {
            throw FormatError(
                .truncated, "the extents \(shape) need \(expected) bytes of data, the file has \(available)", at: "byte \(bytes.count)",
                remedy: again)
        }
        guard available == expected else {
            throw FormatError(
                .malformed, "\(available - expected) bytes follow the data that the extents \(shape) describe",
                at: "byte \(dataOffset + expected)",
                remedy: again)
        }
        return IDXFile(elementType: type, shape: shape, bytes: Array(bytes[dataOffset...]))
    }

    /// The bytes of a file with this content, uncompressed.
    package func encode() -> [UInt8] {
        var result: [UInt8] = [0, 0, elementType.rawValue, UInt8(shape.count)]
        for extent in shape {
            result.append(bigEndian: UInt32(extent))
        }
        return result + bytes
    }

    /// All elements as Float (int32 and float64 rounded to nearest).
    package func floats() -> [Float] {
        let count = shape.reduce(1, *)
        return bytes.withUnsafeBytes { raw in
            func word<Word: FixedWidthInteger>(_ index: Int, _: Word.Type) -> Word {
                Word(bigEndian: raw.loadUnaligned(fromByteOffset: index * MemoryLayout<Word>.size, as: Word.self))
            }
            return switch elementType {
            case .uint8: (0..<count).map { Float(raw[$0]) }
            case .int8: (0..<count).map { Float(Int8(bitPattern: raw[$0])) }
            case .int16: (0..<count).map { Float(word($0, Int16.self)) }
            case .int32: (0..<count).map { Float(word($0, Int32.self)) }
            case .float32: (0..<count).map { Float(bitPattern: word($0, UInt32.self)) }
            case .float64: (0..<count).map { Float(Double(bitPattern: word($0, UInt64.self))) }
            }
        }
    }

    /// All elements as integers; nil when they are floating-point numbers.
    package func integers() -> [Int]? {
        switch elementType {
        case .float32, .float64: nil
        case .uint8: bytes.map { Int($0) }
        case .int8: bytes.map { Int(Int8(bitPattern: $0)) }
        case .int16, .int32:
            bytes.withUnsafeBytes { raw in
                (0..<shape.reduce(1, *)).map { index in
                    elementType == .int16
                        ? Int(Int16(bigEndian: raw.loadUnaligned(fromByteOffset: 2 * index, as: Int16.self)))
                        : Int(Int32(bigEndian: raw.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self)))
                }
            }
        }
    }

    private static let again = "Copy or download the file again."

    private static func bigEndian(_ bytes: [UInt8], at offset: Int) -> Int {
        Int(bytes.bigEndianWord(at: offset, as: UInt32.self))
    }
}
