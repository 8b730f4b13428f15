import Collectives
import Formats

/// TensorBoard's event files: scalars by split and the notes as text.
///
/// Every process writes a file of its own; TensorBoard joins those of a folder by step. The first thousand steps are written each, later
/// ones ten times a second: TensorBoard itself keeps a sample of about a thousand points per curve. A failure here never harms the run;
/// the figures are all in metrics.jsonl.
final class TensorBoardLog {
    private var writer: TensorBoardWriter?
    private var steps = 0
    private var lastStep = 0
    private var lastWritten = 0.0
    private var lastFlush = 0.0

    init(directory: RunDirectory) throws(RunDirectoryError) {
        do { writer = try TensorBoardWriter(directory: directory.tensorBoardPath, hostName: localHostName()) } catch {
            throw RunDirectoryError(
                error.kind == .diskFull ? .diskFull : .unwritable, path: directory.tensorBoardPath, "TensorBoard's log: \(error)")
        }
    }

    func add(_ record: StepRecord) {
        steps += 1
        lastStep = record.step
        guard steps <= 1000 || record.time - lastWritten >= 0.1 || record.skipped else { return }
        lastWritten = record.time
        add("loss/train", record.loss, record)
        if record.accuracy != StepRecord.absent { add("accuracy/train", record.accuracy, record) }
        add("learning_rate", record.learningRate, record)
        add("grad_norm", record.gradNorm, record)
        add("perf/samples_per_second", record.samplesPerSecond, record)
        add("perf/step_ms", record.stepMilliseconds, record)
        add("perf/wait_ms", record.waitMilliseconds, record)
    }

    private func add(_ tag: String, _ value: Double, _ record: StepRecord) {
        writer?.addScalar(tag, value, step: record.step, wallTime: record.time)
    }

    func add(split: String, _ metrics: [(String, Double)], step: Int) {
        for (name, value) in metrics { writer?.addScalar("\(name)/\(split)", value, step: step) }
    }

    func add(note: String) { writer?.addText("notes", note, step: lastStep) }

    func flush(force: Bool) {
        let now = steadyClock()
        guard force || now - lastFlush > 1 else { return }
        lastFlush = now
        do { try writer?.flush() } catch { writer = nil }
    }

    func close() {
        try? writer?.close()
        writer = nil
    }
}
