import Formats

/// How the columns of a table become the features of a sample: numbers are filled and standardised, categories become one feature each.
/// All figures come from the training rows alone.
package struct TableEncoding: Hashable, Sendable, Codable {
    package enum Kind: Hashable, Sendable, Codable {
        /// A missing number becomes `fill`; then (v − mean) / std.
        case numeric(fill: Double, mean: Double, std: Double)
        /// One feature per category, 1 where the field holds it. Missing and unknown fields are 0 in all of them.
        case categorical([String])
    }

    package struct Column: Hashable, Sendable, Codable {
        package var name: String
        package var kind: Kind

        /// Features that this column becomes.
        package var width: Int {
            switch kind {
            case .numeric: 1
            case .categorical(let values): values.count
            }
        }
    }

    package var columns: [Column]
    /// The character between fields.
    package var separator: String

    /// Features per row.
    package var width: Int { columns.reduce(0) { $0 + $1.width } }

    /// The names of the features: the column's, or "column=category".
    package var featureNames: [String] {
        columns.flatMap { column in
            switch column.kind {
            case .numeric: [column.name]
            case .categorical(let values): values.map { "\(column.name)=\($0)" }
            }
        }
    }

    /// What stands for a missing value besides an empty field.
    private static let missingMarks: Set<String> = ["NA", "N/A", "na", "n/a", "null", "NULL", "None", "?"]

    static func isMissing(_ table: CSVTable, row: Int, column: Int) -> Bool {
        if table.isMissing(row: row, column: column) { return true }
        if table.number(row: row, column: column) != nil { return false }
        return missingMarks.contains(table.text(row: row, column: column).trimmed)
    }
}

extension String {
    /// Without spaces and tabs at both ends.
    var trimmed: String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(self[first...last])
    }
}
