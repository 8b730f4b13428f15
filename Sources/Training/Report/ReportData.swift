import Checkpoints
import Formats
import Foundation

/// Everything the report shows, read from the files of a run. A file that is missing leaves its part empty: a run that was killed has no
/// summary, and its report is wanted most of all.
struct ReportData {
    struct Step {
        var step = 0
        var generation = 0
        var epoch = 0
        var loss = Double.nan
        var accuracy = Double.nan
        var learningRate = Double.nan
        var gradNorm = Double.nan
        var samplesPerSecond = Double.nan
        var stepMilliseconds = Double.nan
        var skipped = false
    }

    struct Check {
        var step: Int
        var generation: Int
        var epoch: Int
        var metrics: [(name: String, value: Double)]

        subscript(name: String) -> Double? { metrics.first { $0.name == name }?.value }
    }

    struct RankTimes {
        var step: Int
        var generation: Int
        var steps: Int
        var compute: [Double]
        var wait: [Double]
        var data: [Double]
    }

    struct Event {
        var step: Int
        var generation: Int
        var time: String
        var kind: String
        /// The detector, the action, the state: whatever narrows the kind down.
        var detail: String
        var text: String
    }

    var name: String
    var path: String
    var steps: [Step] = []
    var validations: [Check] = []
    /// The epochs' training metrics.
    var epochs: [Check] = []
    var ranks: [RankTimes] = []
    var events: [Event] = []
    var ledgerProblems: [String] = []
    var unreadableLines = 0
    var summary: JSONValue?
    var facts: RunFacts?
    var recipe = ""
    /// First step of each generation, by generation.
    var generationStarts: [Int: Int] = [:]

    init(_ directory: RunDirectory) throws(RunDirectoryError) {
        name = directory.name
        path = directory.path
        summary = try? JSONValue.read(directory.summaryPath)
        facts = directory.readFacts()
        recipe = (try? POSIXFileSystem().read(directory.recipePath)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        if POSIXFileSystem().exists(directory.metricsPath) {
            let bytes: [UInt8]
            do throws(FileSystemError) { bytes = try POSIXFileSystem().read(directory.metricsPath) } catch {
                throw RunDirectoryError(
                    .unwritable, path: directory.metricsPath,
                    "cannot read \(directory.metricsPath): \(error.reason). Check its permissions.")
            }
            readMetrics(bytes)
        }
        if POSIXFileSystem().exists(directory.eventsPath) {
            ledgerProblems = Ledger.verify(directory.eventsPath)
            events = Ledger.records(of: directory.eventsPath).map { Event($0) }
        }
        for step in steps { noteStart(step.generation, step.step) }
        for check in validations { noteStart(check.generation, check.step) }
    }

    /// The highest step of anything.
    var lastStep: Int {
        max(steps.map(\.step).max() ?? 0, validations.map(\.step).max() ?? 0, events.map(\.step).max() ?? 0, 1)
    }

    /// Whether a later generation went over that step again.
    func isSuperseded(step: Int, generation: Int) -> Bool {
        generationStarts.contains { $0.key > generation && $0.value <= step }
    }

    private mutating func noteStart(_ generation: Int, _ step: Int) {
        generationStarts[generation] = min(generationStarts[generation] ?? .max, step)
    }

    private mutating func readMetrics(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { buffer in
            var lower = 0
            while lower < buffer.count {
                let upper = buffer[lower...].firstIndex(of: 10) ?? buffer.count
                if let step = StepLineScanner.scan(buffer, lower..<upper) {
                    steps.append(step)
                } else if upper > lower {
                    readLine(Array(buffer[lower..<upper]))
                }
                lower = upper + 1
            }
        }
    }

    private mutating func readLine(_ line: [UInt8]) {
        guard let value = try? JSONValue.parse(line), let event = value["event"]?.stringValue else {
            unreadableLines += 1
            return
        }
        let step = value["step"]?.intValue ?? 0
        let generation = value["generation"]?.intValue ?? 0
        let epoch = value["epoch"]?.intValue ?? 0
        switch event {
        case "step":
            steps.append(
                Step(
                    step: step, generation: generation, epoch: epoch, loss: value.figure("loss"), accuracy: value.figure("accuracy"),
                    learningRate: value.figure("learning_rate"), gradNorm: value.figure("grad_norm"),
                    samplesPerSecond: value.figure("samples_per_second"), stepMilliseconds: value.figure("step_ms"),
                    skipped: value["skipped"]?.boolValue ?? false))
        case "validation":
            validations.append(Check(step: step, generation: generation, epoch: epoch, metrics: value.figures))
        case "epoch":
            epochs.append(Check(step: step, generation: generation, epoch: epoch, metrics: value["train"]?.figures ?? []))
        case "ranks":
            ranks.append(
                RankTimes(
                    step: step, generation: generation, steps: value["steps"]?.intValue ?? 1, compute: value.list("compute_ms"),
                    wait: value.list("wait_ms"), data: value.list("data_ms")))
        case "generation": generationStarts[generation] = step
        default: break
        }
    }
}

extension ReportData.Event {
    init(_ record: JSONValue) {
        step = record["step"]?.intValue ?? 0
        generation = record["generation"]?.intValue ?? 0
        time = record["time"]?.stringValue ?? ""
        kind = record["kind"]?.stringValue ?? ""
        detail = ["action", "detector", "state", "metric", "reason"].lazy.compactMap { record[$0]?.stringValue }.first ?? ""
        if let text = record["text"]?.stringValue {
            self.text = text
        } else if let metric = record["metric"]?.stringValue, let value = record["value"]?.doubleValue {
            text = "\(metric) \(decimalText(value, digits: 6))"
        } else if kind == "checkpoint" {
            text = "the checkpoint of step \(record["checkpoint"]?.intValue ?? step) is \(detail == "candidate" ? "a candidate" : detail)"
        } else {
            let taken = ["kind", "sequence", "step", "generation", "time", "previous", "nonfinite", "action", "detector"]
            text = (record.objectValue?.members ?? []).filter { !taken.contains($0.key) }
                .map { "\($0.key) \(shortened($0.value.stringValue ?? $0.value.serialized()))" }.joined(separator: ", ")
        }
    }
}

/// A digest by its first digits; anything else as it is.
private func shortened(_ text: String) -> String {
    text.utf8.count == 64 && text.allSatisfy(\.isHexDigit) ? text.prefix(12) + "…" : text
}

extension JSONValue {
    /// A number, NaN where it is null or absent.
    fileprivate func figure(_ key: String) -> Double { self[key]?.doubleValue ?? .nan }

    /// The members that are numbers and no coordinates.
    fileprivate var figures: [(name: String, value: Double)] {
        (objectValue?.members ?? []).compactMap { member in
            guard !["step", "epoch", "generation", "time", "batch"].contains(member.key), let value = member.value.doubleValue else {
                return nil
            }
            return (member.key, value)
        }
    }

    fileprivate func list(_ key: String) -> [Double] { (self[key]?.arrayValue ?? []).map { $0.doubleValue ?? .nan } }
}
