/// The text header of a .npy file: a Python dictionary with exactly the keys descr, fortran_order and shape.
struct NpyHeader {
    static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    var descriptor: String
    var element: NpyElement
    var isBigEndian: Bool
    var isFortranOrder: Bool
    var shape: [Int]
    var dataOffset: Int

    init(decoding bytes: [UInt8]) throws(FormatError) {
        guard bytes.starts(with: Self.magic) else { throw Self.notNpy(bytes) }
        guard bytes.count >= 10 else { throw Self.truncated(bytes.count, need: 10) }
        let wide = bytes[6] >= 2
        guard (1...3).contains(bytes[6]) else {
            throw FormatError(
                .unsupported, ".npy version \(bytes[6]).\(bytes[7]) is not known", at: "byte 6",
                remedy: "Save the array again with numpy.save.")
        }
        let start = wide ? 12 : 10
        guard bytes.count >= start else { throw Self.truncated(bytes.count, need: start) }
        let length = wide ? Int(bytes.littleEndianWord(at: 8, as: UInt32.self)) : Int(bytes.littleEndianWord(at: 8, as: UInt16.self))
        guard bytes.count >= start + length else { throw Self.truncated(bytes.count, need: start + length) }
        dataOffset = start + length

        var text = PythonLiteral(text: Array(bytes[start..<dataOffset]))
        let fields = try text.dictionary()
        guard case .string(let descriptor)? = fields["descr"] else {
            throw FormatError(
                .unsupported, "descr is not a plain type (structured arrays have a list there)", at: "header",
                remedy: "Save a plain numeric array, for instance with array.astype('float32').")
        }
        guard case .bool(let fortran)? = fields["fortran_order"], case .tuple(let shape)? = fields["shape"], fields.count == 3 else {
            throw Self.malformed("the header does not have exactly the keys descr, fortran_order and shape")
        }
        self.descriptor = descriptor
        self.isFortranOrder = fortran
        self.shape = shape
        guard let element = NpyElement(rawValue: String(descriptor.dropFirst())), let order = descriptor.first, "<>|=".contains(order)
        else {
            let why =
                descriptor.contains("O")
                ? " holds pickled Python objects, which can run code when read," : " is a type Lockstep does not hold,"
            throw FormatError(
                .unsupported, "descr '\(descriptor)'\(why) so it is not read", at: "header",
                remedy: "Convert it first: float32, float64, uint8, int8 to int64 or bool.")
        }
        self.element = element
        self.isBigEndian = order == ">" && element.byteCount > 1
    }

    static func malformed(_ what: String) -> FormatError {
        FormatError(.malformed, what, at: "header", remedy: "Save the array again with numpy.save.")
    }

    private static func truncated(_ count: Int, need: Int) -> FormatError {
        FormatError(
            .truncated, "the file has \(count) bytes, its header alone needs \(need)", at: "byte \(count)",
            remedy: "Copy or save the file again.")
    }

    private static func notNpy(_ bytes: [UInt8]) -> FormatError {
        if bytes.starts(with: Array("PK".utf8)) {
            return FormatError(
                .unsupported, "this is a ZIP archive (.npz), not a .npy file", at: "byte 0",
                remedy: "Save each array by itself with numpy.save, or unzip the archive: its members are .npy files.")
        }
        if bytes.count < 6, magic.starts(with: bytes) { return truncated(bytes.count, need: 10) }
        return FormatError(
            .malformed, "the file does not begin with \\x93NUMPY", at: "byte 0", remedy: "Save the array with numpy.save.")
    }
}

/// As much of Python's literal syntax as numpy.save writes.
private struct PythonLiteral {
    enum Value { case string(String), bool(Bool), tuple([Int]), other }

    let text: [UInt8]
    var at = 0

    init(text: [UInt8]) { self.text = text }

    mutating func dictionary() throws(FormatError) -> [String: Value] {
        var fields: [String: Value] = [:]
        guard take("{") else { throw fail("a dictionary is wanted") }
        while !take("}") {
            guard let key = try string() else { throw fail("a key in quotes is wanted") }
            guard take(":") else { throw fail("a colon is wanted after '\(key)'") }
            guard fields.updateValue(try value(), forKey: key) == nil else { throw fail("the key '\(key)' comes twice") }
            if !take(",") {
                guard take("}") else { throw fail("a comma or a closing brace is wanted") }
                break
            }
        }
        skipSpace()
        guard at == text.count else { throw fail("text after the dictionary") }
        return fields
    }

    private mutating func value() throws(FormatError) -> Value {
        if let text = try string() { return .string(text) }
        if take("True") { return .bool(true) }
        if take("False") { return .bool(false) }
        if take("(") { return .tuple(try tuple()) }
        if take("[") {
            // A structured type: its description is of no use to us, only that it is one.
            var depth = 1
            while depth > 0, at < text.count {
                if text[at] == UInt8(ascii: "[") { depth += 1 } else if text[at] == UInt8(ascii: "]") { depth -= 1 }
                at += 1
            }
            return .other
        }
        throw fail("no value begins like this")
    }

    private mutating func tuple() throws(FormatError) -> [Int] {
        var extents: [Int] = []
        while !take(")") {
            skipSpace()
            let start = at
            while at < text.count, text[at] >= UInt8(ascii: "0"), text[at] <= UInt8(ascii: "9") { at += 1 }
            guard let extent = Int(String(decoding: text[start..<at], as: UTF8.self)) else { throw fail("an extent is wanted") }
            _ = take("L")
            extents.append(extent)
            if !take(",") {
                guard take(")") else { throw fail("a comma or a closing parenthesis is wanted") }
                break
            }
        }
        return extents
    }

    private mutating func string() throws(FormatError) -> String? {
        skipSpace()
        guard at < text.count, text[at] == UInt8(ascii: "'") || text[at] == UInt8(ascii: "\"") else { return nil }
        let quote = text[at]
        guard let end = text[(at + 1)...].firstIndex(of: quote) else { throw fail("a string has no closing quote") }
        defer { at = end + 1 }
        return String(decoding: text[(at + 1)..<end], as: UTF8.self)
    }

    private mutating func take(_ token: StaticString) -> Bool {
        skipSpace()
        let count = token.utf8CodeUnitCount
        guard at + count <= text.count else { return false }
        for index in 0..<count where text[at + index] != token.utf8Start[index] { return false }
        at += count
        return true
    }

    private mutating func skipSpace() {
        while at < text.count, text[at] == 0x20 || (0x09...0x0D).contains(text[at]) { at += 1 }
    }

    private func fail(_ what: String) -> FormatError {
        NpyHeader.malformed("the header is no dictionary as numpy.save writes it: \(what) at its byte \(at)")
    }
}
