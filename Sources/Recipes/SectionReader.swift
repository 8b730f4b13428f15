/// A section of a recipe on its way to types: hands out the values of its keys, checks what they are, and knows where they were written.
///
/// A key that is absent and a key that is null are the same: the default holds.
struct SectionReader {
    let section: RecipeSection
    /// The dotted path as the user wrote it (`model.layers.3.dense`), for messages.
    let path: String
    let origin: Origin
    private let members: [SourceValue.Member]

    /// - Parameter value: nil for a section that is not there.
    /// - Throws: where the value is no section, or holds a key that the schema does not know.
    init(_ value: SourceValue?, _ section: RecipeSection, path: String? = nil, origin: Origin) throws(RecipeError) {
        self.section = section
        self.path = path ?? section.path
        self.origin = value?.origin ?? origin
        guard let value, !value.isNull else {
            members = []
            return
        }
        switch value.content {
        case .map(let members):
            self.members = members
        case .scalar, .list:
            guard let key = section.shorthand else {
                throw RecipeError(
                    at: value.origin,
                    "\(self.path.isEmpty ? "a recipe" : "`\(self.path)`") must be a section of keys, not \(value.spokenKind)",
                    remedy: "Its keys are \(spoken(section.keys.map(\.name), joint: "and"))")
            }
            members = [.init(key: key, origin: value.origin, value: value)]
        }
        for member in members where section.key(member.key) == nil { throw unknown(member) }
    }

    private func unknown(_ member: SourceValue.Member) -> RecipeError {
        let name = dotted(member.key)
        if let suggestion = RecipeSchema.suggestion(for: member.key, in: section) {
            let inPlace = suggestion.hasPrefix(RecipeSchema.layerPath) ? path + suggestion.dropFirst(section.path.count) : suggestion
            return RecipeError(at: member.origin, "unknown key `\(name)`: did you mean `\(inPlace)`?")
        }
        let place = path.isEmpty ? "a recipe" : "`\(path)`"
        return RecipeError(
            at: member.origin, "unknown key `\(name)`", remedy: "The keys of \(place) are \(spoken(section.keys.map(\.name), joint: "and"))"
        )
    }

