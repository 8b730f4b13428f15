import Formats

extension Report {
    static func header(_ data: ReportData) -> String {
        let reason = data.summary?["stop_reason"]?.stringValue
        let state: (text: String, colour: String) =
            switch (reason, data.facts?.ended) {
            case (let reason?, _): (readable(reason), (data.summary?["exit_code"]?.intValue ?? 0) == 0 ? "good" : "bad")
            case (nil, nil): ("still running, or killed", "warn")
            case (nil, _): (readable(data.facts?.exitReason ?? "ended without a summary"), "bad")
            }
        var facts: [String] = []
        if let run = data.facts {
            if !run.recipeName.isEmpty { facts.append("recipe <b>\(escapedHTML(run.recipeName))</b>") }
            facts.append(run.ranks == 1 ? "1 rank" : "\(run.ranks) ranks")
            facts.append("on " + escapedHTML(hosts(run.hosts)))
            if !run.instructionSet.isEmpty { facts.append("kernels \(escapedHTML(run.instructionSet))") }
            facts.append("seed \(run.seed)")
            facts.append("started \(escapedHTML(time(run.started)))")
        }
        let detail = data.summary?["stop_detail"]?.stringValue ?? ""
        return """
            <div><h1>\(escapedHTML(data.name))</h1><span class="badge \(state.colour)">\(escapedHTML(state.text))</span></div>
            <p class="facts">\(facts.joined(separator: " · "))</p>\(detail.isEmpty ? "" : "<p class=\"facts\">\(escapedHTML(detail))</p>")
            """
    }

    private static func readable(_ reason: String) -> String { reason.replacing("_", with: " ") }

    /// "node1 (4), node2 (4)"
    static func hosts(_ hosts: [String]) -> String {
        var counted: [(name: String, count: Int)] = []
        for host in hosts {
            if let index = counted.firstIndex(where: { $0.name == host }) {
                counted[index].count += 1
            } else {
                counted.append((host, 1))
            }
        }
        let shown = counted.prefix(6).map { counted.count == 1 ? $0.name : "\($0.name) (\($0.count))" }.joined(separator: ", ")
        return counted.count > 6 ? "\(shown) and \(counted.count - 6) more hosts" : shown
    }

    private static func time(_ text: String) -> String {
        text.replacing("T", with: " ").replacing("Z", with: " UTC")
    }

    /// The figures one wants first.
    static func tiles(_ data: ReportData) -> String {
        var tiles: [(value: String, label: String, note: String)] = []
        let summary = data.summary
        for (split, label) in [("test", "test"), ("validation", "validation"), ("train", "training")] {
            let metrics = summary?[split]?.objectValue?.members ?? []
            guard let first = ["accuracy", "r2", "loss"].lazy.compactMap({ name in metrics.first { $0.key == name } }).first else {
                continue
            }
            let value = first.value.doubleValue.map { MetricText.value(first.key, $0) } ?? "not finite"
            let others = metrics.filter { $0.key != first.key && $0.key != "nonfinite" }.prefix(4).map { metric in
                "\(metric.key) \(metric.value.doubleValue.map { MetricText.value(metric.key, $0) } ?? "not finite")"
            }
            tiles.append((value, "\(label) \(first.key == "r2" ? "R²" : first.key)", others.joined(separator: ", ")))
        }
        if let steps = summary?["steps"]?.intValue {
            let best = summary?["best_epoch"]?.intValue.map { "weights of epoch \($0) kept" } ?? "last weights kept"
            let epochs = summary?["epochs"]?.intValue ?? 0
            tiles.append((MetricText.grouped(epochs), epochs == 1 ? "epoch" : "epochs", "\(MetricText.counted(steps, "step")), \(best)"))
        } else if let last = data.steps.last {
            tiles.append((MetricText.grouped(last.step), "steps so far", "epoch \(last.epoch), loss \(MetricText.number(last.loss))"))
        }
        if let seconds = summary?["seconds"]?.doubleValue {
            let speed = summary?["samples_per_second"]?.doubleValue ?? 0
            tiles.append((MetricText.elapsed(seconds), "time", "\(MetricText.grouped(Int(speed))) samples/s"))
        }
        if let rollbacks = summary?["rollbacks"]?.intValue {
            let skipped = summary?["skipped_steps"]?.intValue ?? 0
            tiles.append((String(rollbacks), rollbacks == 1 ? "rollback" : "rollbacks", "\(MetricText.counted(skipped, "step")) skipped"))
        }
        if let alarms = summary?["alarms"]?.intValue {
            tiles.append((String(alarms), alarms == 1 ? "alarm" : "alarms", alarms == 0 ? "nothing unusual seen" : "see the table below"))
        }
        return tiles.map { tile in
            "<div class=\"card tile\"><b>\(escapedHTML(tile.value))</b><span>\(escapedHTML(tile.label))</span>"
                + "<small>\(escapedHTML(tile.note.replacing(" %", with: "\u{202F}%")))</small></div>"
        }.joined()
    }

    /// What a reader has to know before believing the rest.
    static func notices(_ data: ReportData) -> String {
        var notices: [String] = []
        if data.summary == nil { notices.append("There is no summary.json: the run goes on, or it ended without being able to write one.") }
        if data.unreadableLines > 0 {
            notices.append("\(MetricText.counted(data.unreadableLines, "line")) of metrics.jsonl could not be read and left out.")
        }
        if let first = data.ledgerProblems.first {
            notices.append("The ledger's chain of digests does not hold (\(first)): decisions may be missing or altered.")
        }
        return notices.map { "<p class=\"notice\" role=\"note\">\(escapedHTML($0))</p>" }.joined()
    }
}
