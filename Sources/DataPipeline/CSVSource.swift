import Formats

/// A table: columns of numbers and categories, and one or more columns to predict.
struct CSVSource {
    let spec: DataSpec
    let task: TaskKind
    let inputShape: [Int]
    let seed: UInt64

    func load() throws(DataError) -> LoadedData {
        let path = spec.path!
        let table = try reading { () throws(FormatError) in try CSVTable.read(path, separator: Character(spec.separator)) }
        let targetColumns = try self.targetColumns(table, path: path)
        let featureColumns = try self.featureColumns(table, targets: targetColumns, path: path)
        let classNames = try TableTargets.classNames(table, columns: targetColumns, task: task, path: path)
        let targets = try TableTargets.read(table, columns: targetColumns, task: task, classNames: classNames, path: path)

        // The split comes before anything is learned from the rows, so that nothing of the held-out ones leaks into the figures.
        let classes = TableTargets.classes(targets, task: task)
        var positions = Array(0..<table.rowCount)
        var testRows: [Int] = []
        if case .fraction(let part)? = spec.test, part > 0 {
            let split = SampleSplit(positions, classes: classes, fraction: part, how: spec.effectiveSplit, seed: seed, stream: .testSplit)
            (positions, testRows) = (split.kept, split.heldOut)
        }
        let split = SampleSplit(
            positions, classes: classes, fraction: spec.validation, how: spec.effectiveSplit, seed: seed, stream: .validationSplit)
        try checkNotEmpty(split.kept.count, of: table.rowCount, path: path)

        let encoding = try TableEncoding.fit(
            table, columns: featureColumns, categorical: spec.categorical, trainingRows: split.kept, standardize: spec.standardize,
            separator: spec.separator, path: path)
        guard encoding.width == inputShape.reduce(1, *) else { throw wrongWidth(encoding, path: path) }
        let preprocessing = Preprocessing(
            task: task, featureShape: inputShape, table: encoding, targetNames: targetColumns.map { table.header[$0] },
            classNames: classNames)

        let all = try Self.dataset(table, targets: targets, preprocessing: preprocessing, name: "table", path: path)
        var test: Dataset? = testRows.isEmpty ? nil : all.subset(testRows, name: "test set")
        if case .file(let file)? = spec.test { test = try Self.labelled(file, preprocessing: preprocessing, name: "test set") }
        return LoadedData(
            train: all.subset(split.kept, name: "training set"),
            validation: split.heldOut.isEmpty ? nil : all.subset(split.heldOut, name: "validation set"), test: test,
            preprocessing: preprocessing)
    }

    /// A table with targets, encoded as the model's own was.
    static func labelled(_ path: String, preprocessing: Preprocessing, name: String) throws(DataError) -> Dataset {
        let separator = Character(preprocessing.table?.separator ?? ",")
        let table = try reading { () throws(FormatError) in try CSVTable.read(path, separator: separator) }
        var columns: [Int] = []
        for target in preprocessing.targetNames {
            guard let column = table.columnIndex(named: target) else {
                throw DataError(
                    .missing, "there is no target column '\(target)'; the columns are \(TableEncoding.listed(table.header))", path: path,
                    remedy: "Give the table the columns that the model was trained with.")
            }
            columns.append(column)
        }
        let targets = try TableTargets.read(
            table, columns: columns, task: preprocessing.task, classNames: preprocessing.labelsAreNames ? preprocessing.classNames : nil,
            path: path)
        return try dataset(table, targets: targets, preprocessing: preprocessing, name: name, path: path)
    }

    static func dataset(
        _ table: CSVTable, targets: Dataset.TargetStore, preprocessing: Preprocessing, name: String, path: String
    ) throws(DataError) -> Dataset {
        let encoded = try preprocessing.table!.encode(table, path: path)
        var result = Dataset(
            name: name, featureShape: preprocessing.featureShape, count: table.rowCount, features: .floats(encoded.features),
            targets: targets,
            classNames: preprocessing.classNames)
        result.missingValues = encoded.missingValues
        result.unknownCategories = encoded.unknownCategories
        return result
    }

    /// The named columns, or the last ones.
    private func targetColumns(_ table: CSVTable, path: String) throws(DataError) -> [Int] {
        guard let target = spec.target else {
            let width = max(task.targetWidth, 1)
            return Array(max(table.columnCount - width, 0)..<table.columnCount)
        }
        var columns: [Int] = []
        // A column's own name may hold a comma.
        let names = table.columnIndex(named: target) != nil ? [target] : target.split(separator: ",").map { String($0).trimmed }
        for name in names { columns.append(try column(name, in: table, key: "target", path: path)) }
        return columns
    }

    private func featureColumns(_ table: CSVTable, targets: [Int], path: String) throws(DataError) -> [Int] {
        var left = Set(targets)
        for name in spec.ignore { left.insert(try column(name, in: table, key: "ignore", path: path)) }
        for name in spec.categorical { _ = try column(name, in: table, key: "categorical", path: path) }
        let columns = (0..<table.columnCount).filter { !left.contains($0) }
        guard !columns.isEmpty else {
            throw DataError(.empty, "no column is left as a feature", path: path, remedy: "Add columns, or shorten data.ignore.")
        }
        return columns
    }

    private func column(_ name: String, in table: CSVTable, key: String, path: String) throws(DataError) -> Int {
        if let index = table.columnIndex(named: name) { return index }
        throw DataError(
            .specification, "data.\(key) names the column '\(name)'; the columns are \(TableEncoding.listed(table.header))", path: path,
            remedy: "Name one of them.")
    }

    private func wrongWidth(_ encoding: TableEncoding, path: String) -> DataError {
        let categorical = encoding.columns.filter { if case .categorical = $0.kind { true } else { false } }
        let parts = categorical.map { "'\($0.name)' \($0.width)" }.joined(separator: ", ")
        let detail =
            categorical.isEmpty ? "" : ": \(encoding.columns.count - categorical.count) numeric, and categories as one each (\(parts))"
        let want = inputShape.reduce(1, *)
        return DataError(
            .wrongShape,
            "the table gives \(encoding.width) feature\(encoding.width == 1 ? "" : "s")\(detail); the model's input has \(want)",
            path: path, remedy: "Set model.input to [\(encoding.width)], or leave columns out with data.ignore.")
    }
}
