import Formats

/// The columns to predict: labels by number or by name, or plain numbers.
enum TableTargets {
    /// The classes' names, sorted, when labels are texts; nil when they are numbers.
    static func classNames(_ table: CSVTable, columns: [Int], task: TaskKind, path: String) throws(DataError) -> [String]? {
        let limit: Int
        switch task {
        case .regression, .tokens: return nil
        case .classification(let classes): limit = classes
        case .binary: limit = 2
        }
        guard columns.count == 1 else { return nil }
        let isNumeric = (0..<table.rowCount).allSatisfy {
            table.number(row: $0, column: columns[0]) != nil || table.isMissing(row: $0, column: columns[0])
        }
        if isNumeric { return nil }
        var seen: Set<String> = []
        for row in 0..<table.rowCount where !table.isMissing(row: row, column: columns[0]) {
            seen.insert(table.text(row: row, column: columns[0]).trimmed)
        }
        let names = seen.sorted()
        guard names.count <= limit else {
            throw DataError(
                .labelOutOfRange,
                "the column '\(table.header[columns[0]])' has \(names.count) classes (\(TableEncoding.listed(names))), the model has \(limit)",
                path: path, remedy: "Give the model's last layer as many units as there are classes, or choose another target column.")
        }
        // A model may have outputs for classes that this table happens to lack.
        return names + (names.count..<limit).map { "class \($0)" }
    }

    static func read(
        _ table: CSVTable, columns: [Int], task: TaskKind, classNames: [String]?, path: String
    ) throws(DataError) -> Dataset.TargetStore {
        var numbers: [Double] = []
        numbers.reserveCapacity(table.rowCount * columns.count)
        let index = classNames.map { Dictionary(uniqueKeysWithValues: $0.enumerated().map { ($1, $0) }) }
        for row in 0..<table.rowCount {
            for column in columns {
                numbers.append(try number(table, row: row, column: column, index: index, classNames: classNames ?? [], path: path))
            }
        }
        return try TargetReading.targets(numbers, width: columns.count, count: table.rowCount, task: task, path: path) {
            TableEncoding.place(table, row: $0, column: columns[0])
        }
    }

    /// The class of each row, for a stratified split; nil for a regression.
    static func classes(_ targets: Dataset.TargetStore, task: TaskKind) -> ((Int) -> Int32)? {
        switch (targets, task) {
        case (.classes(let classes, _), _): { classes[$0] }
        case (.values(let values, _), .binary): { Int32(values[$0]) }
        default: nil
        }
    }

    private static func number(
        _ table: CSVTable, row: Int, column: Int, index: [String: Int]?, classNames: [String], path: String
    ) throws(DataError) -> Double {
        guard !table.isMissing(row: row, column: column) else {
            throw DataError(
                .malformed, "the target is missing", path: path, at: TableEncoding.place(table, row: row, column: column),
                remedy: "Fill it in or remove the row.")
        }
        if let index {
            let text = table.text(row: row, column: column).trimmed
            guard let label = index[text] else {
                throw DataError(
                    .labelOutOfRange, "the label '\(text)' of sample \(row) is none of the classes \(TableEncoding.listed(classNames))",
                    path: path,
                    at: TableEncoding.place(table, row: row, column: column), remedy: "Mend the label or remove the row.")
            }
            return Double(label)
        }
        guard let value = table.number(row: row, column: column) else {
            throw DataError(
                .malformed, "the target '\(table.text(row: row, column: column))' is no number", path: path,
                at: TableEncoding.place(table, row: row, column: column), remedy: "Mend it or remove the row.")
        }
        return value
    }
}
