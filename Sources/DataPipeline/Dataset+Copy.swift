/// Reading samples: what the loader does for every row of every batch. Nothing here allocates.
extension Dataset {
    /// Copies the features of one sample, scaled and normalised, to `target[offset..<offset + featureCount]`.
    /// - Complexity: O(featureCount).
    package func copyFeatures(of sample: Int, into target: inout MutableSpan<Float>, at offset: Int) {
        let start = row(of: sample) * featureCount
        switch features {
        case .bytes(let bytes, let scaling):
            scaling.convert(bytes.span, from: start, count: featureCount, into: &target, at: offset)
        case .floats(let floats):
            floats.span.copy(from: start, count: featureCount, into: &target, at: offset)
        }
    }

    /// The class of a sample; for a binary task 0 or 1. Traps for a regression and for inputs without targets.
    package func classIndex(of sample: Int) -> Int32 {
        switch targetStore {
        case .classes(let classes, _): return classes[row(of: sample)]
        case .values(let values, 1) where !classNames.isEmpty: return Int32(values[row(of: sample)])
        case .values, .none: preconditionFailure("Dataset \(name) has no classes")
        }
    }

    /// Number `column` of a sample's target. Traps when targets are classes or missing.
    package func target(of sample: Int, column: Int = 0) -> Float {
        guard case .values(let values, let width) = targetStore else { preconditionFailure("Dataset \(name) has no numbers as targets") }
        precondition(column >= 0 && column < width, "Dataset \(name): target column \(column) of \(width)")
        return values[row(of: sample) * width + column]
    }

    /// Copies a sample's target numbers to `target[offset..<offset + width]`. Traps when targets are classes or missing.
    package func copyTargets(of sample: Int, into target: inout MutableSpan<Float>, at offset: Int) {
        guard case .values(let values, let width) = targetStore else { preconditionFailure("Dataset \(name) has no numbers as targets") }
        let start = row(of: sample) * width
        values.span.copy(from: start, count: width, into: &target, at: offset)
    }
}
