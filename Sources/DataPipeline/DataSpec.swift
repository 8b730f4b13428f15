import Formats

/// The data section of a recipe as a value: where the samples are and how they are divided and prepared.
///
/// Keys that a format does not use keep their defaults; `problems()` names those that were set all the same.
package struct DataSpec: Hashable, Sendable, Codable {
    package enum Format: String, Hashable, Sendable, Codable, CaseIterable { case digits, idx, csv, npy, text, tokens, synthetic }

    /// Which samples become the validation set (and the test set where that is a fraction).
    package enum Split: String, Hashable, Sendable, Codable, CaseIterable {
        /// The last ones in file order: Keras's rule.
        case tail
        /// Drawn by the seed.
        case shuffled
        /// Drawn by the seed from each class in proportion; a regression has no classes and gets `shuffled`.
        case stratified
    }

    /// (v − mean) / std, after bytes became v / 255. One number for all features, or one per channel (the last extent).
    package struct Normalization: Hashable, Sendable, Codable {
        package var mean: [Float]
        package var std: [Float]

        package init(mean: [Float], std: [Float]) {
            self.mean = mean
            self.std = std
        }
    }

    package enum TestSource: Hashable, Sendable, Codable {
        /// A second file with the same columns.
        case file(String)
        /// This part of the samples, taken before the validation set.
        case fraction(Double)
    }

    package enum SyntheticKind: String, Hashable, Sendable, Codable, CaseIterable {
        case linearBinary = "linear-binary"
        case blobs
        case regression
        case chain
    }

    package var format: Format
    /// A directory for idx and npy, a file for csv and text, either for tokens; relative to the working directory.
    package var path: String?
    /// The part of the samples (less the test set) that is held out for validation; 0 for none.
    package var validation: Double
    /// Whether each epoch has an order of its own.
    package var shuffle: Bool
    /// nil for the format's default: stratified for csv, tail for the others.
    package var split: Split?
    package var normalize: Normalization?
    /// For csv, text and tokens a file or a fraction; for idx and npy a fraction, used when the directory holds no test set.
    package var test: TestSource?

    // csv
    /// The column to predict; nil for the last one. Several, separated by commas, for a regression of several values.
    package var target: String?
    /// Columns to take as categories though they hold numbers.
    package var categorical: [String]
    /// Columns to leave out.
    package var ignore: [String]
    package var separator: String
    /// Whether numeric columns become (v − mean) / std with the training split's figures.
    package var standardize: Bool

    // npy: names relative to `path`
    package var inputs: String
    package var targets: String
    package var testInputs: String
    package var testTargets: String

    // text and tokens
    /// Tokens of one sample; nil for the model's input.
    package var length: Int?
    /// Tokens from the beginning of one training sample to that of the next; nil for `length`.
    package var stride: Int?
    /// tokens: how many there are; nil for the model's number.
    package var vocabulary: Int?
    /// tokens: the words of files without a header; nil for the smallest that hold the vocabulary.
    package var element: TokenShard.Element?

    // synthetic
    /// nil for the one that suits the task.
    package var kind: SyntheticKind?
    package var samples: Int
    package var testSamples: Int
    /// linear-binary: the part of labels that are turned; blobs: the clusters' spread; regression: the deviation added to the values;
    /// chain: the part of tokens that follow no rule. nil for the kind's default.
    package var noise: Double?

    package init(
        format: Format = .digits, path: String? = nil, validation: Double = 0.2, shuffle: Bool = true, split: Split? = nil,
        normalize: Normalization? = nil, test: TestSource? = nil, target: String? = nil, categorical: [String] = [], ignore: [String] = [],
        separator: String = ",", standardize: Bool = true, inputs: String = "x.npy", targets: String = "y.npy",
        testInputs: String = "x_test.npy", testTargets: String = "y_test.npy", length: Int? = nil, stride: Int? = nil,
        vocabulary: Int? = nil, element: TokenShard.Element? = nil, kind: SyntheticKind? = nil, samples: Int = 4000,
        testSamples: Int = 1000, noise: Double? = nil
    ) {
        self.format = format
        self.path = path
        self.validation = validation
        self.shuffle = shuffle
        self.split = split
        self.normalize = normalize
        self.test = test
        self.target = target
        self.categorical = categorical
        self.ignore = ignore
        self.separator = separator
        self.standardize = standardize
        self.inputs = inputs
        self.targets = targets
        self.testInputs = testInputs
        self.testTargets = testTargets
        self.length = length
        self.stride = stride
        self.vocabulary = vocabulary
        self.element = element
        self.kind = kind
        self.samples = samples
        self.testSamples = testSamples
        self.noise = noise
    }

    package var effectiveSplit: Split {
        split ?? (format == .csv ? .stratified : .tail)
    }
}