    func dotted(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    // MARK: - Variants

    /// Refuses keys that mean nothing to the chosen variant: a `momentum` given to adam would otherwise be lost without a word.
    func check(variant: String) throws(RecipeError) {
        for member in members where !member.value.isNull {
            guard let key = section.key(member.key), !key.only.isEmpty, !key.only.contains(variant) else { continue }
            throw RecipeError(
                at: member.origin, "`\(dotted(member.key))` means nothing to \(variant), it belongs to \(spoken(key.only, joint: "and"))",
                remedy: "Leave it out, or give the whole section anew: \(path)={\(section.variant ?? "name"): \(variant)}")
        }
    }

    // MARK: - Values

    /// No count of anything is larger: sums and products of a few of them stay far from overflow.
    static let largestCount = 1 << 40

    /// The value of a key, nil where it is absent or null. A key the schema does not list is a programmer error.
    func value(_ key: String) -> SourceValue? {
        precondition(section.key(key) != nil, "the schema of `\(section.path)` has no key `\(key)`")
        guard let value = members.first(where: { $0.key == key })?.value, !value.isNull else { return nil }
        return value
    }

    /// Where a key was written; the section's own place where it was not.
    func origin(of key: String) -> Origin { value(key)?.origin ?? origin }

    func wrongType(_ key: String, expected: String, found: SourceValue) -> RecipeError {
        var remedy: String?
        if expected.hasPrefix("true or false"), case .scalar(let scalar) = found.content {
            let word = scalar.text.lowercased()
            if ["yes", "on"].contains(word) { remedy = "Write true" }
            if ["no", "off"].contains(word) { remedy = "Write false" }
        }
        return RecipeError(at: found.origin, "`\(dotted(key))` must be \(expected), not \(found.spokenKind)", remedy: remedy)
    }

    private func scalar(_ key: String, expected: String) throws(RecipeError) -> (Scalar, SourceValue)? {
        guard let value = value(key) else { return nil }
        guard case .scalar(let scalar) = value.content else { throw wrongType(key, expected: expected, found: value) }
        return (scalar, value)
    }

    /// Text. A number is taken as written (`run=007` is the text 007).
    func text(_ key: String) throws(RecipeError) -> String? {
        guard let (scalar, value) = try scalar(key, expected: "text") else { return nil }
        guard scalar.kind != .boolean else { throw wrongType(key, expected: "text", found: value) }
        guard !scalar.text.isEmpty else { throw RecipeError(at: value.origin, "`\(dotted(key))` is empty text") }
        return scalar.text
    }

    func boolean(_ key: String) throws(RecipeError) -> Bool? {
        guard let (scalar, value) = try scalar(key, expected: "true or false") else { return nil }
        guard let result = scalar.boolean else { throw wrongType(key, expected: "true or false", found: value) }
        return result
    }

    func integer(_ key: String, atLeast least: Int = .min, atMost most: Int = Self.largestCount) throws(RecipeError) -> Int? {
        guard let (scalar, value) = try scalar(key, expected: "a whole number") else { return nil }
        guard let result = scalar.integer else { throw wrongType(key, expected: "a whole number", found: value) }
        guard result >= least else { throw RecipeError(at: value.origin, "`\(dotted(key))` must be at least \(least), not \(result)") }
        guard result <= most else { throw RecipeError(at: value.origin, "`\(dotted(key))` must be at most \(most), not \(result)") }
        return result
    }

    /// A whole number or one word that stands for "choose for me" (nil inside).
    func integer(_ key: String, or word: String, atLeast least: Int = .min) throws(RecipeError) -> Int?? {
        guard let (scalar, value) = try scalar(key, expected: "a whole number or \(word)") else { return nil }
        if scalar.text == word { return .some(nil) }
        guard scalar.integer != nil else { throw wrongType(key, expected: "a whole number or \(word)", found: value) }
        return .some(try integer(key, atLeast: least))
    }

    func seed(_ key: String) throws(RecipeError) -> UInt64? {
        guard let (scalar, value) = try scalar(key, expected: "a whole number") else { return nil }
        guard scalar.kind == .number else { throw wrongType(key, expected: "a whole number", found: value) }
        guard let result = scalar.unsigned else {
            throw RecipeError(
                at: value.origin, "`\(dotted(key))` must be a whole number from 0 to 18446744073709551615, not \(scalar.text)")
        }
        return result
    }

    /// A finite number within bounds, each of which may be open.
    func number(_ key: String, _ bounds: Bounds = .any) throws(RecipeError) -> Double? {
        guard let (scalar, value) = try scalar(key, expected: "a number") else { return nil }
        guard let result = scalar.number else { throw wrongType(key, expected: "a number", found: value) }
        try check(key, result, written: scalar.text, bounds, value.origin)
        return result
    }

    private func check(_ key: String, _ result: Double, written: String, _ bounds: Bounds, _ place: Origin) throws(RecipeError) {
        guard result.isFinite else { throw RecipeError(at: place, "`\(dotted(key))` must be a finite number, not \(written)") }
        guard bounds.contains(result) else { throw RecipeError(at: place, "`\(dotted(key))` must be \(bounds.spoken), not \(written)") }
    }

    /// One of a set of names.
    /// - Parameter what: what the names are names of: `optimizer`, `loss`.
    func choice(_ key: String, _ what: String, among names: [String]) throws(RecipeError) -> String? {
        guard let (scalar, value) = try scalar(key, expected: "the name of \(article(what))") else { return nil }
        guard names.contains(scalar.text) else { throw unknownName(scalar.text, what, among: names, at: value.origin) }
        return scalar.text
    }

    private func article(_ noun: String) -> String { "aeiou".contains(noun.first ?? " ") ? "an \(noun)" : "a \(noun)" }

    /// A list of texts; a lone text is a list of one.
    func texts(_ key: String) throws(RecipeError) -> [String]? {
        try list(key, expected: "a list of texts") { scalar in scalar.kind == .boolean || scalar.kind == .null ? nil : scalar.text }
    }

    /// A list of numbers; a lone number is a list of one.
    func numbers(_ key: String, _ bounds: Bounds = .any) throws(RecipeError) -> [Double]? {
        guard let result = try list(key, expected: "a number or a list of numbers", { $0.number }) else { return nil }
        for number in result { try check(key, number, written: "\(number)", bounds, origin(of: key)) }
        return result
    }

    /// A list of whole numbers; a lone number is a list of one.
    func integers(
        _ key: String, atLeast least: Int, atMost most: Int = Self.largestCount, expected: String = "a list of whole numbers"
    ) throws(RecipeError) -> [Int]? {
        guard let result = try list(key, expected: expected, { $0.integer }) else { return nil }
        for number in result where number < least || number > most {
            let bound = number < least ? "at least \(least)" : "at most \(most)"
            throw RecipeError(at: origin(of: key), "`\(dotted(key))` must be \(bound), not \(number)")
        }
        return result
    }

    private func list<T>(_ key: String, expected: String, _ convert: (Scalar) -> T?) throws(RecipeError) -> [T]? {
        guard let value = value(key) else { return nil }
        let elements: [SourceValue]
        switch value.content {
        case .list(let list): elements = list
        case .scalar: elements = [value]
        case .map: throw wrongType(key, expected: expected, found: value)
        }
        var result: [T] = []
        for element in elements {
            guard case .scalar(let scalar) = element.content, let converted = convert(scalar) else {
                throw wrongType(key, expected: expected, found: element)
            }
            result.append(converted)
        }
        return result
    }

    /// The section under a key (an empty one where it is absent).
    func section(_ key: String) throws(RecipeError) -> SectionReader {
        try SectionReader(value(key), RecipeSchema.section(section.path(of: key)), path: dotted(key), origin: origin)
    }
}

/// The error for a name that is none of those known: the nearest one first, then all of them.
func unknownName(_ name: String, _ what: String, among names: [String], at origin: Origin?) -> RecipeError {
    let hint = nearestName(to: name, among: names).map { ": did you mean `\($0)`?" } ?? ""
    let list = spoken(names, joint: "and")
    return RecipeError(at: origin, "unknown \(what) `\(name)`\(hint)", remedy: "Known are \(list)")
}

/// An interval of numbers, each end open, closed or absent.
struct Bounds: Sendable {
    var least: Double?
    var above: Double?
    var most: Double?
    var below: Double?

    static let any = Bounds()
    static let positive = Bounds(above: 0)
    static let notNegative = Bounds(least: 0)
    /// [0, 1)
    static let fraction = Bounds(least: 0, below: 1)

    func contains(_ value: Double) -> Bool {
        (least.map { value >= $0 } ?? true) && (above.map { value > $0 } ?? true) && (most.map { value <= $0 } ?? true)
            && (below.map { value < $0 } ?? true)
    }

    var spoken: String {
        let lower = least.map { "at least \(short($0))" } ?? above.map { "above \(short($0))" }
        let upper = most.map { "at most \(short($0))" } ?? below.map { "below \(short($0))" }
        return [lower, upper].compactMap(\.self).joined(separator: " and ")
    }

    private func short(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? "\(value)" }
}
