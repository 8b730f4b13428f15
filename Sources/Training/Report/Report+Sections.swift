import Formats

extension Report {
    /// Where each rank's time went: a stacked bar per rank.
    static func rankBars(_ data: ReportData) -> String {
        let counted = data.ranks.filter { !data.isSuperseded(step: $0.step, generation: $0.generation) }
        let count = counted.map(\.compute.count).max() ?? 0
        guard count > 0 else { return "" }
        var rows: [(rank: Int, compute: Double, wait: Double, data: Double)] = []
        for rank in 0..<count {
            var sums = (0.0, 0.0, 0.0, 0.0)
            for frame in counted where rank < frame.compute.count && frame.compute[rank].isFinite {
                let weight = Double(frame.steps)
                sums.0 += frame.compute[rank] * weight
                sums.1 += frame.wait[rank] * weight
                sums.2 += frame.data[rank] * weight
                sums.3 += weight
            }
            if sums.3 > 0 { rows.append((rank, sums.0 / sums.3, sums.1 / sums.3, sums.2 / sums.3)) }
        }
        let longest = rows.map { $0.compute + $0.wait + $0.data }.max() ?? 0
        guard longest > 0 else { return "" }
        let shown = rows.count > 32 ? Array(rows.sorted { $0.compute > $1.compute }.prefix(32)) : rows
        let hosts = data.facts?.hosts ?? []
        let bars = shown.map { row in
            let host = row.rank < hosts.count ? hosts[row.rank] : ""
            let parts = [("compute", row.compute), ("wait", row.wait), ("data", row.data)].map { name, value in
                "<i class=\"\(name)\" style=\"width:\(coordinate(value / longest * 100))%\" title=\"\(name) \(milliseconds(value))\"></i>"
            }.joined()
            return "<tr><th scope=\"row\">\(row.rank)<small>\(escapedHTML(host))</small></th><td class=\"bar\">\(parts)</td>"
                + "<td>\(milliseconds(row.compute))</td><td>\(milliseconds(row.wait))</td><td>\(milliseconds(row.data))</td></tr>"
        }.joined()
        let left = rows.count > shown.count ? "<p class=\"remark\">The \(shown.count) slowest of \(rows.count) ranks.</p>" : ""
        return """
            <figure class="card ranks"><figcaption><h3>Time per step by rank</h3><span class="unit">mean over the run</span>
            <ul class="legend"><li><i class="key compute"></i>computing</li><li><i class="key wait"></i>waiting for others</li>
            <li><i class="key data"></i>waiting for data</li></ul></figcaption>
            <div class="scroll"><table><thead><tr><th>rank</th><th></th><th>computing</th><th>waiting</th><th>data</th></tr></thead>
            <tbody>\(bars)</tbody></table></div>\(left)</figure>
            """
    }

    private static func milliseconds(_ value: Double) -> String { decimalText(value, digits: 3) + "\u{202F}ms" }

    /// The ledger as a table: all of a short one; of a long one what changed the run, and the rest folded.
    static func events(_ data: ReportData) -> String {
        guard !data.events.isEmpty else { return "<p class=\"remark\">events.jsonl holds no line.</p>" }
        let important = data.events.filter { !["best", "checkpoint", "clear"].contains($0.kind) }
        let chain =
            data.ledgerProblems.isEmpty
            ? "\(MetricText.counted(data.events.count, "line")); each carries the digest of the one before, and the chain holds."
            : data.ledgerProblems.prefix(3).joined(separator: " ")
        let body: String
        if data.events.count <= 30 {
            body = table(data.events, data)
        } else {
            let shown = important.count <= 60 ? table(important, data) : ""
            body = shown + "<details><summary>all \(data.events.count) lines</summary>\(table(data.events, data))</details>"
        }
        return "<div class=\"card\">\(body)<p class=\"remark\">\(escapedHTML(chain))</p></div>"
    }

    private static func table(_ events: [ReportData.Event], _ data: ReportData) -> String {
        let rows = events.map { event in
            let kind = ReportMarks.Kind(event)
            let glyph = kind.map { "<i class=\"key mark \($0.rawValue)\"><b>\($0.glyph)</b></i>" } ?? ""
            // What led to the rollback is no less true for it; what was found on the abandoned stretch counts no more.
            let isUndone = kind != .rollback && kind != .alarm && data.isSuperseded(step: event.step, generation: event.generation)
            let name = event.detail.isEmpty ? event.kind : "\(event.kind): \(event.detail)"
            return "<tr\(isUndone ? " class=\"old\"" : "")><td>\(MetricText.grouped(event.step))</td>"
                + "<td>\(glyph)\(escapedHTML(name.replacing("_", with: " ").replacing("-", with: " ")))</td>"
                + "<td>\(escapedHTML(event.text))</td><td class=\"time\">\(escapedHTML(clockTime(event.time)))</td></tr>"
        }
        return """
            <div class="scroll"><table class="events"><thead><tr><th>step</th><th>what</th><th>why</th><th>UTC</th></tr></thead>
            <tbody>\(rows.joined())</tbody></table></div>
            """
    }

    private static func clockTime(_ text: String) -> String {
        guard let t = text.firstIndex(of: "T") else { return text }
        return String(text[text.index(after: t)...].prefix(8))
    }

    /// Recipe, machines, versions, digests.
    static func provenance(_ data: ReportData) -> String {
        var rows: [(String, String)] = []
        if let run = data.facts {
            rows.append(("command", run.arguments.joined(separator: " ")))
            rows.append(("hosts", hosts(run.hosts)))
            rows.append(("virtual shards", String(run.virtualShards)))
            rows += run.versions.map { ($0.name, $0.value) }
            rows.append(("recipe hash", run.recipeHash))
            if let step = run.resumedFromStep { rows.append(("resumed from step", String(step))) }
            if !run.previousSessions.isEmpty {
                let ends = run.previousSessions.map { "\($0.started): \($0.exitReason ?? "no end recorded")" }
                rows.append(("earlier sessions", ends.joined(separator: "; ")))
            }
        }
        if let digest = data.summary?["weights_sha256"]?.stringValue { rows.append(("weights_sha256", digest)) }
        rows.append(("run directory", data.path))
        let list = rows.filter { !$0.1.isEmpty }.map { "<dt>\(escapedHTML($0.0))</dt><dd>\(escapedHTML($0.1))</dd>" }.joined()
        let recipe =
            data.recipe.isEmpty ? "" : "<details><summary>the resolved recipe</summary><pre>\(escapedHTML(data.recipe))</pre></details>"
        return "<div class=\"card run\"><dl>\(list)</dl>\(recipe)</div>"
    }
}
