// Rows are added in order; spans may be longer than the rows in use. No allocation.
extension MetricAccumulator {
    /// - Parameters:
    ///   - logits: [B × C], the largest is the prediction, the first of equals; a row with a NaN predicts nothing.
    ///   - classes: [B], each in 0 ..< C.
    ///   - rowLosses: [B].
    package mutating func addClassification(logits: Span<Float>, classes labels: Span<Int32>, rowLosses: Span<Float>, rows: Int) {
        guard case .classification(let width) = kind else { preconditionFailure("classes added to metrics of \(kind)") }
        precondition(logits.count >= rows * width && labels.count >= rows, "\(rows) rows of \(width) logits need longer spans")
        for row in 0..<rows {
            var predicted = 0
            var largest = logits[row * width]
            var isNumber = !largest.isNaN
            for column in 1..<max(width, 1) {
                let value = logits[row * width + column]
                if value.isNaN { isNumber = false }
                if value > largest {
                    largest = value
                    predicted = column
                }
            }
            let actual = Int(labels[row])
            precondition(actual >= 0 && actual < width, "class \(actual) in row \(row), expected 0 ..< \(width)")
            counts[1 + actual * (width + 1) + (isNumber ? predicted : width)] += 1
        }
        addLosses(rowLosses, rows: rows)
    }

    /// - Parameters:
    ///   - logits: [B × columns]; a logit above 0 predicts 1.
    ///   - targets: [B × columns]; above 0.5 is class 1.
    ///   - rowLosses: [B].
    package mutating func addBinary(
        logits: Span<Float>, targets: Span<Float>, rowLosses: Span<Float>, rows: Int, columns: Int = 1
    ) {
        guard case .binary = kind else { preconditionFailure("yes/no outputs added to metrics of \(kind)") }
        for index in 0..<rows * columns {
            let actual = targets[index] > 0.5 ? 1 : 0
            let predicted = logits[index].isNaN ? 2 : logits[index] > 0 ? 1 : 0
            counts[1 + actual * 3 + predicted] += 1
        }
        addLosses(rowLosses, rows: rows)
    }

    /// - Parameters:
    ///   - predictions, targets: [B × width].
    ///   - rowLosses: [B].
    package mutating func addRegression(predictions: Span<Float>, targets: Span<Float>, rowLosses: Span<Float>, rows: Int) {
        guard case .regression(let width) = kind else { preconditionFailure("numbers added to metrics of \(kind)") }
        precondition(
            predictions.count >= rows * width && targets.count >= rows * width, "\(rows) rows of \(width) outputs need longer spans")
        for row in 0..<rows {
            for column in 0..<width {
                let target = Double(targets[row * width + column])
                let error = Double(predictions[row * width + column]) - target
                reals[1] += error * error
                reals[2] += error.magnitude
                let (mean, square) = (3 + 2 * column, 4 + 2 * column)
                let difference = target - reals[mean]
                reals[mean] += difference / Double(counts[0] + row + 1)
                reals[square] += difference * (target - reals[mean])
            }
        }
        addLosses(rowLosses, rows: rows)
    }

    /// - Parameters:
    ///   - logits: [B × positions × V].
    ///   - labels: [B × positions].
    ///   - rowLosses: [B], means over the positions.
    package mutating func addTokens(logits: Span<Float>, labels: Span<Int32>, rowLosses: Span<Float>, rows: Int) {
        guard case .tokens(let vocabulary, let positions) = kind else { preconditionFailure("tokens added to metrics of \(kind)") }
        counts[1] += correctTokens(logits: logits, labels: labels, count: rows * positions, vocabulary: vocabulary)
        addLosses(rowLosses, rows: rows)
    }

    private mutating func addLosses(_ losses: Span<Float>, rows: Int) {
        var sum = reals[0]
        for row in 0..<rows { sum += Double(losses[row]) }
        reals[0] = sum
        counts[0] += rows
    }
}
