/// Samples in memory: features, and a target each. Bytes stay bytes and become floats when they are copied out; samples of text are
/// windows on one array of tokens.
///
/// A value; subsets share the storage of what they were taken from. Sample numbers are positions in this data set, from 0.
package struct Dataset: Sendable {
    /// What a target is.
    package enum Targets: Hashable, Sendable {
        /// Inputs for `predict` have none.
        case none
        /// An index below `count`, or one at each position of a sequence: see `labelsPerSample`.
        case classes(count: Int)
        /// `width` numbers.
        case values(width: Int)
    }

    enum FeatureStore: Sendable {
        case bytes([UInt8], ByteScaling)
        case floats([Float])
        case tokens(TokenWindows)
    }

    enum TargetStore: Sendable {
        case none
        case classes([Int32], count: Int)
        case values([Float], width: Int)
        /// For windows of tokens: at each position the token that follows it.
        case nextTokens
    }

    /// Which rows of the storage are the samples.
    enum Rows: Sendable {
        case all(Int)
        case listed([Int32])
    }

    /// What it is, for people: "digits", "training set".
    package var name: String
    /// Extents of one sample, as the model's input has them.
    package let featureShape: [Int]
    /// Their product.
    package let featureCount: Int
    /// The classes' names in order of their index; for a binary task the names of 0 and 1; empty for a regression.
    package var classNames: [String]
    /// Fields that were missing and have been filled, in the whole table that this set was taken from.
    package var missingValues = 0
    /// Fields whose category the training split does not have.
    package var unknownCategories = 0

    let features: FeatureStore
    let targetStore: TargetStore
    var rows: Rows

    /// - Precondition: the storage has the sizes that shape and count say.
    init(name: String, featureShape: [Int], count: Int, features: FeatureStore, targets: TargetStore, classNames: [String] = []) {
        let featureCount = featureShape.reduce(1, *)
        let stored =
            switch features {
            case .bytes(let bytes, _): bytes.count
            case .floats(let floats): floats.count
            case .tokens(let windows): windows.windowCount * featureCount
            }
        precondition(
            stored == count * featureCount, "Dataset \(name): \(stored) features stored, \(count) samples of \(featureCount) expected")
        switch targets {
        case .none: break
        case .classes(let classes, _):
            precondition(classes.count == count, "Dataset \(name): \(classes.count) classes for \(count) samples")
        case .values(let values, let width):
            precondition(values.count == count * width, "Dataset \(name): \(values.count) targets for \(count) samples of \(width)")
        case .nextTokens:
            guard case .tokens = features else { preconditionFailure("Dataset \(name): numbers have no next token") }
        }
        self.name = name
        self.featureShape = featureShape
        self.featureCount = featureCount
        self.features = features
        self.targetStore = targets
        self.classNames = classNames
        self.rows = .all(count)
    }

    /// The number of samples.
    package var count: Int {
        switch rows {
        case .all(let count): count
        case .listed(let list): list.count
        }
    }

    package var targets: Targets {
        switch targetStore {
        case .none: .none
        case .classes(_, let count): .classes(count: count)
        case .values(_, let width): .values(width: width)
        case .nextTokens: .classes(count: windows?.tokens.vocabulary ?? 0)
        }
    }

    /// Where the samples are tokens: the windows they are.
    var windows: TokenWindows? {
        if case .tokens(let windows) = features { windows } else { nil }
    }

    /// Whether samples are tokens rather than numbers.
    package var isTokens: Bool { windows != nil }

    /// Class indices per sample: one for each position of a sequence, one for a class, none for numbers.
    package var labelsPerSample: Int {
        switch targetStore {
        case .classes: 1
        case .nextTokens: featureCount
        case .values, .none: 0
        }
    }

    /// The samples at these positions, in this order. Shares the storage.
    package func subset(_ positions: [Int], name: String? = nil) -> Dataset {
        var result = self
        result.rows = .listed(positions.map { Int32(row(of: $0)) })
        if let name { result.name = name }
        return result
    }

    /// The row of the storage that holds a sample. Traps when there is no such sample.
    func row(of sample: Int) -> Int {
        switch rows {
        case .all(let count):
            precondition(sample >= 0 && sample < count, "Dataset \(name): sample \(sample) of \(count)")
            return sample
        case .listed(let list): return Int(list[sample])
        }
    }
}
