import Formats

/// The coordinator's decisions on the curves: a vertical line each, a glyph by kind, a legend, a table.
struct ReportMarks {
    /// What a decision is, as far as a reader of curves cares; the weightier ones later, and drawn above the others.
    enum Kind: String, CaseIterable {
        case best, clip, alarm, rate, skip, rollback, stop

        var glyph: String {
            switch self {
            case .rollback: "↩"
            case .skip: "✕"
            case .rate: "↓"
            case .clip: "✂"
            case .alarm: "!"
            case .best: "★"
            case .stop: "■"
            }
        }

        var label: String {
            switch self {
            case .rollback: "rollback"
            case .skip: "step skipped on all ranks"
            case .rate: "learning rate reduced"
            case .clip: "gradient clipped for a while"
            case .alarm: "alarm"
            case .best: "best weights so far"
            case .stop: "stop"
            }
        }

        init?(_ event: ReportData.Event) {
            switch (event.kind, event.detail) {
            case ("decision", "rollback"), ("rollback", _): self = .rollback
            case ("decision", "reduce_learning_rate"): self = .rate
            case ("decision", "clip"): self = .clip
            case ("decision", "stop"), ("stop", _): self = .stop
            case ("vote", _): self = .skip
            case ("warn", _), ("alarm", _): self = .alarm
            case ("best", _): self = .best
            default: return nil
            }
        }
    }

    struct Mark {
        var kind: Kind
        var step: Int
        var text: String
        var count: Int
    }

    let marks: [Mark]
    let counts: [(kind: Kind, count: Int)]

    init(_ data: ReportData, x: Axis) {
        var marks: [Mark] = []
        var counts: [Kind: Int] = [:]
        for event in data.events {
            guard let kind = Kind(event) else { continue }
            counts[kind, default: 0] += 1
            // Marks of one kind that would lie on each other become one.
            if let index = marks.lastIndex(where: { $0.kind == kind }),
                abs(x.position(Double(marks[index].step)) - x.position(Double(event.step))) < 0.008
            {
                marks[index].count += 1
                continue
            }
            marks.append(Mark(kind: kind, step: event.step, text: event.text, count: 1))
        }
        let rank = Dictionary(uniqueKeysWithValues: zip(Kind.allCases, 0...))
        self.marks = marks.sorted { (rank[$0.kind] ?? 0, $0.step) < (rank[$1.kind] ?? 0, $1.step) }
        self.counts = Kind.allCases.compactMap { kind in counts[kind].map { (kind, $0) } }
    }

    /// The lines over one chart.
    ///
    /// - Parameter withBest: whether the chart shows what "best" is about.
    func html(x: Axis, withBest: Bool) -> String {
        marks.filter { withBest || $0.kind != .best }.map { mark in
            let more = mark.count > 1 ? " (and \(mark.count - 1) more beside it)" : ""
            let title = "step \(mark.step): \(mark.kind.label): \(mark.text)\(more)"
            let left = coordinate(x.position(Double(mark.step)) * 100)
            return "<i class=\"mark \(mark.kind.rawValue)\" style=\"left:\(left)%\" title=\"\(escapedHTML(title))\">"
                + "<b>\(mark.kind.glyph)</b></i>"
        }.joined()
    }

    /// What the glyphs mean and how many of each there are.
    var legend: String {
        guard !counts.isEmpty else { return "<p class=\"remark\">The coordinator had nothing to decide in this run.</p>" }
        let items = counts.map { kind, count in
            "<li><i class=\"key mark \(kind.rawValue)\"><b>\(kind.glyph)</b></i>\(kind.label) (\(count))</li>"
        }
        return "<ul class=\"legend marks\">\(items.joined())</ul>"
    }

    /// For the pointer: step and text of each.
    var hoverData: String {
        let entries = marks.map { mark in
            "[\(mark.step),\(JSONText.quoted(mark.kind.glyph + " " + mark.text + (mark.count > 1 ? " (\(mark.count) in all)" : "")))]"
        }
        return "[\(entries.joined(separator: ","))]"
    }
}
