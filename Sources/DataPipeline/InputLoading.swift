import Formats

/// Reads inputs without targets for `predict`: a .npy array, a table or IDX images, plain or gzip, told by its bytes, and prepares them
/// as the model's own data was.
/// - Throws: `DataError`, also when there is no sample in it.
package func loadInputs(_ path: String, preprocessing: Preprocessing, inputShape: [Int]) throws(DataError) -> Dataset {
    try checkSame(inputShape, preprocessing)
    let bytes = try reading { () throws(FormatError) in try FileIO.readUnpacked(path) }
    let (count, features) = try unlabelled(bytes, path: path, preprocessing: preprocessing)
    guard count > 0 else { throw DataError(.empty, "the file holds no sample", path: path, remedy: "Give it at least one row.") }
    var result = Dataset(
        name: "inputs", featureShape: preprocessing.featureShape, count: count, features: features.store, targets: .none,
        classNames: preprocessing.classNames)
    result.missingValues = features.missingValues
    result.unknownCategories = features.unknownCategories
    return result
}

/// Reads samples with targets for `evaluate --data`: a directory of IDX files (the test files, or the training files where there are no
/// others), a directory of .npy arrays (likewise), a table, or a text; prepared as the model's own data was.
package func loadLabelled(
    _ path: String, spec: DataSpec, preprocessing: Preprocessing, task: TaskKind, inputShape: [Int]
) throws(DataError) -> Dataset {
    try checkSame(inputShape, preprocessing)
    let dataset: Dataset
    if task.isTokens {
        dataset = try labelledTokens(path, preprocessing: preprocessing)
    } else if FileIO.isDirectory(path) {
        dataset = try labelledDirectory(path, spec: spec, preprocessing: preprocessing)
    } else if preprocessing.table != nil {
        dataset = try CSVSource.labelled(path, preprocessing: preprocessing, name: "evaluation set")
    } else {
        guard FileIO.exists(path) else {
            throw DataError(
                .missing, "there is no such file or directory", path: path,
                remedy: "Check the path, and the working directory it is relative to.")
        }
        dataset = try labelledTable(path, preprocessing: preprocessing)
    }
    guard dataset.count > 0 else { throw DataError(.empty, "there is no sample in it", path: path, remedy: "Give it at least one sample.") }
    return dataset
}

private func labelledDirectory(_ path: String, spec: DataSpec, preprocessing: Preprocessing) throws(DataError) -> Dataset {
    for (inputs, targets) in [(spec.testInputs, spec.testTargets), (spec.inputs, spec.targets)] {
        let (inputs, targets) = (NpySource.join(path, inputs), NpySource.join(path, targets))
        guard FileIO.exists(inputs) else { continue }
        let features = try reading { () throws(FormatError) in try NpyFile.read(inputs) }
        return try NpySource.dataset(features, inputs: inputs, targets: targets, preprocessing: preprocessing, name: "evaluation set")
    }
    guard let files = try IDXSource.pair(path, prefixes: IDXSource.testPrefixes + ["train"]) else {
        throw DataError(
            .missing,
            "the directory holds neither \(spec.inputs) nor IDX images (t10k-images-idx3-ubyte, train-images-idx3-ubyte, plain or .gz)",
            path: path, remedy: "Name a directory with such files, or a CSV table.")
    }
    return try IDXSource.dataset(files, preprocessing: preprocessing, name: "evaluation set")
}

/// For a model that was not trained on a table: all columns but the last ones are its features, in order.
private func labelledTable(_ path: String, preprocessing: Preprocessing) throws(DataError) -> Dataset {
    let table = try plainTable(try reading { () throws(FormatError) in try FileIO.readUnpacked(path) }, path: path)
    let width = max(preprocessing.task.targetWidth, 1)
    let features = max(table.columnCount - width, 0)
    let targets = try TableTargets.read(
        table, columns: Array(features..<table.columnCount), task: preprocessing.task, classNames: nil, path: path)
    let values = try plainFeatures(table, columns: features, preprocessing: preprocessing, path: path)
    return Dataset(
        name: "evaluation set", featureShape: preprocessing.featureShape, count: table.rowCount, features: .floats(values),
        targets: targets,
        classNames: preprocessing.classNames)
}

