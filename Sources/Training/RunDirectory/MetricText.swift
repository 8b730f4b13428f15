/// Figures as people read them.
enum MetricText {
    /// Four significant digits.
    static func number(_ value: Double) -> String { decimalText(value, digits: 4) }

    /// "96.40 %"
    static func percent(_ share: Double) -> String {
        guard share.isFinite else { return decimalText(share, digits: 1) }
        return fixed(share * 100, decimals: 2) + " %"
    }

    /// "12.30": always that many decimals.
    static func fixed(_ value: Double, decimals: Int) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return decimalText(value, digits: 6) }
        var scale = 1
        for _ in 0..<decimals { scale *= 10 }
        let units = Int((value.magnitude * Double(scale)).rounded())
        let sign = value < 0 && units > 0 ? "-" : ""
        guard decimals > 0 else { return sign + String(units) }
        let fraction = String(units % scale)
        return "\(sign)\(units / scale).\(String(repeating: "0", count: decimals - fraction.count))\(fraction)"
    }

    /// "12,345"
    static func grouped(_ value: Int) -> String {
        var digits = Array(String(value.magnitude))
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: place)
            place -= 3
        }
        return (value < 0 ? "-" : "") + String(digits)
    }

    /// "1 step", "1,200 steps"
    static func counted(_ count: Int, _ noun: String) -> String { "\(grouped(count)) \(noun)\(count == 1 ? "" : "s")" }

    /// "0:07", "12:03", "3:05:00"
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "?" }
        let total = Int(max(0, seconds).rounded())
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
        if total >= 3600 { return "\(total / 3600):\(two(total / 60 % 60)):\(two(total % 60))" }
        return "\(total / 60):\(two(total % 60))"
    }

    /// "0.42 s", "38 s", "12:03": how long something took.
    static func elapsed(_ seconds: Double) -> String {
        if seconds < 10 { return "\(decimalText((seconds * 100).rounded() / 100, digits: 2)) s" }
        if seconds < 60 { return "\(Int(seconds.rounded())) s" }
        return duration(seconds)
    }

    /// Whether a metric is a share between 0 and 1 that people read in percent.
    static func isShare(_ name: String) -> Bool { ["accuracy", "precision", "recall", "f1"].contains(name) }

    /// One metric's value.
    static func value(_ name: String, _ value: Double) -> String { isShare(name) ? percent(value) : number(value) }

    /// The loss and the metric that says most: "loss 0.1234, accuracy 96.40 %".
    static func short(_ metrics: [(String, Double)]) -> String {
        var parts: [String] = []
        if let loss = metrics.first(where: { $0.0 == "loss" }) { parts.append("loss \(number(loss.1))") }
        for name in ["perplexity", "accuracy", "r2", "mse"] {
            guard let metric = metrics.first(where: { $0.0 == name }) else { continue }
            parts.append("\(name) \(value(name, metric.1))")
            break
        }
        return parts.isEmpty ? "no metrics" : parts.joined(separator: ", ")
    }
}
