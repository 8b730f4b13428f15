/// A value of a finished recipe, ready to be written, compared and hashed. Maps keep their order.
indirect enum ResolvedValue: Sendable, Equatable {
    case null
    case boolean(Bool)
    case integer(Int)
    case unsigned(UInt64)
    case number(Double)
    case text(String)
    case list([ResolvedValue])
    case map([(key: String, value: ResolvedValue)])

    static func integers(_ values: [Int]) -> ResolvedValue { .list(values.map { .integer($0) }) }
    static func numbers(_ values: [Double]) -> ResolvedValue { .list(values.map { .number($0) }) }
    static func texts(_ values: [String]) -> ResolvedValue { .list(values.map { .text($0) }) }

    static func optional<T>(_ value: T?, _ wrap: (T) -> ResolvedValue) -> ResolvedValue { value.map(wrap) ?? .null }

    static func == (a: ResolvedValue, b: ResolvedValue) -> Bool { a.flow == b.flow }

    // MARK: - YAML

    /// On one line: `{name: adam, learning_rate: 0.001}`.
    var flow: String {
        switch self {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): "\(value)"
        case .unsigned(let value): "\(value)"
        case .number(let value): Int(exactly: value).map { abs($0) < 1_000_000 ? "\($0)" : "\(value)" } ?? "\(value)"
        case .text(let value): Self.quoted(value)
        case .list(let values): "[" + values.map(\.flow).joined(separator: ", ") + "]"
        case .map(let members): "{" + members.map { "\($0.key): \($0.value.flow)" }.joined(separator: ", ") + "}"
        }
    }

    /// As a document: sections by lines, what stands in them on one line each, layers one by one.
    var document: String {
        guard case .map(let sections) = self else { return flow + "\n" }
        return sections.map { Self.lines($0.key, $0.value, indent: "") }.joined()
    }

    private static func lines(_ key: String, _ value: ResolvedValue, indent: String) -> String {
        switch value {
        case .map(let members) where !members.isEmpty && indent.isEmpty:
            return "\(indent)\(key):\n" + members.map { lines($0.key, $0.value, indent: indent + "  ") }.joined()
        case .list(let elements) where elements.contains(where: \.isMap):
            return "\(indent)\(key):\n" + elements.map { "\(indent)  - \($0.entry)\n" }.joined()
        default:
            return "\(indent)\(key): \(value.flow)\n"
        }
    }

    private var isMap: Bool { if case .map = self { true } else { false } }

    /// An entry of a list in block style: `conv2d: {filters: 32}` needs no braces of its own.
    private var entry: String {
        guard case .map(let members) = self, members.count == 1 else { return flow }
        return "\(members[0].key): \(members[0].value.flow)"
    }

    /// Plain where YAML reads it back as the same text, else in double quotes.
    private static func quoted(_ text: String) -> String {
        let plain = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || [0x5F, 0x2E, 0x2F, 0x2D].contains(byte)
        }
        if let first = text.utf8.first, first != 0x2D, text.utf8.allSatisfy(plain), Scalar(text: text, isQuoted: false).kind == .text {
            return text
        }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F || (0x80...0x9F).contains(scalar.value) || scalar.value == 0xFEFF:
                result += "\\u" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).count) + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    // MARK: - Leaves

    /// Every single value with its dotted path, in order. Lists of plain values are one leaf; layers have numbers.
    var leaves: [(path: String, value: String)] {
        var result: [(path: String, value: String)] = []
        collect("", into: &result)
        return result
    }

    private func collect(_ path: String, into result: inout [(path: String, value: String)]) {
        switch self {
        case .map(let members):
            for (key, value) in members { value.collect(path.isEmpty ? key : "\(path).\(key)", into: &result) }
        case .list(let elements) where elements.contains(where: \.isMap):
            for (index, element) in elements.enumerated() { element.collect("\(path).\(index)", into: &result) }
        default:
            result.append((path, flow))
        }
    }
}
