/// A comma-separated table by RFC 4180: quotes, doubled quotes, line ends inside quotes, LF or CRLF, an optional byte-order mark.
///
/// The file's bytes stay as they are; a field is a range of them, turned into text or a number when asked for.
package struct CSVTable: Sendable {
    /// The column names from the first line.
    package let header: [String]
    /// Rows below the header.
    package let rowCount: Int
    package var columnCount: Int { header.count }

    private let bytes: [UInt8]
    /// Row-major, `columnCount` per row.
    private let fields: [Field]
    /// The line of the file (from 1) on which each row begins; rows may span lines inside quotes.
    private let lines: [Int32]

    private struct Field: Sendable {
        var start: Int
        var count: Int32
        var isQuoted: Bool
    }

    package static func read(_ path: String, separator: Character = ",") throws(FormatError) -> CSVTable {
        let bytes = try FileIO.readUnpacked(path)
        do throws(FormatError) { return try parse(bytes, separator: separator) } catch { throw error.inFile(path) }
    }

    /// - Parameter hasHeader: false when the first line is a row already; columns are then named "0", "1" and so on.
    /// - Throws: `FormatError` for an empty table, a row with a different number of fields (naming line and both counts), a quote that
    ///   never closes, text after a closing quote, two columns of one name, or bytes that are not UTF-8.
    package static func parse(_ bytes: [UInt8], separator: Character = ",", hasHeader: Bool = true) throws(FormatError) -> CSVTable {
        try CSVTable(parsing: bytes, separator: separator.asciiValue ?? UInt8(ascii: ","), hasHeader: hasHeader)
    }

    private init(parsing bytes: [UInt8], separator: UInt8, hasHeader: Bool) throws(FormatError) {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw FormatError(.malformed, "the table is not UTF-8 text", remedy: "Save it as UTF-8.")
        }
        var scanner = CSVScanner(bytes: bytes, separator: separator)
        scanner.at = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0

        var names: [String] = []
        var fields: [Field] = []
        var lines: [Int32] = []
        var isHeader = hasHeader
        while scanner.skipBlankLines() {
            let line = scanner.line
            let first = fields.count
            repeat {
                let (range, isQuoted) = try scanner.field()
                fields.append(Field(start: range.lowerBound, count: Int32(range.count), isQuoted: isQuoted))
            } while try scanner.hasMoreInRow()
            if isHeader {
                names = fields.map { Self.text($0, in: bytes) }
                fields.removeAll()
                isHeader = false
                try Self.check(names)
            } else {
                let count = fields.count - first
                if !hasHeader, lines.isEmpty { names = (0..<count).map { String($0) } }
                guard count == names.count else {
                    throw FormatError(
                        .malformed, "the row has \(count) fields, the header names \(names.count)", at: "line \(line)",
                        remedy: "Give every row as many fields as the header; a field that holds a comma needs quotes.")
                }
                lines.append(Int32(line))
            }
        }
        guard !names.isEmpty else {
            throw FormatError(.malformed, "the table is empty", at: "line 1", remedy: "It needs a line of column names and rows below it.")
        }
        self.header = names
        self.rowCount = lines.count
        self.bytes = bytes
        self.fields = fields
        self.lines = lines
    }

    private static func check(_ names: [String]) throws(FormatError) {
        var seen: Set<String> = []
        for (column, name) in names.enumerated() {
            guard seen.insert(name).inserted else {
                throw FormatError(
                    .malformed, "two columns are named '\(name)'", at: "line 1, column \(column + 1)",
                    remedy: "Give each column a name of its own.")
            }
        }
    }

    // MARK: Access (traps when row or column is out of range)

    /// The line of the file on which the row begins, counted from 1, for messages.
    package func line(ofRow row: Int) -> Int { Int(lines[row]) }

    package func columnIndex(named name: String) -> Int? { header.firstIndex(of: name) }

    /// The field's text, quotes undone.
    package func text(row: Int, column: Int) -> String {
        Self.text(fields[row * columnCount + column], in: bytes)
    }

    /// Whether nothing, or nothing but spaces, stands between the commas.
    package func isMissing(row: Int, column: Int) -> Bool {
        let field = fields[row * columnCount + column]
        return bytes[field.start..<field.start + Int(field.count)].allSatisfy { $0 == 0x20 || $0 == 0x09 }
    }

    /// The field as a number with `.` as the decimal point, spaces around it allowed; nil when it is missing or is no number.
    /// "nan" and "inf" are numbers to it: the caller decides what to say about them.
    package func number(row: Int, column: Int) -> Double? {
        let field = fields[row * columnCount + column]
        return DecimalNumber.parse(bytes, field.start..<field.start + Int(field.count))
    }

    private static func text(_ field: Field, in bytes: [UInt8]) -> String {
        let text = String(decoding: bytes[field.start..<field.start + Int(field.count)], as: UTF8.self)
        guard field.isQuoted, text.contains("\"") else { return text }
        return text.split(separator: "\"\"", omittingEmptySubsequences: false).joined(separator: "\"")
    }
}

/// Walks the bytes of a table, one field at a time.
private struct CSVScanner {
    let bytes: [UInt8]
    let separator: UInt8
    var at = 0
    var line = 1

    private static let quote = UInt8(ascii: "\"")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    init(bytes: [UInt8], separator: UInt8) {
        self.bytes = bytes
        self.separator = separator
    }

    /// Moves to the next row that has any text; false at the end.
    mutating func skipBlankLines() -> Bool {
        while at < bytes.count, bytes[at] == Self.lineFeed || bytes[at] == Self.carriageReturn {
            if bytes[at] == Self.lineFeed { line += 1 }
            at += 1
        }
        return at < bytes.count
    }

    /// The next field's bytes without its quotes, leaving `at` on what ended it.
    mutating func field() throws(FormatError) -> (Range<Int>, isQuoted: Bool) {
        guard at < bytes.count, bytes[at] == Self.quote else {
            let start = at
            while at < bytes.count, bytes[at] != separator, bytes[at] != Self.lineFeed { at += 1 }
            let isCRLF = at > start && bytes[at - 1] == Self.carriageReturn && (at == bytes.count || bytes[at] == Self.lineFeed)
            return (start..<(isCRLF ? at - 1 : at), false)
        }
        let firstLine = line
        at += 1
        let start = at
        while true {
            guard at < bytes.count else {
                throw FormatError(
                    .truncated, "a quote opens and never closes", at: "line \(firstLine)",
                    remedy: "Close it, or double a quote meant as text.")
            }
            if bytes[at] == Self.lineFeed { line += 1 }
            if bytes[at] == Self.quote {
                guard at + 1 < bytes.count, bytes[at + 1] == Self.quote else { break }
                at += 1
            }
            at += 1
        }
        let end = at
        at += 1
        if at < bytes.count, bytes[at] == Self.carriageReturn { at += 1 }
        guard at >= bytes.count || bytes[at] == separator || bytes[at] == Self.lineFeed else {
            throw FormatError(
                .malformed, "text follows a closing quote", at: "line \(line)", remedy: "Double a quote that is part of the text.")
        }
        return (start..<end, true)
    }

    /// After a field: past the separator and true, or past the line end and false.
    mutating func hasMoreInRow() throws(FormatError) -> Bool {
        guard at < bytes.count else { return false }
        let more = bytes[at] == separator
        if !more { line += 1 }
        at += 1
        return more
    }
}
