import Checkpoints
import Formats

/// The writer thread's half of the log: makes the lines, keeps what could not be written, feeds TensorBoard and the display.
final class MetricsWriter {
    private let file: LineFile
    private let settings: MetricsLogSettings
    private let display: ProgressDisplay?
    private let tensorBoard: TensorBoardLog?
    private var line = MetricsLine()
    private var failure: RunDirectoryError?
    /// Lines kept while the disk is full; beyond this many bytes new ones are dropped and counted.
    private static let keptBytes = 64 << 20
    private var dropped = 0

    init(directory: RunDirectory, settings: MetricsLogSettings, display: ProgressDisplay?) throws(RunDirectoryError) {
        self.settings = settings
        self.display = display
        file = try LineFile(directory.metricsPath)
        tensorBoard = settings.tensorBoard ? try TensorBoardLog(directory: directory) : nil
    }

    /// Turns entries into lines; returns how many of the texts were used.
    func write(_ entries: [StepRing.Entry], frames: [Double], texts: [MetricsText]) -> Int {
        var frameStart = 0
        var used = 0
        let frameLength = 3 * settings.ranks
        for entry in entries {
            let hasRoom = line.bytes.count < MetricsWriter.keptBytes
            switch entry {
            case .step(let record):
                display?.observe(record)
                let wanted = record.step % settings.everySteps == 0 || record.skipped || record.step == 1
                if wanted, hasRoom { line.append(record) }
                if wanted, !hasRoom { dropped += 1 }
                tensorBoard?.add(record)
            case .ranks(let step, let generation, let steps, _):
                let values = frames[frameStart..<frameStart + frameLength]
                frameStart += frameLength
                if hasRoom {
                    line.appendRanks(step: step, generation: generation, steps: steps, ranks: settings.ranks, values: values)
                }
            case .text:
                if hasRoom { write(texts[used]) } else { dropped += 1 }
                used += 1
            }
        }
        return used
    }

    private func write(_ text: MetricsText) {
        switch text {
        case .validation(let step, let epoch, let generation, let metrics):
            let head: [(String, JSONValue)] = [
                ("event", "validation"), ("step", .integer(step)), ("epoch", .integer(epoch)), ("generation", .integer(generation)),
            ]
            let time: [(String, JSONValue)] = [("time", .number(wallClock()))]
            line.append(contentsOf: MetricsLine.object(head + metrics.map { ($0.0, .number($0.1)) } + time))
            tensorBoard?.add(split: "validation", metrics, step: step)
            display?.observe(validation: metrics)
        case .epoch(let epoch, let step, let generation, let train, let validation, let time):
            line.append(
                contentsOf: MetricsLine.object([
                    ("event", "epoch"), ("epoch", .integer(epoch)), ("step", .integer(step)), ("generation", .integer(generation)),
                    ("train", MetricsLine.metrics(train)), ("validation", MetricsLine.metrics(validation)), ("time", .number(time)),
                ]))
            tensorBoard?.add(split: "epoch", train, step: step)
            display?.finish(epoch: epoch, train: train, validation: validation, at: time)
        case .generation(let generation, let step):
            line.append(
                contentsOf: MetricsLine.object([
                    ("event", "generation"), ("generation", .integer(generation)), ("step", .integer(step)),
                    ("time", .number(wallClock())),
                ]))
        case .note(let text):
            tensorBoard?.add(note: text)
            display?.announce(text)
        }
    }

    /// Writes the lines made so far; returns why that failed.
    func commit(synchronise: Bool) -> RunDirectoryError? {
        var code: Int32 = 0
        if !line.bytes.isEmpty {
            code = file.append(line.bytes)
            if code == 0 { line.removeAll() }
        }
        if code == 0, synchronise { code = file.synchronise() }
        let hadFailed = failure != nil
        failure = code == 0 ? nil : RunDirectoryError(writing: file.path, code: code)
        if let failure, !hadFailed { display?.announce("warning: \(failure) Lines are kept in memory meanwhile.") }
        if hadFailed, failure == nil {
            let lost = dropped > 0 ? " \(dropped) lines were lost." : ""
            display?.announce("\(file.path) can be written again.\(lost)")
        }
        tensorBoard?.flush(force: synchronise)
        return failure
    }

    func close() {
        tensorBoard?.close()
        display?.finish()
    }
}
