import Formats
import Graphs
import Kernels

/// `bench step --profile`: where the time of a step goes, operation by operation, and how near each is to its limit.
package struct StepProfile: Sendable {
    /// The instructions of one kind and shape, summed.
    package struct Row: Sendable {
        package var operation: String
        package var shape: String
        package var calls: Int
        package var milliseconds: Double
        /// Of products; 0 where there are none.
        package var flops: Double
        package var bytes: Double
        /// What the unit does in registers, for products; else what a copy moves: per second, measured in the same run.
        package var peak: Double

        package var share: Double { peak > 0 ? (flops > 0 ? flops : bytes) / (milliseconds * 1e-3) / peak : .nan }
    }

    package var rows: [Row]
    /// Of the whole step, the update and what lies between the instructions included.
    package var stepMilliseconds: Double

    package var json: [JSONValue] {
        rows.map { row in
            .object([
                "operation": .string(row.operation), "shape": .string(row.shape), "calls": .integer(row.calls),
                "ms": .number(row.milliseconds), "of_step": .number(row.milliseconds / stepMilliseconds),
                "flops": .integer(Int(row.flops)), "bytes": .integer(Int(row.bytes)),
                "gflops": .number(row.flops / row.milliseconds / 1e6), "gbytes": .number(row.bytes / row.milliseconds / 1e6),
                "share_of_peak": .number(row.share),
            ])
        }
    }

    package var table: String {
        var lines = [
            pad("operation", 34) + right("calls", 6) + right("ms", 10) + right("of step", 9) + right("FLOPs", 10) + right("bytes", 10)
                + right("GFLOP/s", 10) + right("GB/s", 8) + right("share", 7) + "  shape"
        ]
        for row in rows {
            lines.append(
                pad(row.operation, 34) + right("\(row.calls)", 6) + right(decimalText(row.milliseconds, digits: 4), 10)
                    + right(decimalText((1000 * row.milliseconds / stepMilliseconds).rounded() / 10, digits: 3) + " %", 9)
                    + right(amount(row.flops), 10) + right(amount(row.bytes), 10)
                    + right(row.flops > 0 ? decimalText(row.flops / row.milliseconds / 1e6, digits: 4) : "", 10)
                    + right(decimalText(row.bytes / row.milliseconds / 1e6, digits: 3), 8)
                    + right(row.share.isFinite ? decimalText((100 * row.share).rounded(), digits: 3) + " %" : "", 7) + "  " + row.shape)
        }
        return lines.joined(separator: "\n")
    }

    /// A count with three digits and a power of a thousand: 2.42 G. Nothing for none.
    private func amount(_ count: Double) -> String {
        guard count > 0 else { return "" }
        var (value, unit) = (count, "")
        for next in ["k", "M", "G", "T"] where value >= 999.5 { (value, unit) = (value / 1000, next) }
        return decimalText(value, digits: 3) + (unit.isEmpty ? "" : " " + unit)
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }
}

extension StepProfile {
    /// Sums the instructions' times by kind, phase and shape, longest first.
    ///
    /// - Parameters:
    ///   - nanoseconds: as `StepEngine.profile` fills them, over `rounds` rounds.
    ///   - others: parts of a step that are no instruction, with their bytes.
    init(
        _ program: Program, nanoseconds: [UInt64], rounds: Int, others: [(name: String, milliseconds: Double, bytes: Double)],
        stepMilliseconds: Double, kernels: FloatKernels
    ) {
        let yardstick = KernelBench(kernels: kernels, seconds: 0.02)
        let (scalarPeak, halfPeak) = (yardstick.productPeak(.scalar), yardstick.productPeak(.bfloat16))
        let copyPeak = yardstick.copyPeak(bytes: 16 << 20)
        var rows: [String: Row] = [:]
        for (index, cost) in program.costs.enumerated() {
            let name = "\(cost.kind)" + (cost.phase == .backward && !"\(cost.kind)".contains("radient") ? " (backward)" : "")
            let key = name + cost.shape
            let peak =
                switch cost.unit {
                case .scalar: scalarPeak
                case .bfloat16: halfPeak
                case .memory: copyPeak
                }
            var row =
                rows[key]
                ?? Row(operation: name, shape: cost.shape, calls: 0, milliseconds: 0, flops: 0, bytes: 0, peak: peak)
            row.calls += 1
            row.milliseconds += Double(nanoseconds[index]) / 1e6 / Double(rounds)
            row.flops += Double(cost.flops)
            row.bytes += Double(cost.bytes)
            rows[key] = row
        }
        var all = Array(rows.values)
        for other in others {
            all.append(
                Row(
                    operation: other.name, shape: "", calls: 1, milliseconds: other.milliseconds, flops: 0, bytes: other.bytes,
                    peak: copyPeak))
        }
        self.rows = all.sorted { ($0.milliseconds, $1.operation) > ($1.milliseconds, $0.operation) }
        self.stepMilliseconds = stepMilliseconds
    }
}
