import Formats

extension Report {
    /// The model's quality as a function of its parameters, its data and its training.
    static func quality(_ data: ReportData) -> String {
        guard let quality = data.summary?["quality"] else {
            return "<p class=\"card remark\">Measured at the end of a run: there is no summary.json yet.</p>"
        }
        let parts = [
            quality["parameters"].map(parameters), quality["data"].map(dataQuality), quality["training"].map { training($0, data) },
        ]
        return "<div class=\"cards\">\(parts.compactMap { $0 }.joined())</div>"
    }

    private static func verdict(_ isGood: Bool, _ text: String) -> String {
        "<p class=\"verdict \(isGood ? "good" : "warn")\"><b>\(isGood ? "✓" : "!")</b>\(escapedHTML(text))</p>"
    }

    private static func parameters(_ quality: JSONValue) -> String {
        let count = quality["count"]?.intValue ?? 0
        let nonFinite = quality["nonfinite_values"]?.intValue ?? 0
        let units = quality["units"]?.intValue ?? 0
        let dead = quality["dead_units"]?.intValue ?? 0
        var text = verdict(
            nonFinite == 0,
            nonFinite == 0
                ? "all \(MetricText.grouped(count)) values are finite"
                : "\(nonFinite) of \(MetricText.grouped(count)) values are not finite")
        let layers = quality["activity"]?.arrayValue ?? []
        let answering = layers.reduce(0) { $0 + ($1["units"]?.intValue ?? 0) }
        let silent = layers.reduce(0) { $0 + ($1["silent_units"]?.intValue ?? 0) }
        if answering > 0 {
            text += verdict(
                silent * 10 < answering,
                silent == 0
                    ? "every one of \(answering) ReLU units answers to some sample"
                    : "\(silent) of \(answering) ReLU units are silent on every sample looked at")
        }
        if units > 0 {
            text += verdict(
                dead == 0, dead == 0 ? "none of \(units) units has lost its weights" : "\(dead) of \(units) units have lost their weights")
        }
        let rows = (quality["tensors"]?.arrayValue ?? []).map { tensor in
            let shape = (tensor["shape"]?.arrayValue ?? []).compactMap { $0.intValue.map(String.init) }.joined(separator: " × ")
            func number(_ key: String) -> String { tensor[key]?.doubleValue.map { decimalText($0, digits: 3) } ?? "not finite" }
            let units = tensor["units"]?.intValue ?? 0
            return "<tr><th scope=\"row\">\(escapedHTML(tensor["name"]?.stringValue ?? ""))</th><td>\(shape)</td><td>\(number("norm"))</td>"
                + "<td>\(number("rms"))</td><td>\(number("largest"))</td><td>\(units > 0 ? String(tensor["dead_units"]?.intValue ?? 0) : "–")</td></tr>"
        }
        let table = """
            <div class="scroll"><table><thead><tr><th>parameter</th><th>shape</th><th>norm</th><th>rms</th><th>largest</th>
            <th title="units whose incoming weights are below a millionth of the middle unit's">dead</th></tr></thead>
            <tbody>\(rows.joined())</tbody></table></div>
            """
        let body = rows.count > 24 ? "<details><summary>\(rows.count) parameters</summary>\(table)</details>" : table
        return "<div class=\"card wide\"><h3>By its parameters</h3>\(text)\(body)</div>"
    }

    private static func dataQuality(_ quality: JSONValue) -> String {
        let missing = quality["missing_values"]?.intValue ?? 0
        var text = verdict(
            missing == 0, missing == 0 ? "no value is missing" : "\(MetricText.grouped(missing)) values were missing and filled")
        let classes = quality["classes"]?.objectValue?.members.map { ($0.key, $0.value.intValue ?? 0) } ?? []
        if let balance = quality["class_balance"]?.doubleValue {
            text += verdict(balance >= 0.9, "class balance \(MetricText.fixed(balance, decimals: 3)) (1 is even)")
        }
        if !classes.isEmpty {
            let most = max(1, classes.map(\.1).max() ?? 1)
            let shown = classes.prefix(20).map { name, count in
                "<tr><th scope=\"row\">\(escapedHTML(name))</th><td class=\"bar\"><i class=\"count\" style=\"width:"
                    + "\(coordinate(Double(count) / Double(most) * 100))%\"></i></td><td>\(MetricText.grouped(count))</td></tr>"
            }.joined()
            let left = classes.count > 20 ? "<p class=\"remark\">The first 20 of \(classes.count) classes.</p>" : ""
            text += "<table class=\"classes\"><tbody>\(shown)</tbody></table>\(left)"
        }
        let samples = ["train", "validation", "test"].compactMap { split in
            quality["samples"]?[split]?.intValue.map { "\(MetricText.grouped($0)) \(split)" }
        }
        var rows = [("samples", samples.joined(separator: ", "))]
        if let features = quality["features"]?.intValue { rows.append(("features", MetricText.grouped(features))) }
        if let low = quality["minimum"]?.doubleValue, let high = quality["maximum"]?.doubleValue, let mean = quality["mean"]?.doubleValue {
            rows.append(("values", "\(MetricText.number(low)) to \(MetricText.number(high)), mean \(MetricText.number(mean))"))
        }
        rows.append(("fingerprint", String((quality["fingerprint"]?.stringValue ?? "").prefix(16))))
        return "<div class=\"card\"><h3>By its data</h3>\(text)\(definitions(rows))</div>"
    }

    private static func training(_ quality: JSONValue, _ data: ReportData) -> String {
        func number(_ key: String) -> String { quality[key]?.doubleValue.map(MetricText.number) ?? "–" }
        var text = ""
        if let train = quality["train_loss"]?.doubleValue, let gap = quality["gap"]?.doubleValue {
            let isLarge = gap > 0.5 * abs(train) && gap > 0.1
            text += verdict(
                !isLarge,
                isLarge
                    ? "the validation loss lies well above the training loss: the model knows its training set better than its task"
                    : "training and validation loss lie close together")
        }
        let alarms = quality["alarms"]?.objectValue?.members.map { "\($0.key.replacing("_", with: " ")) \($0.value.intValue ?? 0)" } ?? []
        let skipped = quality["skipped_steps"]?.intValue ?? 0
        let rollbacks = quality["rollbacks"]?.intValue ?? 0
        text += verdict(
            alarms.isEmpty && skipped == 0 && rollbacks == 0,
            alarms.isEmpty && skipped == 0 && rollbacks == 0
                ? "no alarm, no skipped step, no rollback"
                : "\(MetricText.counted(skipped, "skipped step")), \(MetricText.counted(rollbacks, "rollback"))")
        var rows = [("training loss", number("train_loss")), ("validation loss", number("validation_loss")), ("gap", number("gap"))]
        if let best = quality["best_epoch"]?.intValue { rows.append(("best epoch", String(best))) }
        if !alarms.isEmpty { rows.append(("alarms", alarms.joined(separator: ", "))) }
        return "<div class=\"card\"><h3>By its training</h3>\(text)\(definitions(rows))</div>"
    }

    private static func definitions(_ rows: [(String, String)]) -> String {
        "<dl>\(rows.map { "<dt>\(escapedHTML($0.0))</dt><dd>\(escapedHTML($0.1))</dd>" }.joined())</dl>"
    }
}
