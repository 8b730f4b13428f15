/// What a model predicts, and so which metrics it has.
package enum MetricKind: Sendable, Hashable, Codable {
    case classification(classes: Int)
    /// One or several independent yes/no outputs; the positive class is 1.
    case binary
    case regression(width: Int)
    /// The next of `vocabulary` tokens at each of `positions` places of a row; the loss of a row is the mean over them.
    case tokens(vocabulary: Int, positions: Int)

    /// Answers per row: the length of a sequence, else 1.
    package var positions: Int {
        if case .tokens(_, let positions) = self { positions } else { 1 }
    }
}

/// Sufficient statistics of a pass over data, mergeable block by block. Figures are computed from the merged sums, never averaged.
///
/// Counts do not depend on the order of merging, real sums do in their last bits: merge blocks of a fixed size in a fixed order, and the
/// result is the same at every number of ranks. `reals` and `counts` have fixed lengths per kind, so blocks travel as plain arrays.
package struct MetricAccumulator: Sendable, Equatable, Codable {
    package let kind: MetricKind
    /// [loss sum], and for regression [loss sum, Σ error², Σ |error|] followed by mean and squared deviation of each output's targets.
    package internal(set) var reals: [Double]
    /// [rows], and for classification the confusion matrix C × (C + 1): row = true class, column = predicted class, the last column for
    /// predictions that are not numbers. Binary: C = 2, counted per output. Tokens: the positions predicted rightly.
    package internal(set) var counts: [Int]

    package init(kind: MetricKind) {
        self.kind = kind
        reals = Array(repeating: 0, count: Self.realCount(kind))
        counts = Array(repeating: 0, count: Self.countCount(kind))
    }

    /// A block as it was exchanged.
    /// - Precondition: the arrays have the lengths of `kind`.
    package init(kind: MetricKind, reals: [Double], counts: [Int]) {
        precondition(
            reals.count == Self.realCount(kind) && counts.count == Self.countCount(kind),
            "metrics of \(kind) have \(Self.realCount(kind)) sums and \(Self.countCount(kind)) counts, not \(reals.count) and \(counts.count)"
        )
        self.kind = kind
        self.reals = reals
        self.counts = counts
    }

    /// Length of `reals`.
    package static func realCount(_ kind: MetricKind) -> Int {
        switch kind {
        case .classification, .binary, .tokens: 1
        case .regression(let width): 3 + 2 * width
        }
    }

    /// Length of `counts`.
    package static func countCount(_ kind: MetricKind) -> Int {
        switch kind {
        case .classification(let classes): 1 + classes * (classes + 1)
        case .binary: 1 + 2 * 3
        case .regression: 1
        case .tokens: 2
        }
    }

    /// Samples seen.
    package var rows: Int { counts[0] }

    /// Classes of the confusion matrix; 0 where there is none.
    package var classes: Int {
        switch kind {
        case .classification(let classes): classes
        case .binary: 2
        case .regression, .tokens: 0
        }
    }

    /// How often class `actual` was predicted as `predicted`; `predicted == classes` counts outputs that are not numbers.
    package func confusion(actual: Int, predicted: Int) -> Int { counts[1 + actual * (classes + 1) + predicted] }

    /// Forgets everything, keeps the storage.
    package mutating func reset() {
        for index in reals.indices { reals[index] = 0 }
        for index in counts.indices { counts[index] = 0 }
    }

    /// Adds another block's figures to these. No allocation.
    package mutating func merge(_ other: MetricAccumulator) {
        precondition(kind == other.kind, "metrics of \(other.kind) merged into metrics of \(kind)")
        if case .regression(let width) = kind { mergeTargets(other, width: width) }
        for index in 0..<min(3, reals.count) { reals[index] += other.reals[index] }
        for index in counts.indices { counts[index] += other.counts[index] }
    }

    /// Means and squared deviations of two sets (Chan, Golub, LeVeque 1979).
    private mutating func mergeTargets(_ other: MetricAccumulator, width: Int) {
        guard other.rows > 0 else { return }
        let (mine, theirs) = (Double(rows), Double(other.rows))
        for column in 0..<width {
            let (mean, square) = (3 + 2 * column, 4 + 2 * column)
            let difference = other.reals[mean] - reals[mean]
            reals[mean] += difference * theirs / (mine + theirs)
            reals[square] += other.reals[square] + difference * difference * mine * theirs / (mine + theirs)
        }
    }
}
