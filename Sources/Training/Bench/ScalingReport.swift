import Formats

/// `lockstep bench scaling`: strong scaling (the global batch stays) and weak scaling (each rank's batch stays), against one rank.
package struct ScalingReport: Sendable {
    package enum Kind: String, Sendable, CaseIterable { case strong, weak }

    package struct Row: Sendable {
        package var kind: Kind
        package var ranks: Int
        package var stepMilliseconds: Double
        package var perSecond: Double
        /// Share of the step spent in gradient exchange, waiting included, 0 to 1.
        package var exchangeShare: Double
        /// More ranks than cores: not a scaling result.
        package var isOversubscribed: Bool

        package init(
            kind: Kind, ranks: Int, stepMilliseconds: Double, perSecond: Double, exchangeShare: Double, isOversubscribed: Bool
        ) {
            self.kind = kind
            self.ranks = ranks
            self.stepMilliseconds = stepMilliseconds
            self.perSecond = perSecond
            self.exchangeShare = exchangeShare
            self.isOversubscribed = isOversubscribed
        }
    }

    package let workload: String
    package let cores: Int
    package let rows: [Row]

    package init(workload: String, cores: Int, rows: [Row]) {
        self.workload = workload
        self.cores = cores
        self.rows = rows
    }

    /// Throughput relative to the fewest ranks measured of the same kind, per that many ranks.
    package func speedUp(_ row: Row) -> Double {
        guard let base = base(of: row) else { return 1 }
        return row.perSecond / base.perSecond * Double(base.ranks)
    }

    /// Speed-up per rank, 1 is perfect. For weak scaling this is throughput(N) / (N · throughput(1)).
    package func efficiency(_ row: Row) -> Double { speedUp(row) / Double(row.ranks) }

    private func base(of row: Row) -> Row? { rows.filter { $0.kind == row.kind }.min { $0.ranks < $1.ranks } }

    package func json(_ row: Row) -> JSONValue {
        .object([
            "workload": .string(workload), "kind": .string(row.kind.rawValue), "ranks": .integer(row.ranks), "cores": .integer(cores),
            "step_ms": .number(row.stepMilliseconds), "per_second": .number(row.perSecond), "speed_up": .number(speedUp(row)),
            "efficiency": .number(efficiency(row)), "exchange_share": .number(row.exchangeShare),
            "oversubscribed": .bool(row.isOversubscribed),
        ])
    }

    package var table: String {
        var lines = ["scaling of \(workload) on \(cores) core\(cores == 1 ? "" : "s")", ""]
        lines.append("kind     ranks    step ms      samples/s   speed-up   efficiency   in exchange")
        for row in rows {
            let mark = row.isOversubscribed ? "  oversubscribed: not a scaling result" : ""
            lines.append(
                pad(row.kind.rawValue, 6, left: true) + pad("\(row.ranks)", 8) + pad(fixed(row.stepMilliseconds, 3), 11)
                    + pad(fixed(row.perSecond, 1), 15) + pad(fixed(speedUp(row), 2), 11)
                    + pad(fixed(efficiency(row) * 100, 1) + " %", 13) + pad(fixed(row.exchangeShare * 100, 1) + " %", 14) + mark)
        }
        return lines.joined(separator: "\n")
    }

    private func pad(_ text: String, _ width: Int, left: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return left ? text + space : space + text
    }

    private func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "–" }
        let factor = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        let whole = Int((value * factor).rounded())
        let (units, rest) = abs(whole).quotientAndRemainder(dividingBy: Int(factor))
        let fraction = String(rest)
        return (whole < 0 ? "-" : "") + "\(units)"
            + (digits > 0 ? "." + String(repeating: "0", count: digits - fraction.count) + fraction : "")
    }
}
