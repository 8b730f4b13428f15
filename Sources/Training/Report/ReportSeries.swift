/// A point of a curve. y is finite.
struct ReportPoint: Equatable {
    var x: Double
    var y: Double
}

/// A curve cut into what counts and what a rollback or a resume went over again.
struct ReportCurve {
    /// Unbroken pieces of the run as it counts, in order of steps.
    var current: [[ReportPoint]]
    /// Pieces that were abandoned, oldest first.
    var abandoned: [[ReportPoint]]

    var isEmpty: Bool { current.allSatisfy(\.isEmpty) && abandoned.allSatisfy(\.isEmpty) }
    var values: [Double] { (current + abandoned).joined().map(\.y) }

    /// - Parameters:
    ///   - entries: step, generation and value in the order of writing. A value that is not finite makes a gap.
    ///   - data: knows which generation counts.
    init(_ entries: [(step: Int, generation: Int, value: Double)], in data: ReportData) {
        var kept: [(step: Int, generation: Int, value: Double)] = []
        abandoned = []
        var piece: [ReportPoint] = []
        var pieceGeneration = -1
        for entry in entries {
            guard data.isSuperseded(step: entry.step, generation: entry.generation) else {
                kept.append(entry)
                continue
            }
            if entry.generation != pieceGeneration || !entry.value.isFinite {
                if !piece.isEmpty { abandoned.append(piece) }
                piece = []
                pieceGeneration = entry.generation
            }
            if entry.value.isFinite { piece.append(ReportPoint(x: Double(entry.step), y: entry.value)) }
        }
        if !piece.isEmpty { abandoned.append(piece) }

        current = []
        piece = []
        for entry in kept.sorted(by: { ($0.step, $0.generation) < ($1.step, $1.generation) }) {
            if entry.value.isFinite {
                piece.append(ReportPoint(x: Double(entry.step), y: entry.value))
            } else if !piece.isEmpty {
                current.append(piece)
                piece = []
            }
        }
        if !piece.isEmpty { current.append(piece) }
    }

    init(current: [[ReportPoint]], abandoned: [[ReportPoint]] = []) {
        self.current = current
        self.abandoned = abandoned
    }

    /// At most about `limit` points in all; every extreme of the full curve is kept.
    func thinned(to limit: Int = 1000) -> ReportCurve {
        func thin(_ pieces: [[ReportPoint]]) -> [[ReportPoint]] {
            let total = pieces.reduce(0) { $0 + $1.count }
            guard total > limit else { return pieces }
            return pieces.map { piece in thinnedKeepingExtremes(piece, to: max(2, limit * piece.count / total)) }
        }
        return ReportCurve(current: thin(current), abandoned: thin(abandoned))
    }

    /// Means over windows of about a hundredth of the curve, at most about `limit` points; and the window's length.
    func smoothed(limit: Int = 400) -> (curve: ReportCurve, window: Int) {
        let count = current.reduce(0) { $0 + $1.count }
        let window = max(1, count / 100)
        return (ReportCurve(current: current.map { movingMeans($0, window: window, limit: limit) }), window)
    }
}

/// The least and the greatest point of each of limit/2 equal stretches, and both ends.
func thinnedKeepingExtremes(_ points: [ReportPoint], to limit: Int) -> [ReportPoint] {
    guard points.count > limit, limit >= 2 else { return points }
    let buckets = max(1, limit / 2)
    var result: [ReportPoint] = []
    for bucket in 0..<buckets {
        let lower = bucket * points.count / buckets
        let upper = (bucket + 1) * points.count / buckets
        guard lower < upper else { continue }
        var least = lower
        var most = lower
        for index in lower..<upper {
            if points[index].y < points[least].y { least = index }
            if points[index].y > points[most].y { most = index }
        }
        var kept = least == most ? [least] : [min(least, most), max(least, most)]
        // The curve has to begin and end where it does.
        if bucket == 0, kept[0] != 0 { kept.insert(0, at: 0) }
        if bucket == buckets - 1, kept[kept.count - 1] != points.count - 1 { kept.append(points.count - 1) }
        result += kept.map { points[$0] }
    }
    return result
}

/// Centred moving means.
func movingMeans(_ points: [ReportPoint], window: Int, limit: Int) -> [ReportPoint] {
    guard points.count > 1 else { return points }
    var sums = [0.0]
    for point in points { sums.append(sums[sums.count - 1] + point.y) }
    let stride = max(1, points.count / limit)
    var result: [ReportPoint] = []
    for index in Swift.stride(from: 0, to: points.count, by: stride) {
        let lower = max(0, index - window / 2)
        let upper = min(points.count, index + (window + 1) / 2)
        result.append(ReportPoint(x: points[index].x, y: (sums[upper] - sums[lower]) / Double(upper - lower)))
    }
    return result
}
