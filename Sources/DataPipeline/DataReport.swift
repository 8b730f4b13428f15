import Formats

/// What can be said about a data set at a glance: the data's part of a run's quality record.
package struct DataReport: Hashable, Sendable, Codable {
    package struct ClassCount: Hashable, Sendable, Codable {
        package var name: String
        package var count: Int
    }

    package var samples: Int
    package var featureShape: [Int]
    /// Samples per class, in order of the class index; empty for a regression.
    package var classes: [ClassCount]
    /// Fields that were missing and have been filled.
    package var missingValues: Int
    /// Fields with a category that the training split does not have.
    package var unknownCategories: Int
    /// Over all features as the model sees them; 0 for an empty set.
    package var minimum: Double
    package var maximum: Double
    package var mean: Double
    package var fingerprint: String

    package var json: JSONValue {
        [
            "samples": .integer(samples), "feature_shape": .array(featureShape.map { .integer($0) }),
            "classes": .array(classes.map { ["name": .string($0.name), "count": .integer($0.count)] }),
            "missing_values": .integer(missingValues), "unknown_categories": .integer(unknownCategories), "minimum": .number(minimum),
            "maximum": .number(maximum), "mean": .number(mean), "fingerprint": .string(fingerprint),
        ]
    }
}

extension Dataset {
    /// Looks at every feature once. Pass the fingerprint when it is known, it is the dearest part.
    package func report(fingerprint known: String? = nil) -> DataReport {
        let range = featureRange()
        return DataReport(
            samples: count, featureShape: featureShape, classes: classCounts(), missingValues: missingValues,
            unknownCategories: unknownCategories, minimum: range.minimum, maximum: range.maximum, mean: range.mean,
            fingerprint: known ?? fingerprint)
    }

    private func classCounts() -> [DataReport.ClassCount] {
        var counts = [Int](repeating: 0, count: classNames.count)
        guard !counts.isEmpty, targets != .none, labelsPerSample <= 1 else { return [] }
        for sample in 0..<count { counts[Int(classIndex(of: sample))] += 1 }
        return zip(classNames, counts).map { DataReport.ClassCount(name: $0, count: $1) }
    }

    private func featureRange() -> (minimum: Double, maximum: Double, mean: Double) {
        guard count > 0, featureCount > 0 else { return (0, 0, 0) }
        var minimum = Float.infinity
        var maximum = -Float.infinity
        var sum = 0.0
        switch features {
        case .bytes(let bytes, let scaling):
            // Bytes are counted, not converted: 256 values per channel stand for all of them.
            let channels = max(scaling.mean.count, 1)
            var counts = [Int](repeating: 0, count: 256 * channels)
            for sample in 0..<count {
                let start = row(of: sample) * featureCount
                for index in 0..<featureCount { counts[(index % channels) << 8 | Int(bytes[start + index])] += 1 }
            }
            for (index, times) in counts.enumerated() where times > 0 {
                let value = scaling.value(UInt8(index & 255), channel: index >> 8)
                minimum = min(minimum, value)
                maximum = max(maximum, value)
                sum += Double(value) * Double(times)
            }
        case .floats(let floats):
            for sample in 0..<count {
                let start = row(of: sample) * featureCount
                for index in start..<start + featureCount {
                    minimum = min(minimum, floats[index])
                    maximum = max(maximum, floats[index])
                    sum += Double(floats[index])
                }
            }
        case .tokens(let windows):
            // Overlapping windows show the same tokens again; each is counted once.
            for index in windows.covered {
                let token = windows.tokens[index]
                minimum = min(minimum, Float(token))
                maximum = max(maximum, Float(token))
                sum += Double(token)
            }
            return (Double(minimum), Double(maximum), sum / Double(windows.covered.count))
        }
        return (Double(minimum), Double(maximum), sum / (Double(count) * Double(featureCount)))
    }
}
