extension ModelSummary {
    /// The table that `train --summary` prints: one line per layer, then totals. No line ends with blanks or a line break.
    package var table: String {
        var lines = [["layer", "type", "output", "parameters", "FLOPs"]]
        lines.append(["input", "", inputShape.description, "", ""])
        for row in rows {
            lines.append([row.name, row.type, row.outputShape.description, grouped(row.parameters), grouped(row.flops)])
        }
        lines.append(["total", "", "", grouped(parameters), grouped(flops)])
        let widths = lines[0].indices.map { column in lines.map(\.[column].count).max() ?? 0 }
        var text: [String] = []
        for (index, line) in lines.enumerated() {
            if index == 1 || index == lines.count - 1 {
                text.append(String(repeating: "─", count: widths.reduce(0, +) + 2 * (widths.count - 1)))
            }
            let cells = line.enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                return column >= 3 ? blanks + cell : cell + blanks
            }
            text.append(trimmed(cells.joined(separator: "  ")))
        }
        text.append("")
        text.append("FLOPs per sample: \(grouped(flops)) forward, \(grouped(trainingFlops)) forward and backward; loss \(loss)")
        text.append("parameters: \(bytes(parameterArenaBytes)), as much again for gradients and for each optimiser state")
        let parts = breakdown.map { "\($0.category) \(bytes($0.bytes))" }.joined(separator: ", ")
        text.append("arena for \(capacity) rows: \(bytes(arenaBytes)) (\(parts); values that do not live together share memory)")
        return text.joined(separator: "\n")
    }

    /// 1234567 as "1,234,567".
    private func grouped(_ value: Int) -> String {
        var result = ""
        for (index, digit) in String(value).reversed().enumerated() {
            if index > 0 && index % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return String(result.reversed())
    }

    /// "512 B", "3.4 KiB", "12.0 MiB".
    private func bytes(_ count: Int) -> String {
        guard count >= 1024 else { return "\(count) B" }
        var tenths = count * 10 / 1024
        var unit = 0
        let units = ["KiB", "MiB", "GiB", "TiB"]
        while tenths >= 10240 && unit < units.count - 1 {
            tenths /= 1024
            unit += 1
        }
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    private func trimmed(_ line: String) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return line
    }
}
