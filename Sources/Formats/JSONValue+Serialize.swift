extension JSONValue {
    /// The document as text, on one line without spaces unless `indent` asks for a tree.
    /// - Parameters:
    ///   - indent: spaces per level, or nil for one line.
    ///   - escapingHTML: writes `<`, `>` and `&` as \u escapes, for a document inside a page's script element.
    package func serialized(indent: Int? = nil, escapingHTML: Bool = false) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        append(to: &bytes, indent: indent, escapingHTML: escapingHTML)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the document's UTF-8 to a buffer that the caller keeps, so that a line per step need not allocate a new one.
    package func append(to bytes: inout [UInt8], indent: Int? = nil, escapingHTML: Bool = false) {
        var writer = JSONWriter(indent: indent, escapingHTML: escapingHTML)
        writer.write(self, to: &bytes)
    }
}

extension JSONObject {
    /// See `JSONValue.serialized`.
    package func serialized(indent: Int? = nil, escapingHTML: Bool = false) -> String {
        JSONValue.object(self).serialized(indent: indent, escapingHTML: escapingHTML)
    }
}

private struct JSONWriter {
    let indent: Int?
    let escapingHTML: Bool
    var depth = 0

    mutating func write(_ value: JSONValue, to bytes: inout [UInt8]) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): bytes.append(contentsOf: value.description.utf8)
        // Swift's description of a finite Double is the shortest that reads back the same, and it is JSON as it stands.
        case .number(let value): bytes.append(contentsOf: (value.isFinite ? value.description : "null").utf8)
        case .string(let value): write(string: value, to: &bytes)
        case .array(let elements):
            list(elements.count, open: "[", close: "]", to: &bytes) { writer, index, bytes in writer.write(elements[index], to: &bytes) }
        case .object(let object):
            list(object.members.count, open: "{", close: "}", to: &bytes) { writer, index, bytes in
                writer.write(string: object.members[index].key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                if writer.indent != nil { bytes.append(UInt8(ascii: " ")) }
                writer.write(object.members[index].value, to: &bytes)
            }
        }
    }

    private mutating func list(
        _ count: Int, open: Unicode.Scalar, close: Unicode.Scalar, to bytes: inout [UInt8],
        element: (inout JSONWriter, Int, inout [UInt8]) -> Void
    ) {
        bytes.append(UInt8(ascii: open))
        depth += 1
        for index in 0..<count {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            newline(to: &bytes)
            element(&self, index, &bytes)
        }
        depth -= 1
        if count > 0 { newline(to: &bytes) }
        bytes.append(UInt8(ascii: close))
    }

    private func newline(to bytes: inout [UInt8]) {
        guard let indent else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * depth))
    }

    private func write(string: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: #"\n"#.utf8)
            case UInt8(ascii: "\r"): bytes.append(contentsOf: #"\r"#.utf8)
            case UInt8(ascii: "\t"): bytes.append(contentsOf: #"\t"#.utf8)
            case 0..<0x20, 0x7F: escape(byte, to: &bytes)
            case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
                if escapingHTML { escape(byte, to: &bytes) } else { bytes.append(byte) }
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private func escape(_ byte: UInt8, to bytes: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(contentsOf: #"\u00"#.utf8)
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
    }
}
