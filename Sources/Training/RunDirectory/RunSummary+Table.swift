extension RunSummary {
    /// The table that ends a run.
    ///
    /// - Parameters:
    ///   - directory: where the run lies, for its last line.
    ///   - colour: whether the terminal takes colours.
    package func table(directory: String, colour: Bool = Terminal.standardOutput.colour) -> String {
        func bold(_ text: String) -> String { colour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
        var rows: [(String, String)] = [("stopped", stopDetail.isEmpty ? stopReason : "\(stopReason): \(stopDetail)")]
        var progress = "\(MetricText.counted(epochs, "epoch")), \(MetricText.counted(steps, "step"))"
        if let bestEpoch { progress += "; kept the weights of epoch \(bestEpoch)" }
        rows.append(("trained", progress))
        rows.append(("time", "\(MetricText.elapsed(seconds)) on \(MetricText.counted(ranks, "rank"))"))
        let speed = tokensPerSecond ?? samplesPerSecond
        rows.append(("speed", "\(MetricText.grouped(Int(speed.isFinite ? speed : 0))) \(tokensPerSecond == nil ? "samples" : "tokens")/s"))
        for (split, metrics) in [("train", train), ("validation", validation), ("test", test)] where !metrics.isEmpty {
            rows.append((split, metrics.map { "\($0.name) \(MetricText.value($0.name, $0.value))" }.joined(separator: ", ")))
        }
        rows.append(("rollbacks", String(rollbacks)))
        rows.append(
            ("alarms", alarms == 0 && skippedSteps == 0 ? "none" : "\(alarms), \(MetricText.counted(skippedSteps, "step")) skipped"))
        rows.append(("weights", String(weightsSHA256.prefix(16))))
        rows.append(("run", directory))
        let width = rows.map { $0.0.count }.max() ?? 0
        return rows.map { name, value in
            "  \(bold(name))\(String(repeating: " ", count: width - name.count))  \(value)"
        }.joined(separator: "\n") + "\n"
    }
}
