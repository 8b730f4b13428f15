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
        case .tokens: preconditionFailure("Dataset \(name) has tokens, not features")
        }
    }

    /// Copies the tokens of one sample to `target[offset..<offset + featureCount]`. Traps where samples are numbers.
    /// - Complexity: O(featureCount).
    package func copyTokens(of sample: Int, into target: inout MutableSpan<Int32>, at offset: Int) {
        guard let windows else { preconditionFailure("Dataset \(name) has features, not tokens") }
        windows.tokens.copy(from: windows.start(ofRow: row(of: sample)), count: featureCount, into: &target, at: offset)
    }

    /// Copies a sample's class indices to `target[offset..<offset + labelsPerSample]`: its class, or the token after each of its own.
    package func copyClasses(of sample: Int, into target: inout MutableSpan<Int32>, at offset: Int) {
        guard case .nextTokens = targetStore, let windows else {
            target[offset] = classIndex(of: sample)
            return
        }
        windows.tokens.copy(from: windows.start(ofRow: row(of: sample)) + 1, count: featureCount, into: &target, at: offset)
    }

    /// The class of a sample; for a binary task 0 or 1. Traps for a regression and for inputs without targets.
    package func classIndex(of sample: Int) -> Int32 {
        switch targetStore {
        case .classes(let classes, _): return classes[row(of: sample)]
        case .values(let values, 1) where !classNames.isEmpty: return Int32(values[row(of: sample)])
        case .values, .nextTokens, .none: preconditionFailure("Dataset \(name) has no class per sample")
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
