/// Turns targets as files hold them into what the task wants, with every value checked.
enum TargetReading {
    /// - Parameters:
    ///   - numbers: row-major, `width` per sample.
    ///   - describe: says where sample `n` stands in its file, for messages: "line 8, column 'y'".
    static func targets(
        _ numbers: [Double], width: Int, count: Int, task: TaskKind, path: String, describe: (Int) -> String? = { _ in nil }
    ) throws(DataError) -> Dataset.TargetStore {
        precondition(numbers.count == count * width)
        switch task {
        case .classification(let classes):
            try checkSingle(width, task, path)
            var indices: [Int32] = []
            indices.reserveCapacity(count)
            for (sample, number) in numbers.enumerated() {
                guard let label = Int32(exactly: number), label >= 0, Int(label) < classes else {
                    throw DataError(
                        .labelOutOfRange,
                        "the label of sample \(sample) is \(shown(number)), the model has \(classes) classes: labels are whole numbers from 0 to \(classes - 1)",
                        path: path, at: describe(sample),
                        remedy: "Mend the label, or give the model's last layer as many units as there are classes.")
                }
                indices.append(label)
            }
            return .classes(indices, count: classes)
        case .binary:
            try checkSingle(width, task, path)
            for (sample, number) in numbers.enumerated() where number != 0 && number != 1 {
                throw DataError(
                    .labelOutOfRange, "the target of sample \(sample) is \(shown(number)), a binary target is 0 or 1", path: path,
                    at: describe(sample), remedy: "Mend the target, or use softmax_cross_entropy for several classes.")
            }
            return .values(numbers.map { Float($0) }, width: 1)
        case .tokens: preconditionFailure("tokens have no targets of their own")
        case .regression(let wanted):
            guard width == wanted else {
                throw DataError(
                    .wrongShape, "a target has \(width) value\(width == 1 ? "" : "s"), the model's output has \(wanted)", path: path,
                    remedy: "Give the model's last layer \(width) unit\(width == 1 ? "" : "s"), or the data \(wanted) values per target.")
            }
            for (index, number) in numbers.enumerated() where !Float(number).isFinite {
                throw DataError(
                    .nonFinite, "value \(index % width) of the target of sample \(index / width) is \(shown(number)), not a finite number",
                    path: path, at: describe(index / width), remedy: "Mend the value or remove the sample.")
            }
            return .values(numbers.map { Float($0) }, width: width)
        }
    }

    private static func checkSingle(_ width: Int, _ task: TaskKind, _ path: String) throws(DataError) {
        guard width == 1 else {
            throw DataError(
                .wrongShape, "a target has \(width) values, \(task.description) wants one", path: path,
                remedy: "Store one label per sample (for one-hot rows: their argmax).")
        }
    }

    private static func shown(_ number: Double) -> String {
        Int(exactly: number).map { String($0) } ?? String(number)
    }
}
