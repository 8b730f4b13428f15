import Foundation

/// A scale: which values lie where between 0 and 1, and where its ticks are.
struct Axis {
    var low: Double
    var high: Double
    var isLogarithmic: Bool
    var ticks: [Double]

    /// A linear axis whose ends are ticks.
    ///
    /// - Parameters:
    ///   - fromZero: 0 has to be on it.
    ///   - limit: no value can lie above; the axis ends there at the latest.
    static func linear(_ values: [Double], fromZero: Bool = false, limit: Double? = nil, target: Int = 5) -> Axis {
        var low = values.min() ?? 0
        var high = values.max() ?? 1
        if fromZero {
            low = min(low, 0)
            high = max(high, 0)
        }
        if let limit { high = min(max(high, low), limit) }
        if low == high {
            let room = low == 0 ? 1 : abs(low) * 0.1
            if limit == nil || high < limit ?? high { high += room }
            if !(fromZero && low == 0) { low -= room }
        }
        let step = niceStep((high - low) / Double(target))
        let first = (low / step).rounded(.down)
        var last = (high / step).rounded(.up)
        if let limit, last * step > limit { last = (limit / step).rounded(.down) }
        let ticks = stride(from: first, through: last, by: 1).map { $0 * step }
        return Axis(
            low: first * step, high: max(last * step, limit.map { min($0, high) } ?? last * step), isLogarithmic: false, ticks: ticks)
    }

    /// A logarithmic axis whose ends are ticks: 1-2-5 over a short range, 1-3-10 over a longer one, powers of ten over a long one.
    static func logarithmic(_ values: [Double]) -> Axis {
        let positive = values.filter { $0 > 0 }
        guard let least = positive.min(), let most = positive.max() else { return linear(values) }
        var chosen: [Double] = []
        for family in [[1.0, 2, 5], [1, 3], [1]] {
            chosen = marks(family, least: least, most: most)
            if chosen.count <= 6 { break }
        }
        while chosen.count > 7 {
            // Every other power of ten; the ends stay what they are.
            chosen = chosen.enumerated().filter { $0.offset % 2 == 0 || $0.offset == chosen.count - 1 }.map(\.element)
        }
        return Axis(low: chosen[0], high: chosen[chosen.count - 1], isLogarithmic: true, ticks: chosen)
    }

    /// The family's members at each power of ten, from the last one at or below `least` to the first one at or above `most`.
    private static func marks(_ family: [Double], least: Double, most: Double) -> [Double] {
        let first = Int(log10(least).rounded(.down)) - 1
        let last = Int(log10(most).rounded(.up)) + 1
        let all = (first...last).flatMap { power in family.map { $0 * pow(10, Double(power)) } }
        let lower = all.lastIndex { $0 <= least * (1 + 1e-9) } ?? 0
        let upper = all.firstIndex { $0 >= most * (1 - 1e-9) } ?? all.count - 1
        return Array(all[lower...max(upper, min(lower + 1, all.count - 1))])
    }

    /// 1, 2, 2.5 or 5 times a power of ten.
    private static func niceStep(_ raw: Double) -> Double {
        guard raw > 0, raw.isFinite else { return 1 }
        let power = pow(10, log10(raw).rounded(.down))
        let rest = raw / power
        return (rest <= 1 ? 1 : rest <= 2 ? 2 : rest <= 2.5 ? 2.5 : rest <= 5 ? 5 : 10) * power
    }

    /// 0 at the low end, 1 at the high end; values beyond are held at the ends.
    func position(_ value: Double) -> Double {
        let share =
            isLogarithmic
            ? (log10(max(value, low)) - log10(low)) / (log10(high) - log10(low))
            : (value - low) / (high - low)
        return min(1, max(0, share))
    }

    /// An axis over steps: from 0 to the last one, ticks at round numbers.
    static func steps(_ last: Int) -> Axis {
        let high = Double(max(last, 1))
        let step = max(1, niceStep(high / 6))
        let ticks = stride(from: 0, through: high, by: step).map { $0 }
        return Axis(low: 0, high: high, isLogarithmic: false, ticks: ticks)
    }
}
