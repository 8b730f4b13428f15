import Kernels

/// Data made up by a rule that can be learned, for trying things out and for tests: every number is a function of the seed, the sample's
/// number and the feature's, so a longer set begins with a shorter one. The test set is drawn by the same rule and never trained on.
enum SyntheticSource {
    static func load(_ spec: DataSpec, task: TaskKind, inputShape: [Int], seed: UInt64) throws(DataError) -> SourceData {
        let kind = spec.kind ?? suitable(for: task)
        try check(kind, suits: task)
        if case .tokens(let vocabulary, let length) = task {
            let rule = SyntheticChain(vocabulary: vocabulary, length: length, noise: spec.noise, seed: seed)
            return SourceData(
                pool: rule.draw(0..<spec.samples),
                test: spec.testSamples == 0 ? nil : rule.draw(testStart..<testStart + spec.testSamples),
                preprocessing: Preprocessing(task: task, featureShape: inputShape))
        }
        let rule = SyntheticRule(kind: kind, features: inputShape.reduce(1, *), task: task, noise: spec.noise, seed: seed)
        let preprocessing = Preprocessing(task: task, featureShape: inputShape, normalize: spec.normalize)
        func part(_ samples: Range<Int>) throws(DataError) -> Dataset {
            var drawn = rule.draw(samples)
            preprocessing.scaling.normalize(&drawn.features)
            return Dataset(
                name: "synthetic", featureShape: inputShape, count: samples.count, features: .floats(drawn.features),
                targets: try TargetReading.targets(
                    drawn.targets, width: max(task.targetWidth, 1), count: samples.count, task: task, path: "synthetic data"),
                classNames: preprocessing.classNames)
        }
        return SourceData(
            pool: try part(0..<spec.samples), test: spec.testSamples == 0 ? nil : try part(testStart..<testStart + spec.testSamples),
            preprocessing: preprocessing)
    }

    /// The test samples come from far behind, so that they stay the same when `samples` changes.
    private static let testStart = 1 << 40

    private static func suitable(for task: TaskKind) -> DataSpec.SyntheticKind {
        switch task {
        case .classification: .blobs
        case .binary: .linearBinary
        case .regression: .regression
        case .tokens: .chain
        }
    }

    private static func check(_ kind: DataSpec.SyntheticKind, suits task: TaskKind) throws(DataError) {
        switch (kind, task) {
        case (.linearBinary, .binary), (.linearBinary, .classification(2)), (.blobs, .binary), (.blobs, .classification),
            (.regression, .regression), (.chain, .tokens):
            return
        default:
            throw DataError(
                .specification, "data.kind: \(kind.rawValue) makes no targets for \(task.description)",
                remedy: "Use blobs for classes, linear-binary or blobs for two of them, regression for numbers, chain for tokens.")
        }
    }
}
