import TensorCore

extension Safetensors {
    /// Reads and checks a whole file.
    package static func read(_ path: String) throws(FormatError) -> Contents {
        let bytes = try FileIO.read(path)
        do throws(FormatError) { return try decode(bytes) } catch { throw error.inFile(path) }
    }

    /// Reads a file's bytes.
    package static func decode(_ bytes: [UInt8]) throws(FormatError) -> Contents {
        let header = try decodeHeader(bytes)
        let tensors = header.entries.map { entry in
            let start = header.dataOffset + entry.range.lowerBound
            return Tensor(name: entry.name, dtype: entry.dtype, shape: entry.shape, bytes: Array(bytes[start..<start + entry.range.count]))
        }
        return Contents(tensors: tensors, metadata: header.metadata)
    }

    /// Checks the header against the file and lists what is inside, without copying any data.
    package static func decodeHeader(_ bytes: [UInt8]) throws(FormatError) -> Header {
        guard bytes.count >= 8 else {
            throw FormatError(
                .truncated, "the file has \(bytes.count) bytes, a safetensors file has at least 8", remedy: "Copy or save the file again.")
        }
        let length = bytes.littleEndianWord(at: 0, as: UInt64.self)
        guard length <= UInt64(maximumHeader) else {
            throw FormatError(
                .malformed, "the header would have \(length) bytes, more than the format allows (\(maximumHeader))", at: "byte 0",
                remedy: "This is no safetensors file, or its beginning is damaged.")
        }
        let headerLength = Int(length)
        guard headerLength <= bytes.count - 8 else {
            throw FormatError(
                .truncated, "the header should have \(headerLength) bytes, the file ends after \(bytes.count - 8) of them", at: "byte 8",
                remedy: "Copy or save the file again.")
        }
        let json: JSONValue
        do throws(FormatError) {
            json = try JSONValue.parse(Array(bytes[8..<8 + headerLength]))
        } catch {
            throw FormatError(
                .malformed, "the header is not JSON: \(error.what)", at: error.location.map { "header \($0)" } ?? "byte 8",
                remedy: "This is no safetensors file, or its header is damaged.")
        }
        guard case .object(let object) = json else {
            throw malformed("the header is \(json.typeDescription), an object is wanted", at: "byte 8")
        }
        return try checkedHeader(object, dataOffset: 8 + headerLength, dataCount: bytes.count - 8 - headerLength)
    }

    private static func checkedHeader(_ object: JSONObject, dataOffset: Int, dataCount: Int) throws(FormatError) -> Header {
        var entries: [Entry] = []
        var metadata: [String: String] = [:]
        for member in object.members {
            if member.key == metadataKey {
                metadata = try self.metadata(member.value)
            } else {
                entries.append(try entry(member.key, member.value))
            }
        }
        entries.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }

        // Sorted, each must begin where the one before ended and the last end with the file: no hole, no overlap, nothing after.
        var expected = 0
        for entry in entries {
            guard entry.range.lowerBound == expected else {
                let kind = entry.range.lowerBound > expected ? "a hole" : "an overlap"
                throw malformed(
                    "\(kind) in the data: tensor \"\(entry.name)\" begins at \(entry.range.lowerBound), the one before ends at \(expected)",
                    at: "data_offsets of \"\(entry.name)\"")
            }
            expected = entry.range.upperBound
        }
        guard expected <= dataCount else {
            throw FormatError(
                .truncated, "the tensors need \(expected) bytes of data, the file has \(dataCount)", at: "byte \(dataOffset)",
                remedy: "Copy or save the file again.")
        }
        guard expected == dataCount else {
            throw malformed("\(dataCount - expected) bytes follow the last tensor", at: "byte \(dataOffset + expected)")
        }
        return Header(entries: entries, metadata: metadata, dataOffset: dataOffset, dataCount: dataCount)
    }

    private static func metadata(_ value: JSONValue) throws(FormatError) -> [String: String] {
        guard case .object(let object) = value else {
            throw malformed("\(metadataKey) is \(value.typeDescription), an object is wanted", at: metadataKey)
        }
        var result: [String: String] = [:]
        for member in object.members {
            guard case .string(let text) = member.value else {
                throw malformed(
                    "a metadata value is \(member.value.typeDescription), only strings are allowed", at: "\(metadataKey).\(member.key)")
            }
            result[member.key] = text
        }
        return result
    }

    private static func entry(_ name: String, _ value: JSONValue) throws(FormatError) -> Entry {
        guard let typeName = value["dtype"]?.stringValue else { throw malformed("tensor \"\(name)\" has no dtype", at: "\"\(name)\"") }
        guard let type = elementTypes.first(where: { $0.name == typeName }) else {
            throw malformed("tensor \"\(name)\" has the unknown dtype \(typeName)", at: "\"\(name)\"")
        }
        guard let extents = value["shape"]?.arrayValue else { throw malformed("tensor \"\(name)\" has no shape", at: "\"\(name)\"") }
        var shape: [Int] = []
        var bits = type.bits
        for extent in extents {
            guard let count = extent.intValue, count >= 0 else {
                throw malformed("tensor \"\(name)\" has a shape that is no list of whole numbers from 0 up", at: "shape of \"\(name)\"")
            }
            let (product, overflow) = bits.multipliedReportingOverflow(by: count)
            guard !overflow else { throw malformed("the size of tensor \"\(name)\" overflows 64 bits", at: "shape of \"\(name)\"") }
            bits = product
            shape.append(count)
        }
        guard let offsets = value["data_offsets"]?.arrayValue, offsets.count == 2, let begin = offsets[0].intValue,
            let end = offsets[1].intValue,
            begin >= 0, begin <= end
        else { throw malformed("tensor \"\(name)\" has no valid pair of data_offsets", at: "data_offsets of \"\(name)\"") }
        guard bits % 8 == 0, bits / 8 == end - begin else {
            throw malformed(
                "tensor \"\(name)\" is \(typeName) \(shape), which is \(bits) bits, and its data_offsets span \(end - begin) bytes",
                at: "data_offsets of \"\(name)\"")
        }
        guard let dtype = type.dtype else {
            throw FormatError(
                .unsupported, "tensor \"\(name)\" has the dtype \(typeName), which Lockstep does not hold", at: "\"\(name)\"",
                remedy: "Convert it to F32, F16, BF16, F64 or an integer type first.")
        }
        return Entry(name: name, dtype: dtype, shape: shape, range: begin..<end)
    }

    private static func malformed(_ what: String, at location: String) -> FormatError {
        FormatError(.malformed, what, at: location, remedy: "The file is damaged or was written by a broken program; save it again.")
    }
}
