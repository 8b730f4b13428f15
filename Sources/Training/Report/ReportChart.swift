/// A chart: an SVG that stretches with the page while its lines keep their width, and labels in HTML so that they stay readable at any width.
struct ReportChart {
    enum Style: String {
        /// Each point, thin and pale: what the bold line is the mean of.
        case faint
        case line
        /// Few points that each mean something.
        case dotted
    }

    struct Series {
        var label: String
        /// A class of the style sheet that sets the colour.
        var colour: String
        var style: Style
        var curve: ReportCurve
        /// Whether it is in the legend and follows the pointer.
        var isNamed = true
    }

    var id: String
    var title: String
    /// "loss (nats, log scale)": what the numbers are.
    var unit: String
    var y: Axis
    var series: [Series]
    var isWide = false
    /// How numbers of this chart are written.
    var format: (Double) -> String = { decimalText($0, digits: 4) }
    var remark = ""

    private static let width = 1000.0
    private static let height = 300.0

    /// - Parameters:
    ///   - x: the axis over steps, common to all charts.
    ///   - marks: the decisions' lines.
    func html(x: Axis, marks: String) -> String {
        let svg =
            """
            <svg viewBox="0 0 1000 300" preserveAspectRatio="none" role="img" aria-labelledby="\(id)-title \(id)-desc">
            <title id="\(id)-title">\(escapedHTML(title))</title><desc id="\(id)-desc">\(escapedHTML(description))</desc>
            \(grid(x: x))\(series.map { paths($0, x: x) }.joined())</svg>
            """
        return """
            <figure class="card chart\(isWide ? " wide" : "")" id="\(id)">
            <figcaption><h3>\(escapedHTML(title))</h3><span class="unit">\(escapedHTML(unit))</span>\(legend)</figcaption>
            <div class="frame"><div class="ylabels" aria-hidden="true">\(yLabels)</div>
            <div class="plot">\(svg)\(marks)<div class="cross"></div><div class="tip"></div>
            <script type="application/json">\(hoverData)</script></div>
            <div class="xlabels" aria-hidden="true">\(xLabels(x))</div></div>
            \(remark.isEmpty ? "" : "<p class=\"remark\">\(escapedHTML(remark))</p>")</figure>
            """
    }

    /// Whether there is a validation metric in it.
    var showsValidation: Bool { series.contains { $0.style == .dotted } }
    private var hasAbandoned: Bool { series.contains { !$0.curve.abandoned.isEmpty } }

    private var legend: String {
        var items = series.filter(\.isNamed).map {
            "<li><i class=\"key \($0.colour) \($0.style.rawValue)\"></i>\(escapedHTML($0.label))</li>"
        }
        if hasAbandoned { items.append("<li><i class=\"key old\"></i>abandoned by a rollback or resume</li>") }
        return items.isEmpty ? "" : "<ul class=\"legend\">\(items.joined())</ul>"
    }

    /// For those who cannot see the curve.
    private var description: String {
        series.filter(\.isNamed).compactMap { series in
            let points = series.curve.current.joined()
            guard let first = points.first, let last = points.last, let least = points.min(by: { $0.y < $1.y }),
                let most = points.max(by: { $0.y < $1.y })
            else { return nil }
            return "\(series.label): \(format(first.y)) at step \(stepText(first.x)), \(format(last.y)) at step \(stepText(last.x)), "
                + "least \(format(least.y)), greatest \(format(most.y))."
        }.joined(separator: " ")
    }

    private func grid(x: Axis) -> String {
        let rows = y.ticks.map { tick in
            let place = coordinate((1 - y.position(tick)) * ReportChart.height)
            return "<path class=\"grid\" d=\"M0 \(place)H1000\"/>"
        }
        return rows.joined()
    }

    private func paths(_ series: Series, x: Axis) -> String {
        let current = series.curve.current.map { path($0, style: series.style, x: x) }.joined()
        let old = series.curve.abandoned.map { path($0, style: series.style, x: x) }.joined()
        var result = ""
        if !old.isEmpty { result += "<path class=\"curve old \(series.colour) \(series.style.rawValue)\" d=\"\(old)\"/>" }
        if !current.isEmpty {
            if series.style == .dotted {
                result += "<path class=\"curve line \(series.colour)\" d=\"\(joined(series.curve.current, x: x))\"/>"
            }
            result += "<path class=\"curve \(series.colour) \(series.style.rawValue)\" d=\"\(current)\"/>"
        }
        return result
    }

    private func joined(_ pieces: [[ReportPoint]], x: Axis) -> String { pieces.map { path($0, style: .line, x: x) }.joined() }

    private func path(_ points: [ReportPoint], style: Style, x: Axis) -> String {
        var text = ""
        for (index, point) in points.enumerated() {
            let place =
                "\(coordinate(x.position(point.x) * ReportChart.width)) \(coordinate((1 - y.position(point.y)) * ReportChart.height))"
            if style == .dotted || points.count == 1 {
                // A line of no length with round ends is a dot that stays round however the drawing is stretched.
                text += "M\(place)h0"
            } else {
                text += (index == 0 ? "M" : "L") + place
            }
        }
        return text
    }

    private var yLabels: String {
        y.ticks.map { "<span style=\"bottom:\(coordinate(y.position($0) * 100))%\">\(escapedHTML(format($0)))</span>" }.joined()
    }

    private func xLabels(_ x: Axis) -> String {
        x.ticks.enumerated().map { index, tick in
            "<span\(index % 2 == 1 ? " class=\"odd\"" : "") style=\"left:\(coordinate(x.position(tick) * 100))%\">\(stepText(tick))</span>"
        }.joined()
    }

    /// What the pointer shows: the axis' end and the named curves' points.
    private var hoverData: String {
        let named = series.filter(\.isNamed).map { series -> String in
            let points = series.curve.thinned(to: 400).current.joined()
            let pairs = points.map { "[\(coordinate($0.x)),\"\(format($0.y))\"]" }.joined(separator: ",")
            return "{\"n\":\(JSONText.quoted(series.label)),\"c\":\(JSONText.quoted(series.colour)),\"p\":[\(pairs)]}"
        }
        return "[\(named.joined(separator: ","))]"
    }

}

/// A coordinate with at most two decimals.
func coordinate(_ value: Double) -> String {
    let text = MetricText.fixed(value, decimals: 2)
    guard text.contains(".") else { return text }
    var digits = Substring(text)
    while digits.last == "0" { digits.removeLast() }
    if digits.last == "." { digits.removeLast() }
    return String(digits)
}
