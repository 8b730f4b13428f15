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

    /// A logarithmic axis with ticks at powers of ten, and at 2 and 5 between where there are few.
    static func logarithmic(_ values: [Double]) -> Axis {
        let positive = values.filter { $0 > 0 }
        guard let least = positive.min(), let most = positive.max() else { return linear(values) }
        let marks = marks(least: least, most: most)
        let low = marks.last { $0 <= least * (1 + 1e-9) } ?? least
        let high = marks.first { $0 >= most * (1 - 1e-9) } ?? most
        var inside = marks.filter { $0 >= low && $0 <= high }
        let decades = inside.filter { isPowerOfTen($0) }
        if decades.count >= 3 { inside = decades }
        while inside.count > 7 { inside = inside.enumerated().filter { $0.offset % 2 == 0 }.map(\.element) }
        return Axis(low: low, high: high > low ? high : low * 10, isLogarithmic: true, ticks: inside)
    }

    private static func marks(least: Double, most: Double) -> [Double] {
        let first = Int(log10(least).rounded(.down)) - 1
        let last = Int(log10(most).rounded(.up)) + 1
        return (first...last).flatMap { power in [1.0, 2, 5].map { $0 * pow(10, Double(power)) } }
    }

    private static func isPowerOfTen(_ value: Double) -> Bool {
        let exponent = log10(value)
        return abs(exponent - exponent.rounded()) < 1e-9
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
