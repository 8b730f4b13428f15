import Checkpoints
import Formats
import Foundation
import Quality

/// metrics.jsonl, TensorBoard's event files and the live progress of a run, written by one thread of their own.
///
/// The step thread only copies numbers into a ring of fixed size: no allocation, no system call but the lock's. The writer wakes ten times a
/// second (or when the ring is half full), makes the lines and writes them. Nothing in the file is ever rewritten: after a rollback or a
/// resume the lines of the higher generation supersede those of the same steps before.
///
/// A disk that is full does not stop the training: lines are kept in memory, tried again, and `flush` and `close` throw if they still cannot
/// be written.
///
/// `@unchecked Sendable`: `ring`, `texts` and the counters are only touched with `condition` locked; `writer` only by the writer thread.
package final class MetricsLog: @unchecked Sendable {
    private let condition = NSCondition()
    private var ring: StepRing
    private var texts: [MetricsText] = []
    private var pushed = 0
    private var written = 0
    private var flushWanted = false
    private var closing = false
    private var closed = false
    private var failure: RunDirectoryError?
    private let settings: MetricsLogSettings
    private let display: ProgressDisplay?
    private let writer: MetricsWriter

    /// Opens the log of a run (a torn last line is cut off) and starts the writer.
    ///
    /// - Parameters:
    ///   - display: drawn by the writer thread; nil for none.
    ///   - capacity: steps that may wait for the writer before the step thread waits.
    package init(
        directory: RunDirectory, settings: MetricsLogSettings, display: ProgressDisplay?, capacity: Int = 4096
    ) throws(RunDirectoryError) {
        self.settings = settings
        self.display = display
        ring = StepRing(capacity: capacity, ranks: settings.ranks)
        texts.reserveCapacity(64)
        writer = try MetricsWriter(directory: directory, settings: settings, display: display)
        let thread = Thread { [self] in run() }
        thread.name = "metrics"
        thread.start()
    }

    // MARK: - The step thread's side

    /// Hands one step over. No allocation; waits only when the ring is full.
    package func push(_ record: StepRecord) {
        var record = record
        record.time = wallClock()
        condition.lock()
        waitForPlace()
        ring.append(.step(record))
        pushed += 1
        if ring.isHalfFull { condition.broadcast() }
        condition.unlock()
    }

    /// Adds one step's times of all ranks; every ``MetricsLogSettings/rankEverySteps`` steps their means become a line. No allocation.
    package func pushRanks(step: Int, generation: Int, _ ranks: [RankTelemetry]) {
        condition.lock()
        ring.accumulate(ranks, step: step, generation: generation)
        if step % settings.rankInterval == 0 { closeFrame() }
        condition.unlock()
    }

    private func closeFrame() {
        let before = ring.count
        ring.closeFrame()
        pushed += ring.count - before
    }

    private func waitForPlace() {
        while ring.isFull, !closed {
            condition.broadcast()
            condition.wait()
        }
    }

    // MARK: - Rare lines

    /// A validation pass: "loss", "accuracy"… in their order.
    package func validation(step: Int, epoch: Int, generation: Int, metrics: [(String, Double)]) {
        push(.validation(step: step, epoch: epoch, generation: generation, metrics: metrics))
    }

    /// The end of an epoch: the epoch's training metrics and the validation that followed.
    package func epoch(_ epoch: Int, step: Int, generation: Int, train: [(String, Double)], validation: [(String, Double)]) {
        push(.epoch(epoch, step: step, generation: generation, train: train, validation: validation, time: wallClock()))
    }

    /// A new generation begins with that step: after a rollback or a resume.
    package func generationBegan(_ generation: Int, step: Int) { push(.generation(generation, step: step)) }

    /// A sentence for people: shown above the live line at once, and kept as text in TensorBoard.
    package func note(_ text: String) { push(.note(text)) }

    private func push(_ text: MetricsText) {
        condition.lock()
        waitForPlace()
        texts.append(text)
        ring.append(.text)
        pushed += 1
        condition.broadcast()
        condition.unlock()
    }

    // MARK: - Waiting for the writer

    /// Returns when everything pushed so far is in the files and the files are on the disk.
    package func flush() throws(RunDirectoryError) {
        condition.lock()
        let target = pushed
        flushWanted = true
        condition.broadcast()
        while !closed, written < target || flushWanted { condition.wait() }
        let failure = failure
        condition.unlock()
        if let failure { throw failure }
    }

    /// Writes what is left, ends the live line, ends the thread. The second call does nothing.
    package func close() throws(RunDirectoryError) {
        condition.lock()
        closing = true
        condition.broadcast()
        while !closed { condition.wait() }
        let failure = failure
        condition.unlock()
        if let failure { throw failure }
    }

    /// Why the last write failed; nil while all is well. Does not wait.
    package var currentFailure: RunDirectoryError? {
        condition.lock()
        defer { condition.unlock() }
        return failure
    }

    // MARK: - The writer thread

    private func run() {
        var batch: [StepRing.Entry] = []
        batch.reserveCapacity(512)
        var frames: [Double] = []
        var lines: [MetricsText] = []
        while true {
            condition.lock()
            if ring.count == 0, !closing, !flushWanted { _ = condition.wait(until: Date(timeIntervalSinceNow: 0.1)) }
            if ring.count > 0, !ring.isHalfFull, texts.isEmpty, !closing, !flushWanted {
                // A little patience makes one write of many steps.
                _ = condition.wait(until: Date(timeIntervalSinceNow: 0.1))
            }
            // The times since the last whole interval.
            if closing { closeFrame() }
            batch.removeAll(keepingCapacity: true)
            frames.removeAll(keepingCapacity: true)
            while ring.count > 0, batch.count < 512 {
                let entry = ring.removeFirst()
                if case .ranks(_, _, _, let frame) = entry {
                    frames.append(contentsOf: ring.frames[ring.range(ofFrame: frame)])
                    ring.releaseFrame()
                }
                batch.append(entry)
            }
            swap(&lines, &texts)
            let isLast = closing && ring.count == 0 && !ring.hasSums
            let wantsFlush = flushWanted && ring.count == 0
            condition.broadcast()
            condition.unlock()

            let used = writer.write(batch, frames: frames, texts: lines)
            // Texts of entries that are still in the ring go back, in front of newer ones.
            let rest = Array(lines[used...])
            lines.removeAll(keepingCapacity: true)
            let problem = writer.commit(synchronise: wantsFlush || isLast)
            display?.draw()
            if isLast { writer.close() }

            condition.lock()
            if !rest.isEmpty { texts.insert(contentsOf: rest, at: 0) }
            written += batch.count
            failure = problem
            if wantsFlush { flushWanted = false }
            if isLast { closed = true }
            condition.broadcast()
            condition.unlock()
            if isLast { return }
        }
    }
}

/// A line that is not a step's.
enum MetricsText: Sendable {
    case validation(step: Int, epoch: Int, generation: Int, metrics: [(String, Double)])
    case epoch(Int, step: Int, generation: Int, train: [(String, Double)], validation: [(String, Double)], time: Double)
    case generation(Int, step: Int)
    case note(String)
}

/// Seconds since 1970, to the millisecond.
func wallClock() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + (Double(time.tv_nsec) / 1e6).rounded(.down) / 1e3
}

/// Seconds of a clock that is never set.
func steadyClock() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