private struct UnlabelledFeatures {
    var store: Dataset.FeatureStore
    var missingValues = 0
    var unknownCategories = 0
}

private func unlabelled(_ bytes: [UInt8], path: String, preprocessing: Preprocessing) throws(DataError) -> (Int, UnlabelledFeatures) {
    if bytes.starts(with: [0x93]) || bytes.starts(with: Array("PK".utf8)) || path.hasSuffix(".npy") {
        var array = try reading { () throws(FormatError) in
            do throws(FormatError) { return try NpyFile.decode(bytes) } catch { throw error.inFile(path) }
        }
        // One sample by itself is a batch of one.
        if array.shape == preprocessing.featureShape, array.shape.count > 1 { array.shape.insert(1, at: 0) }
        let count = try NpySource.sampleCount(array, preprocessing: preprocessing, path: path)
        return (count, UnlabelledFeatures(store: try NpySource.store(array, preprocessing: preprocessing, path: path)))
    }
    if bytes.count >= 4, bytes[0] == 0, bytes[1] == 0, IDXFile.ElementType(rawValue: bytes[2]) != nil {
        let file = try reading { () throws(FormatError) in
            do throws(FormatError) { return try IDXFile.decode(bytes) } catch { throw error.inFile(path) }
        }
        try ShapeCheck.check(Array(file.shape.dropFirst()), fits: preprocessing.featureShape, path: path)
        return (file.shape[0], UnlabelledFeatures(store: try IDXSource.features(file, preprocessing: preprocessing, path: path)))
    }
    if let encoding = preprocessing.table {
        let table = try reading { () throws(FormatError) in
            do throws(FormatError) { return try CSVTable.parse(bytes, separator: Character(encoding.separator)) } catch {
                throw error.inFile(path)
            }
        }
        let encoded = try encoding.encode(table, path: path)
        return (
            table.rowCount,
            UnlabelledFeatures(
                store: .floats(encoded.features), missingValues: encoded.missingValues, unknownCategories: encoded.unknownCategories)
        )
    }
    let table = try plainTable(bytes, path: path)
    let values = try plainFeatures(table, columns: table.columnCount, preprocessing: preprocessing, path: path)
    return (table.rowCount, UnlabelledFeatures(store: .floats(values)))
}

/// A table of bare numbers, with or without a line of names.
private func plainTable(_ bytes: [UInt8], path: String) throws(DataError) -> CSVTable {
    try reading { () throws(FormatError) in
        do throws(FormatError) {
            let table = try CSVTable.parse(bytes, hasHeader: false)
            let isNamed = table.rowCount > 0 && (0..<table.columnCount).contains { table.number(row: 0, column: $0) == nil }
            return isNamed ? try CSVTable.parse(bytes) : table
        } catch {
            throw error.inFile(path)
        }
    }
}

/// Numbers in the units of the model's raw data: where it was trained on bytes, they are divided like bytes.
private func plainFeatures(_ table: CSVTable, columns: Int, preprocessing: Preprocessing, path: String) throws(DataError) -> [Float] {
    try ShapeCheck.check([columns], fits: preprocessing.featureShape, path: path)
    var values: [Float] = []
    values.reserveCapacity(table.rowCount * columns)
    for row in 0..<table.rowCount {
        for column in 0..<columns {
            guard let value = try TableEncoding.finiteNumber(table, row: row, column: column, path: path) else {
                throw DataError(
                    .malformed, "a feature is missing, and the model was trained on data without missing values", path: path,
                    at: TableEncoding.place(table, row: row, column: column), remedy: "Fill it in or remove the row.")
            }
            values.append(Float(value) / (preprocessing.divisor ?? 1))
        }
    }
    preprocessing.scaling.normalize(&values)
    return values
}

/// The model and its preprocessing come from one run; anything else is a mix-up of files.
private func checkSame(_ inputShape: [Int], _ preprocessing: Preprocessing) throws(DataError) {
    try ShapeCheck.check(preprocessing.featureShape, fits: inputShape, path: nil)
}
