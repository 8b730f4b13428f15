import Formats

/// The characters of a text and their numbers: the Unicode scalars that occur, in the order of their code points.
///
/// Scalars and not what a reader calls a character, as other tools that work on characters do: their number stays small, and every text
/// comes back byte for byte.
package struct Alphabet: Hashable, Sendable, Codable {
    /// All of them, in order.
    package let characters: String
    private let scalars: [UInt32]

    /// - Parameter scalars: in ascending order, each once.
    private init(scalars: [UInt32]) {
        self.scalars = scalars
        characters = Self.text(scalars)
    }

    package init(from decoder: any Decoder) throws {
        characters = try decoder.singleValueContainer().decode(String.self)
        scalars = characters.unicodeScalars.map(\.value)
        guard zip(scalars, scalars.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "characters out of order"))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(characters)
    }

    package static func == (a: Alphabet, b: Alphabet) -> Bool { a.scalars == b.scalars }
    package func hash(into hasher: inout Hasher) { hasher.combine(scalars) }

    package var count: Int { scalars.count }

    /// The alphabet of a text.
    /// - Throws: `DataError` with the byte at which it is not UTF-8, or when it is empty.
    static func of(_ bytes: [UInt8], path: String) throws(DataError) -> Alphabet {
        var occurs = [Bool](repeating: false, count: 0x11_0000)
        do throws(FormatError) {
            try UTF8Text.forEachScalar(of: bytes) { occurs[Int($0)] = true }
        } catch {
            throw DataError(error.inFile(path))
        }
        let scalars = occurs.indices.filter { occurs[$0] }.map { UInt32($0) }
        guard !scalars.isEmpty else { throw DataError(.empty, "the text is empty", path: path, remedy: "Give it some characters.") }
        return Alphabet(scalars: scalars)
    }

    /// The numbers of a text's characters.
    /// - Throws: `DataError` that names the characters the alphabet lacks.
    package func encode(_ bytes: [UInt8], path: String? = nil) throws(DataError) -> TokenArray {
        var numbers = [Int32](repeating: -1, count: 0x11_0000)
        for (number, scalar) in scalars.enumerated() { numbers[Int(scalar)] = Int32(number) }
        var tokens = TokenArray(vocabulary: count)
        tokens.reserveCapacity(bytes.count)
        var unknown: [UInt32] = []
        var place = 0
        var firstUnknown = 0
        do throws(FormatError) {
            try UTF8Text.forEachScalar(of: bytes) { scalar in
                let number = numbers[Int(scalar)]
                if number >= 0 {
                    tokens.append(Int(number))
                } else if unknown.count < 100, !unknown.contains(scalar) {
                    if unknown.isEmpty { firstUnknown = place }
                    unknown.append(scalar)
                }
                place += 1
            }
        } catch {
            throw DataError(path.map { error.inFile($0) } ?? error)
        }
        guard unknown.isEmpty else { throw unknownCharacters(unknown, path: path, first: firstUnknown) }
        return tokens
    }

    private func unknownCharacters(_ unknown: [UInt32], path: String?, first: Int) -> DataError {
        let names = unknown.prefix(8).map { Self.name($0) }
        let rest = unknown.count > names.count ? " and more" : ""
        // Without a file it is a prompt: the fault is in what was typed.
        return DataError(
            path == nil ? .specification : .labelOutOfRange,
            "the model does not know the character\(unknown.count == 1 ? "" : "s") \(names.joined(separator: ", "))\(rest): "
                + "its text had \(count) others",
            path: path, at: "character \(first)",
            remedy: "Leave them out or replace them; preprocessing.json of the run lists those it knows.")
    }

    /// The text of some tokens.
    /// - Precondition: all are below `count`.
    package func text(_ tokens: some Sequence<Int32>) -> String { Self.text(tokens.map { scalars[Int($0)] }) }

    /// The number of a character, for one scalar.
    package func number(of scalar: Unicode.Scalar) -> Int32? { scalars.firstIndex(of: scalar.value).map { Int32($0) } }

    private static func text(_ scalars: [UInt32]) -> String {
        var view = String.UnicodeScalarView()
        for scalar in scalars { view.append(Unicode.Scalar(scalar) ?? "\u{FFFD}") }
        return String(view)
    }

    /// 'é' (U+00E9), or the code alone for what cannot be seen.
    private static func name(_ scalar: UInt32) -> String {
        let digits = String(scalar, radix: 16, uppercase: true)
        let code = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        guard let character = Unicode.Scalar(scalar), scalar > 0x20, !character.properties.isWhitespace,
            ![.control, .format, .unassigned, .nonspacingMark, .enclosingMark].contains(character.properties.generalCategory)
        else { return code }
        return "'\(character)' (\(code))"
    }
}
