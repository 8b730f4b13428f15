/// What a run learns from.
package struct LoadedData: Sendable {
    package var train: Dataset
    package var validation: Dataset?
    package var test: Dataset?
    package var preprocessing: Preprocessing
    /// SHA-256 (hex) over the fingerprints of the three sets and the preprocessing: equal on two ranks only if all of it is.
    package var fingerprint: String

    init(train: Dataset, validation: Dataset?, test: Dataset?, preprocessing: Preprocessing) {
        self.train = train
        self.validation = validation
        self.test = test
        self.preprocessing = preprocessing
        let parts = [train.fingerprint, validation?.fingerprint ?? "none", test?.fingerprint ?? "none", preprocessing.json()]
        fingerprint = DataPipeline.fingerprint(ofText: parts.joined(separator: "\n"))
    }
}

/// What a format's reader finds: samples still to be divided, and a test set where the data comes with one.
struct SourceData {
    var pool: Dataset
    var test: Dataset?
    var preprocessing: Preprocessing
}

/// Loads, checks, divides and prepares the data of a recipe.
///
/// Every rank reads for itself and gets the same result: a function of the files, the arguments and nothing else.
/// - Parameters:
///   - inputShape: the model's input, channels last.
///   - seed: the run's; it draws shuffled and stratified splits and synthetic data.
///   - alphabet: of a text model that is there already, so that its characters keep their numbers whatever the file has become.
/// - Throws: `DataError` for everything that is wrong with the section or the files.
package func loadData(
    _ spec: DataSpec, task: TaskKind, inputShape: [Int], seed: UInt64, alphabet: Alphabet? = nil
) throws(DataError) -> LoadedData {
    if let problem = spec.problems().first ?? spec.problems(with: task).first {
        throw DataError(.specification, "data.\(problem.key): \(problem.message)", remedy: "Mend the data section of the recipe.")
    }
    switch spec.format {
    case .csv: return try CSVSource(spec: spec, task: task, inputShape: inputShape, seed: seed).load()
    case .text: return try TextSource.load(spec, task: task, alphabet: alphabet)
    case .tokens: return try TokenSource.load(spec, task: task)
    case .digits, .idx, .npy, .synthetic: break
    }

    var source: SourceData
    switch spec.format {
    case .digits: source = try DigitsSource.load(spec, task: task, inputShape: inputShape)
    case .idx: source = try IDXSource.load(spec, task: task, inputShape: inputShape)
    case .npy: source = try NpySource.load(spec, task: task, inputShape: inputShape)
    case .synthetic, .csv, .text, .tokens: source = try SyntheticSource.load(spec, task: task, inputShape: inputShape, seed: seed)
    }

    var positions = Array(0..<source.pool.count)
    func divide(_ fraction: Double, _ stream: RandomStream) -> SampleSplit {
        let pool = source.pool
        let classes: ((Int) -> Int32)? = pool.classNames.isEmpty ? nil : { pool.classIndex(of: $0) }
        return SampleSplit(positions, classes: classes, fraction: fraction, how: spec.effectiveSplit, seed: seed, stream: stream)
    }
    if source.test == nil, case .fraction(let part)? = spec.test, part > 0 {
        let split = divide(part, .testSplit)
        positions = split.kept
        source.test = source.pool.subset(split.heldOut)
    }
    let split = divide(spec.validation, .validationSplit)
    try checkNotEmpty(split.kept.count, of: source.pool.count, path: spec.path)
    return LoadedData(
        train: source.pool.subset(split.kept, name: "training set"),
        validation: split.heldOut.isEmpty ? nil : source.pool.subset(split.heldOut, name: "validation set"),
        test: source.test.flatMap { test in
            var named = test
            named.name = "test set"
            return test.count == 0 ? nil : named
        },
        preprocessing: source.preprocessing)
}

/// Training needs a sample.
func checkNotEmpty(_ kept: Int, of count: Int, path: String?) throws(DataError) {
    guard kept == 0 else { return }
    throw DataError(
        .empty,
        count == 0
            ? "the data has no samples"
            : "the training set is empty: all \(count) sample\(count == 1 ? "" : "s") went to validation and test",
        path: path, remedy: "Add samples, or lower data.validation.")
}
