import TensorCore

/// NumPy's .npy: a magic, a version, a Python dictionary in text, then the elements.
///
/// Reads versions 1 to 3, either byte order, C and Fortran order; the result is always a row-major little-endian `Tensor`.
/// Types without a place in `DType` widen without loss (uint16 to int32, uint32 to int64); uint64, complex, strings and pickled objects
/// are refused.
package enum NpyFile {
    /// Reads a file; the tensor gets the given name.
    package static func read(_ path: String, name: String = "") throws(FormatError) -> Tensor {
        let bytes = try FileIO.readUnpacked(path)
        do throws(FormatError) { return try decode(bytes, name: name) } catch { throw error.inFile(path) }
    }

    package static func decode(_ bytes: [UInt8], name: String = "") throws(FormatError) -> Tensor {
        let header = try NpyHeader(decoding: bytes)
        var count = header.element.byteCount
        for extent in header.shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw NpyHeader.malformed("the shape \(header.shape) overflows 64 bits") }
            count = product
        }
        let available = bytes.count - header.dataOffset
        guard available >= count else {
            throw FormatError(
                .truncated, "the shape \(header.shape) of \(header.descriptor) needs \(count) bytes of data, the file has \(available)",
                at: "byte \(bytes.count)", remedy: "Copy or save the file again.")
        }
        guard available == count else {
            throw FormatError(
                .malformed, "\(available - count) bytes follow the data that the shape \(header.shape) describes",
                at: "byte \(header.dataOffset + count)", remedy: "Save one array per file with numpy.save.")
        }
        var data = Array(bytes[header.dataOffset...])
        if header.isBigEndian { reverseElements(&data, width: header.element.byteCount) }
        if header.isFortranOrder, header.shape.count > 1 { data = rowMajor(data, shape: header.shape, width: header.element.byteCount) }
        return header.element.tensor(name: name, shape: header.shape, bytes: data)
    }

    /// The bytes of a version 1.0 file. bfloat16 has no NumPy type and becomes float32.
    package static func encode(_ tensor: Tensor) -> [UInt8] {
        var tensor = tensor
        if tensor.dtype == .bfloat16 { tensor = Tensor(name: tensor.name, shape: tensor.shape, floats: tensor.floats()) }
        let descriptor =
            switch tensor.dtype {
            case .float64: "<f8"
            case .float32, .bfloat16: "<f4"
            case .float16: "<f2"
            case .int64: "<i8"
            case .int32: "<i4"
            case .int16: "<i2"
            case .int8: "|i1"
            case .uint8: "|u1"
            case .bool: "|b1"
            }
        let extents = tensor.shape.map(String.init).joined(separator: ", ") + (tensor.shape.count == 1 ? "," : "")
        var header = Array("{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(extents)), }".utf8)
        // The data begins at a multiple of 64; the line end before it belongs to the header.
        while (10 + header.count + 1) % 64 != 0 { header.append(UInt8(ascii: " ")) }
        header.append(UInt8(ascii: "\n"))
        var bytes: [UInt8] = NpyHeader.magic + [1, 0, UInt8(header.count & 255), UInt8(header.count >> 8)]
        bytes.reserveCapacity(bytes.count + header.count + tensor.bytes.count)
        bytes += header
        bytes += tensor.bytes
        return bytes
    }

    package static func write(_ tensor: Tensor, to path: String, mode: FileIO.WriteMode = .atomic) throws(FormatError) {
        try FileIO.write(encode(tensor), to: path, mode: mode)
    }

    private static func reverseElements(_ data: inout [UInt8], width: Int) {
        for start in stride(from: 0, to: data.count, by: width) { data[start..<start + width].reverse() }
    }

    /// Reorders column-major elements: walks the row-major index and adds up the column-major offset beside it.
    private static func rowMajor(_ data: [UInt8], shape: [Int], width: Int) -> [UInt8] {
        var strides: [Int] = []
        var step = width
        for extent in shape {
            strides.append(step)
            step *= extent
        }
        var result: [UInt8] = []
        result.reserveCapacity(data.count)
        var index = [Int](repeating: 0, count: shape.count)
        var source = 0
        while result.count < data.count {
            result.append(contentsOf: data[source..<source + width])
            var axis = shape.count - 1
            while axis >= 0 {
                index[axis] += 1
                source += strides[axis]
                if index[axis] < shape[axis] { break }
                source -= strides[axis] * shape[axis]
                index[axis] = 0
                axis -= 1
            }
        }
        return result
    }
}

/// The element types we read; those `DType` lacks know what they widen to.
enum NpyElement: String {
    case f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, b1

    var byteCount: Int { Int(String(rawValue.last!))! }

    func tensor(name: String, shape: [Int], bytes: [UInt8]) -> Tensor {
        let dtype: DType
        switch self {
        case .f2: dtype = .float16
        case .f4: dtype = .float32
        case .f8: dtype = .float64
        case .i1: dtype = .int8
        case .i2: dtype = .int16
        case .i4: dtype = .int32
        case .i8: dtype = .int64
        case .u1: dtype = .uint8
        case .b1: dtype = .bool
        case .u2:
            let words = stride(from: 0, to: bytes.count, by: 2).map { Int32(bytes.littleEndianWord(at: $0, as: UInt16.self)) }
            return Tensor(name: name, shape: shape, int32s: words)
        case .u4:
            let words = stride(from: 0, to: bytes.count, by: 4).map { Int64(bytes.littleEndianWord(at: $0, as: UInt32.self)) }
            return Tensor(name: name, shape: shape, int64s: words)
        }
        return Tensor(name: name, dtype: dtype, shape: shape, bytes: bytes)
    }
}
