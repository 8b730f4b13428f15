extension JSONValue {
    /// Reads one document by RFC 8259 to the letter: no NaN, no comments, no trailing comma, no key twice, no lone surrogate,
    /// nothing but white space after it, at most 512 levels deep.
    /// - Throws: `FormatError` (malformed) with line and column.
    package static func parse(_ text: String) throws(FormatError) -> JSONValue {
        try parse(Array(text.utf8))
    }

    package static func parse(_ bytes: [UInt8]) throws(FormatError) -> JSONValue {
        var parser = JSONParser(bytes: bytes)
        return try parser.document()
    }

    /// The same from a file; errors carry its path.
    package static func read(_ path: String) throws(FormatError) -> JSONValue {
        let bytes = try FileIO.read(path)
        do throws(FormatError) { return try parse(bytes) } catch { throw error.inFile(path) }
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    var at = 0
    var depth = 0
    static let maximumDepth = 512

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(FormatError) -> JSONValue {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw FormatError(.malformed, "JSON text is not UTF-8", remedy: "Save it as UTF-8.")
        }
        let value = try self.value()
        skipSpace()
        if at < bytes.count { throw fail("text after the end of the JSON document") }
        return value
    }

    private mutating func value() throws(FormatError) -> JSONValue {
        skipSpace()
        guard at < bytes.count else { throw fail("the JSON document ends where a value should begin", .truncated) }
        switch bytes[at] {
        case UInt8(ascii: "{"): return try nested { (parser) throws(FormatError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { (parser) throws(FormatError) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default:
            if take("true") { return .bool(true) }
            if take("false") { return .bool(false) }
            if take("null") { return .null }
            throw fail("no JSON value begins like this (NaN and Infinity are not JSON)")
        }
    }

    private mutating func nested(_ body: (inout JSONParser) throws(FormatError) -> JSONValue) throws(FormatError) -> JSONValue {
        depth += 1
        guard depth <= Self.maximumDepth else { throw fail("more than \(Self.maximumDepth) nested arrays and objects") }
        defer { depth -= 1 }
        return try body(&self)
    }

    private mutating func object() throws(FormatError) -> JSONValue {
        at += 1
        var members: [JSONObject.Member] = []
        var seen: Set<String> = []
        skipSpace()
        if take("}") { return .object(JSONObject()) }
        while true {
            skipSpace()
            guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { throw fail("a key in double quotes is wanted here") }
            let start = at
            let key = try string()
            guard seen.insert(key).inserted else {
                at = start
                throw fail("the key \"\(key)\" comes twice in one object")
            }
            skipSpace()
            guard take(":") else { throw fail("a colon is wanted after the key \"\(key)\"") }
            members.append(JSONObject.Member(key: key, value: try value()))
            skipSpace()
            if take(",") { continue }
            if take("}") { return .object(JSONObject(uniqueMembers: members)) }
            throw fail("a comma or a closing brace is wanted here", at >= bytes.count ? .truncated : .malformed)
        }
    }

    private mutating func array() throws(FormatError) -> JSONValue {
        at += 1
        var elements: [JSONValue] = []
        skipSpace()
        if take("]") { return .array([]) }
        while true {
            elements.append(try value())
            skipSpace()
            if take(",") { continue }
            if take("]") { return .array(elements) }
            throw fail("a comma or a closing bracket is wanted here", at >= bytes.count ? .truncated : .malformed)
        }
    }

    private mutating func number() throws(FormatError) -> JSONValue {
        let start = at
        var isWhole = true
        _ = take("-")
        if take("0") {
            if at < bytes.count, isDigit(bytes[at]) { throw fail("a number may not begin with 0") }
        } else {
            try digits()
        }
        if take(".") {
            isWhole = false
            try digits()
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("+") { _ = take("-") }
            try digits()
        }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        if isWhole, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            at = start
            throw fail("the number \(text) does not fit a 64-bit float")
        }
        return .number(value)
    }

    private mutating func digits() throws(FormatError) {
        let start = at
        while at < bytes.count, isDigit(bytes[at]) { at += 1 }
        if at == start { throw fail("a digit is wanted here", at >= bytes.count ? .truncated : .malformed) }
    }

    private mutating func string() throws(FormatError) -> String {
        at += 1
        var content: [UInt8] = []
        while at < bytes.count {
            let byte = bytes[at]
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                at += 1
                try escape(into: &content)
            case 0..<0x20:
                throw fail("a control character inside a string must be written as an escape")
            default:
                content.append(byte)
                at += 1
            }
        }
        throw fail("a string that began has no closing quote", .truncated)
    }

    private mutating func escape(into content: inout [UInt8]) throws(FormatError) {
        guard at < bytes.count else { throw fail("a string that began has no closing quote", .truncated) }
        let byte = bytes[at]
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content.append(contentsOf: String(Character(try unicodeEscape())).utf8)
        default:
            at -= 1
            throw fail("no such escape in a JSON string")
        }
    }

    /// After `\u`: four hex digits, or two such escapes that form one code point outside the basic plane.
    private mutating func unicodeEscape() throws(FormatError) -> Unicode.Scalar {
        let high = try hexDigits()
        if let scalar = Unicode.Scalar(high) { return scalar }
        guard high < 0xDC00, take("\\u") else { throw fail("half of a surrogate pair") }
        let low = try hexDigits()
        guard (0xDC00..<0xE000).contains(low), let scalar = Unicode.Scalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)) else {
            throw fail("half of a surrogate pair")
        }
        return scalar
    }

    private mutating func hexDigits() throws(FormatError) -> UInt32 {
        guard at + 4 <= bytes.count, let value = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16),
            bytes[at] != UInt8(ascii: "+"), bytes[at] != UInt8(ascii: "-")
        else { throw fail("four hexadecimal digits are wanted after \\u") }
        at += 4
        return value
    }

    private mutating func skipSpace() {
        while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x0A || bytes[at] == 0x0D || bytes[at] == 0x09 { at += 1 }
    }

    private mutating func take(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard at + count <= bytes.count else { return false }
        for index in 0..<count where bytes[at + index] != text.utf8Start[index] { return false }
        at += count
        return true
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private func fail(_ what: String, _ kind: FormatError.Kind = .malformed) -> FormatError {
        var line = 1
        var column = 1
        for byte in bytes[..<min(at, bytes.count)] {
            if byte == 0x0A {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return FormatError(kind, what, at: "line \(line), column \(column)", remedy: "Mend the JSON text there.")
    }
}
