/// This rank's rows of one global batch, in memory that the prefetcher uses again: borrowed until the next call of `next`.
///
/// - Note: `@unchecked Sendable`. A batch is written by the loader's thread alone while it is being filled and read by the consumer alone
///   while it is borrowed; the prefetcher's lock lies between, so each sees what the other wrote and never both at once.
package final class PrefetchedBatch: @unchecked Sendable {
    /// The absolute batch id, from 0 over the whole run.
    package internal(set) var batch = 0
    /// From 0.
    package internal(set) var epoch = 0
    /// Samples of the global batch, over all ranks.
    package internal(set) var globalCount = 0
    /// Which of them are here.
    package internal(set) var rows = 0..<0
    /// The number of rows here.
    package var count: Int { rows.count }

    private let featureCount: Int
    private let targets: Dataset.Targets
    private let capacity: Int
    // Plain memory rather than arrays: spans of a class's arrays cannot outlive one access, and uniqueness checks have no place here.
    private let labelsPerRow: Int
    private let features: UnsafeMutableBufferPointer<Float>
    private let tokens: UnsafeMutableBufferPointer<Int32>
    private let classes: UnsafeMutableBufferPointer<Int32>
    private let values: UnsafeMutableBufferPointer<Float>
    private let keys: UnsafeMutableBufferPointer<UInt64>
    private let samples: UnsafeMutableBufferPointer<Int32>

    init(dataset: Dataset, capacity: Int) {
        featureCount = dataset.featureCount
        targets = dataset.targets
        self.capacity = capacity
        labelsPerRow = dataset.labelsPerSample
        features = Self.zeros(dataset.isTokens ? 0 : capacity * featureCount)
        tokens = Self.zeros(dataset.isTokens ? capacity * featureCount : 0)
        var (classCount, valueCount) = (0, 0)
        switch targets {
        case .none: break
        case .classes: classCount = capacity * labelsPerRow
        case .values(let width): valueCount = capacity * width
        }
        classes = Self.zeros(classCount)
        values = Self.zeros(valueCount)
        keys = Self.zeros(capacity)
        samples = Self.zeros(capacity)
    }

    deinit {
        features.deallocate()
        tokens.deallocate()
        classes.deallocate()
        values.deallocate()
        keys.deallocate()
        samples.deallocate()
    }

    private static func zeros<Element: Numeric>(_ count: Int) -> UnsafeMutableBufferPointer<Element> {
        let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: count)
        buffer.initialize(repeating: 0)
        return buffer
    }

    // MARK: For the loader's thread

    /// Takes over the rows `rows` of a global batch's samples.
    /// - Complexity: O(rows × features); allocates nothing.
    func fill(batch: Int, epoch: Int, global: [Int32], rows: Range<Int>, dataset: Dataset, seed: UInt64, turnsLabels: Bool) {
        precondition(
            rows.lowerBound >= 0 && rows.upperBound <= global.count && rows.count <= capacity,
            "Prefetcher: rows \(rows) of batch \(batch), which has \(global.count), for a capacity of \(capacity)")
        self.batch = batch
        self.epoch = epoch
        self.globalCount = global.count
        self.rows = rows
        let (featureBuffer, tokenBuffer) = (features, tokens)
        var features = featureBuffer.mutableSpan
        var tokens = tokenBuffer.mutableSpan
        for (row, place) in rows.enumerated() {
            let sample = Int(global[place])
            if dataset.isTokens {
                dataset.copyTokens(of: sample, into: &tokens, at: row * featureCount)
            } else {
                dataset.copyFeatures(of: sample, into: &features, at: row * featureCount)
            }
            keys[row] = rowKey(seed: seed, epoch: epoch, sample: sample)
            samples[row] = Int32(sample)
        }
        switch targets {
        case .none: break
        case .classes(let count):
            let buffer = classes
            var span = buffer.mutableSpan
            for row in 0..<rows.count { dataset.copyClasses(of: Int(samples[row]), into: &span, at: row * labelsPerRow) }
            guard turnsLabels else { break }
            for index in 0..<rows.count * labelsPerRow { classes[index] = Int32(count) - 1 - classes[index] }
        case .values(let width):
            let buffer = values
            var span = buffer.mutableSpan
            for row in 0..<rows.count { dataset.copyTargets(of: Int(samples[row]), into: &span, at: row * width) }
            guard turnsLabels else { break }
            let isBinary = !dataset.classNames.isEmpty
            for index in 0..<rows.count * width { values[index] = isBinary ? 1 - values[index] : -values[index] }
        }
    }

    // MARK: For the consumer. `rows` are local, 0..<count: the part of one virtual shard. Nothing allocates; a bad range traps.

    /// Copies features, [rows × features], to the beginning of `target`. Traps where samples are tokens.
    package func copyFeatures(rows: Range<Int>, into target: inout MutableSpan<Float>) {
        check(rows)
        features.span.copy(from: rows.lowerBound * featureCount, count: rows.count * featureCount, into: &target, at: 0)
    }

    /// Copies tokens, [rows × T], to the beginning of `target`. Traps where samples are numbers.
    package func copyTokens(rows: Range<Int>, into target: inout MutableSpan<Int32>) {
        check(rows)
        tokens.span.copy(from: rows.lowerBound * featureCount, count: rows.count * featureCount, into: &target, at: 0)
    }

    /// Copies class indices, one per row or, for sequences, [rows × T]. Traps when targets are numbers.
    package func copyClasses(rows: Range<Int>, into target: inout MutableSpan<Int32>) {
        check(rows)
        classes.span.copy(from: rows.lowerBound * labelsPerRow, count: rows.count * labelsPerRow, into: &target, at: 0)
    }

    /// Copies target numbers, [rows × width]. Traps when targets are classes.
    package func copyTargets(rows: Range<Int>, into target: inout MutableSpan<Float>) {
        check(rows)
        guard case .values(let width) = targets else { preconditionFailure("PrefetchedBatch: targets are no numbers") }
        values.span.copy(from: rows.lowerBound * width, count: rows.count * width, into: &target, at: 0)
    }

    /// Copies the rows' random keys (see `rowKey`).
    package func copyRowKeys(rows: Range<Int>, into target: inout MutableSpan<UInt64>) {
        check(rows)
        keys.span.copy(from: rows.lowerBound, count: rows.count, into: &target, at: 0)
    }

    /// The number in the training set of a row's sample.
    package func sample(at row: Int) -> Int32 {
        check(row..<row + 1)
        return samples[row]
    }

    private func check(_ rows: Range<Int>) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= count, "PrefetchedBatch: rows \(rows) of \(count)")
    }
}
