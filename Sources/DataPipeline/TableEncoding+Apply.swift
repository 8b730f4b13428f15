import Formats

extension TableEncoding {
    struct Encoded {
        /// Row-major, `width` per row.
        var features: [Float]
        var missingValues = 0
        var unknownCategories = 0
    }

    /// Encodes every row of a table, which may have its columns in any order and others besides.
    func encode(_ table: CSVTable, path: String) throws(DataError) -> Encoded {
        var places: [Int] = []
        for column in columns {
            guard let place = table.columnIndex(named: column.name) else {
                throw DataError(
                    .missing, "there is no column '\(column.name)'; the columns are \(Self.listed(table.header))", path: path,
                    remedy: "Give the table the columns that the model was trained with.")
            }
            places.append(place)
        }

        let width = width
        var encoded = Encoded(features: [Float](repeating: 0, count: table.rowCount * width))
        for (column, place) in zip(columns, places) {
            let offset = self.offset(of: column)
            switch column.kind {
            case .numeric(let fill, let mean, let std):
                for row in 0..<table.rowCount {
                    let value = try Self.finiteNumber(table, row: row, column: place, path: path)
                    if value == nil { encoded.missingValues += 1 }
                    encoded.features[row * width + offset] = Float(((value ?? fill) - mean) / std)
                }
            case .categorical(let values):
                let index = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($1, $0) })
                for row in 0..<table.rowCount {
                    if Self.isMissing(table, row: row, column: place) {
                        encoded.missingValues += 1
                    } else if let category = index[table.text(row: row, column: place).trimmed] {
                        encoded.features[row * width + offset + category] = 1
                    } else {
                        encoded.unknownCategories += 1
                    }
                }
            }
        }
        return encoded
    }

    private func offset(of column: Column) -> Int {
        var offset = 0
        for other in columns {
            if other.name == column.name { break }
            offset += other.width
        }
        return offset
    }

    /// Names for a message, cut when there are many.
    static func listed(_ names: [String]) -> String {
        let shown = names.prefix(12).map { "'\($0)'" }.joined(separator: ", ")
        return names.count > 12 ? "\(shown) and \(names.count - 12) more" : shown
    }
}
