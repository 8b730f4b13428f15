import Formats

extension TableEncoding {
    /// More categories than this in one column are taken for a mistake (an identifier, a free text).
    static let maximumCategories = 1000

    /// Looks at the table's columns once and learns their figures from the training rows.
    /// - Parameters:
    ///   - columns: the table's columns that are features, ascending.
    ///   - categorical: names of columns that hold categories whatever they look like.
    ///   - trainingRows: the rows to learn from; at least one.
    static func fit(
        _ table: CSVTable, columns: [Int], categorical: [String], trainingRows: [Int], standardize: Bool, separator: String, path: String
    ) throws(DataError) -> TableEncoding {
        var fitted: [Column] = []
        for column in columns {
            let name = table.header[column]
            var isCategorical = categorical.contains(name)
            if !isCategorical { isCategorical = try !looksNumeric(table, column: column, path: path) }
            let kind =
                isCategorical
                ? try categories(table, column: column, rows: trainingRows, path: path)
                : try figures(table, column: column, rows: trainingRows, standardize: standardize, path: path)
            fitted.append(Column(name: name, kind: kind))
        }
        return TableEncoding(columns: fitted, separator: separator)
    }

    /// A column is numeric when its fields are numbers. When most are and some are not, that is an error with the first that is not,
    /// rather than a column of categories with ten thousand values.
    private static func looksNumeric(_ table: CSVTable, column: Int, path: String) throws(DataError) -> Bool {
        var numbers = 0
        var others = 0
        var firstOther = 0
        for row in 0..<table.rowCount where !isMissing(table, row: row, column: column) {
            if table.number(row: row, column: column) != nil {
                numbers += 1
            } else {
                if others == 0 { firstOther = row }
                others += 1
            }
        }
        if others == 0 { return true }
        guard numbers < 4 * others else {
            throw DataError(
                .malformed,
                "'\(table.text(row: firstOther, column: column))' is no number, and \(numbers) of \(numbers + others) fields of the column are",
                path: path, at: place(table, row: firstOther, column: column),
                remedy: "Mend the field, leave it empty if the value is missing, or list the column under data.categorical.")
        }
        return false
    }

    private static func figures(_ table: CSVTable, column: Int, rows: [Int], standardize: Bool, path: String) throws(DataError) -> Kind {
        var count = 0.0
        var sum = 0.0
        for row in rows {
            guard let value = try finiteNumber(table, row: row, column: column, path: path) else { continue }
            count += 1
            sum += value
        }
        guard count > 0 else {
            throw DataError(
                .empty, "no training row has a value in the column '\(table.header[column])'", path: path,
                remedy: "Leave the column out with data.ignore.")
        }
        let mean = sum / count
        guard standardize else { return .numeric(fill: mean, mean: 0, std: 1) }
        // The deviation of what the model will see: filled fields lie on the mean and count as samples.
        var squares = 0.0
        for row in rows {
            guard let value = try finiteNumber(table, row: row, column: column, path: path) else { continue }
            squares += (value - mean) * (value - mean)
        }
        let deviation = (squares / Double(rows.count)).squareRoot()
        return .numeric(fill: mean, mean: mean, std: deviation > 0 ? deviation : 1)
    }

    private static func categories(_ table: CSVTable, column: Int, rows: [Int], path: String) throws(DataError) -> Kind {
        var seen: Set<String> = []
        for row in rows where !isMissing(table, row: row, column: column) { seen.insert(table.text(row: row, column: column).trimmed) }
        guard seen.count <= maximumCategories else {
            throw DataError(
                .malformed, "the column '\(table.header[column])' has \(seen.count) categories, more than \(maximumCategories)", path: path,
                remedy: "Leave the column out with data.ignore, or group its values.")
        }
        return .categorical(seen.sorted())
    }

    /// The number in a field, nil when it is missing.
    /// - Throws: `DataError` for NaN, an infinity or a text, with line and column name.
    static func finiteNumber(_ table: CSVTable, row: Int, column: Int, path: String) throws(DataError) -> Double? {
        if let value = table.number(row: row, column: column) {
            // Features are 32-bit floats: what overflows there is as bad as an infinity.
            guard value.isFinite, Float(value).isFinite else {
                throw DataError(
                    .nonFinite, "'\(table.text(row: row, column: column))' is not a finite number", path: path,
                    at: place(table, row: row, column: column), remedy: "Leave the field empty if the value is missing, or remove the row.")
            }
            return value
        }
        if isMissing(table, row: row, column: column) { return nil }
        throw DataError(
            .malformed, "'\(table.text(row: row, column: column))' is no number", path: path, at: place(table, row: row, column: column),
            remedy: "Mend the field, leave it empty if the value is missing, or list the column under data.categorical.")
    }

    /// For messages: the line of the file, the row of data (from 1) and the column's name.
    static func place(_ table: CSVTable, row: Int, column: Int) -> String {
        "line \(table.line(ofRow: row)), row \(row + 1), column '\(table.header[column])'"
    }
}
