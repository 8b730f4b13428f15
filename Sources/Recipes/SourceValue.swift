/// Where a value of a recipe was written.
enum Origin: Sendable, Equatable, CustomStringConvertible {
    /// A line of a recipe: `mnist.yaml:12`.
    case file(String, line: Int)
    /// A line of a recipe that has no file: `recipe digits, line 12`.
    case text(String, line: Int)
    /// An override of the command line, as it was given.
    case override(String)

    var description: String {
        switch self {
        case .file(let path, let line): "\(path):\(line)"
        case .text(let name, let line): "\(name), line \(line)"
        case .override(let argument): "override \(argument)"
        }
    }
}

/// A value of a recipe before it has a type, with the place it came from: what a YAML document is read into and overrides are laid over.
struct SourceValue: Sendable, Equatable {
    enum Content: Sendable, Equatable {
        case scalar(Scalar)
        case list([SourceValue])
        case map([Member])
    }

    struct Member: Sendable, Equatable {
        var key: String
        var origin: Origin
        var value: SourceValue
    }

    var content: Content
    var origin: Origin

    init(_ content: Content, _ origin: Origin) {
        self.content = content
        self.origin = origin
    }

    var isNull: Bool {
        if case .scalar(let scalar) = content { scalar.kind == .null } else { false }
    }

    /// How an error message calls this value: `the number 5`, `"many"`, `a list`.
    var spokenKind: String {
        switch content {
        case .list: "a list"
        case .map: "a section of keys"
        case .scalar(let scalar): scalar.spoken
        }
    }
}

/// A scalar as written, typed on demand by the YAML 1.2 core rules (`1e-3` is a number, `no` is text, unlike in YAML 1.1).
struct Scalar: Sendable, Equatable {
    enum Kind: Sendable, Equatable { case null, boolean, number, text }

    var text: String
    /// A quoted scalar is text whatever it looks like.
    var isQuoted: Bool

    var kind: Kind {
        if isQuoted { return .text }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "false", "False", "FALSE": return .boolean
        default: return number == nil ? .text : .number
        }
    }

    var boolean: Bool? {
        kind == .boolean ? text.first == "t" || text.first == "T" : nil
    }

    /// The value as a number; infinities and NaN by their YAML names `.inf`, `-.inf`, `.nan`.
    var number: Double? {
        guard !isQuoted else { return nil }
        switch text {
        case ".inf", ".Inf", ".INF", "+.inf": return .infinity
        case "-.inf", "-.Inf", "-.INF": return -.infinity
        case ".nan", ".NaN", ".NAN": return .nan
        default: break
        }
        // Double's own grammar also takes "nan", "infinity" and hexadecimal floats: only plain decimals are numbers here.
        guard text.utf8.contains(where: { $0 >= 0x30 && $0 <= 0x39 }),
            text.utf8.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains($0) })
        else { return nil }
        return Double(text)
    }

    /// The value as a whole number; `1e5` and `2.0` are whole. Nil where it has a fraction or does not fit.
    var integer: Int? {
        guard kind == .number else { return nil }
        return Int(text) ?? number.flatMap { Int(exactly: $0) }
    }

    var unsigned: UInt64? {
        guard kind == .number else { return nil }
        return UInt64(text) ?? number.flatMap { UInt64(exactly: $0) }
    }

    var spoken: String {
        switch kind {
        case .null: "nothing (null)"
        case .boolean: text.lowercased()
        case .number: "the number \(text)"
        case .text: "the text \"\(text)\""
        }
    }
}
