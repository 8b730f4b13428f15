import Foundation

/// What a person sees while a run goes on: one live line on a terminal, else a plain line now and then; a line per epoch in both.
///
/// Rank 0 only. The log's writer thread feeds and draws it, at most ten times a second; the step thread never does.
///
/// `@unchecked Sendable`: after `init` only the writer thread touches it.
package final class ProgressDisplay: @unchecked Sendable {
    private let settings: ProgressSettings
    private let terminal: Terminal
    private let isLive: Bool
    private let clock: @Sendable () -> Double

    private var latest: StepRecord?
    private var smoothLoss = Smoothed()
    private var smoothAccuracy = Smoothed()
    private var validation: [(String, Double)] = []
    private let started: Double
    /// By the clock of the records: when lines are drawn says nothing of when things happened.
    private var epochStarted: Double?
    private var epochSamples = 0
    private var epochMilliseconds = 0.0
    private var lastDrawn = -Double.infinity
    private var lastPlain: Double
    private var drawnStep = -1
    private var lineIsOpen = false
    private var rate = RateMeter()
    private var firstStep: Int

    package convenience init(settings: ProgressSettings, terminal: Terminal = .standardOutput) {
        self.init(settings: settings, terminal: terminal, clock: { steadyClock() })
    }

    /// - Parameter clock: seconds that only go forward.
    package init(settings: ProgressSettings, terminal: Terminal, clock: @escaping @Sendable () -> Double) {
        self.settings = settings
        self.terminal = terminal
        self.clock = clock
        switch settings.mode {
        case .auto: isLive = terminal.isCapable && terminal.columns() > 0
        case .bar: isLive = true
        case .plain, .none: isLive = false
        }
        started = clock()
        lastPlain = started
        firstStep = settings.firstStep
    }

    /// Takes a step's figures in.
    func observe(_ record: StepRecord) {
        if let latest, record.generation > latest.generation {
            // After a rollback the averages of the abandoned steps would hide where the run really is.
            smoothLoss = Smoothed()
            smoothAccuracy = Smoothed()
            firstStep += record.step - latest.step - 1
        }
        smoothLoss.add(record.loss)
        if record.accuracy != StepRecord.absent { smoothAccuracy.add(record.accuracy) }
        if epochStarted == nil { epochStarted = record.time - record.stepMilliseconds / 1e3 }
        epochSamples += record.samples
        epochMilliseconds += record.stepMilliseconds
        rate.add(samples: record.samples, at: record.time)
        latest = record
    }

    func observe(validation metrics: [(String, Double)]) { validation = metrics }

    /// Draws the live line or, when it is time, a plain one.
    func draw() {
        guard settings.mode != .none, let latest else { return }
        let now = clock()
        if isLive {
            guard latest.step != drawnStep, now - lastDrawn >= 0.1 else { return }
            lastDrawn = now
            drawnStep = latest.step
            terminal.write("\r\u{1B}[K" + liveLine(latest, now: now, columns: terminal.columns()))
            lineIsOpen = true
        } else {
            guard now - lastPlain >= settings.plainInterval, latest.step != drawnStep else { return }
            lastPlain = now
            drawnStep = latest.step
            terminal.write(plainLine(latest, now: now) + "\n")
        }
    }

    /// Prints a sentence above the live line.
    func announce(_ text: String) {
        guard settings.mode != .none else { return }
        erase()
        terminal.write(text + "\n")
        redraw()
    }

    /// Prints the epoch's line: its time includes the validation, its samples per second do not.
    func finish(epoch: Int, train: [(String, Double)], validation: [(String, Double)], at time: Double) {
        guard settings.mode != .none else { return }
        var parts = ["epoch \(epoch)/\(settings.epochs)"]
        parts.append("train " + MetricText.short(train))
        if !validation.isEmpty { parts.append("validation " + MetricText.short(validation)) }
        if epochMilliseconds > 0 { parts.append(speed(Double(epochSamples) / epochMilliseconds * 1e3)) }
        if let epochStarted { parts.append(MetricText.elapsed(time - epochStarted)) }
        erase()
        terminal.write(parts.joined(separator: " | ") + "\n")
        epochStarted = time
        epochSamples = 0
        epochMilliseconds = 0
        lastPlain = clock()
        redraw()
    }

    /// Ends the live line.
    func finish() { erase() }

    private func erase() {
        guard lineIsOpen else { return }
        terminal.write("\r\u{1B}[K")
        lineIsOpen = false
    }

    private func redraw() {
        guard isLive, let latest, latest.step < settings.totalSteps else { return }
        terminal.write("\r\u{1B}[K" + liveLine(latest, now: clock(), columns: terminal.columns()))
        lineIsOpen = true
    }
}

// MARK: - The lines

extension ProgressDisplay {
    private func secondsLeft(_ record: StepRecord, now: Double) -> Double? {
        let done = record.step - firstStep
        guard done > 0, settings.totalSteps >= record.step else { return nil }
        return (now - started) / Double(done) * Double(settings.totalSteps - record.step)
    }

    /// In tokens where samples are made of them: their length is nobody's measure of speed.
    private func speed(_ samplesPerSecond: Double) -> String {
        guard let tokens = latest?.tokensPerSample, tokens > 0 else { return "\(MetricText.grouped(Int(samplesPerSecond))) samples/s" }
        return "\(MetricText.grouped(Int(samplesPerSecond * Double(tokens)))) tokens/s"
    }

    private func positionInEpoch(_ record: StepRecord) -> Double {
        let done = record.batch % settings.stepsPerEpoch + 1
        return min(1, Double(done) / Double(settings.stepsPerEpoch))
    }

    /// "epoch 3/20  45% ━━━━━━───── loss 0.1234  accuracy 96.40 %  12,345 samples/s  0:12 left", made to fit.
    private func liveLine(_ record: StepRecord, now: Double, columns: Int) -> String {
        let share = positionInEpoch(record)
        let percent = String(Int(share * 100))
        let head = "epoch \(record.epoch)/\(settings.epochs) \(String(repeating: " ", count: 3 - min(3, percent.count)))\(percent)% "
        // What comes first is given up last.
        var fields = ["loss \(MetricText.number(smoothLoss.value))"]
        if let left = secondsLeft(record, now: now) { fields.append("\(MetricText.duration(left)) left") }
        if smoothAccuracy.hasValue { fields.insert("accuracy \(MetricText.percent(smoothAccuracy.value))", at: 1) }
        if rate.perSecond > 0 { fields.append(speed(rate.perSecond)) }
        // One column stays free: some terminals wrap when the last one is written.
        let room = max(20, columns > 0 ? columns - 1 : 79)
        while fields.count > 1, head.count + fields.joined(separator: "  ").count > room { fields.removeLast() }
        let tail = fields.joined(separator: "  ")
        let bar = min(30, room - head.count - tail.count - 1)
        guard bar >= 5 else { return String((head + tail).prefix(room)) }
        return head + drawnBar(share, width: bar) + " " + tail
    }

    private func drawnBar(_ share: Double, width: Int) -> String {
        let filled = Int((share * Double(width)).rounded(.down))
        let done = String(repeating: "━", count: filled)
        let rest = String(repeating: terminal.colour ? "━" : "─", count: width - filled)
        return terminal.colour ? "\u{1B}[32m\(done)\u{1B}[90m\(rest)\u{1B}[0m" : done + rest
    }

    /// "step 1200/5000 | epoch 3/20 | loss 0.1234 | accuracy 96.40 % | rate 0.001 | gradient 0.53 | 12,345 samples/s | 1:23 left"
    private func plainLine(_ record: StepRecord, now: Double) -> String {
        var parts = ["step \(record.step)/\(settings.totalSteps)", "epoch \(record.epoch)/\(settings.epochs)"]
        parts.append("loss \(MetricText.number(smoothLoss.value))")
        if smoothAccuracy.hasValue { parts.append("accuracy \(MetricText.percent(smoothAccuracy.value))") }
        parts.append("learning rate \(decimalText(record.learningRate, digits: 3))")
        parts.append("gradient norm \(decimalText(record.gradNorm, digits: 3))")
        if rate.perSecond > 0 { parts.append(speed(rate.perSecond)) }
        if let left = secondsLeft(record, now: now) { parts.append("\(MetricText.duration(left)) left") }
        return parts.joined(separator: " | ")
    }
}

/// An exponential average over about fifty values, without the pull towards zero at its beginning. A value that is not finite is shown as
/// it is until the next finite one.
private struct Smoothed {
    private var sum = 0.0
    private var weight = 0.0
    private var oddity: Double?

    var hasValue: Bool { weight > 0 || oddity != nil }
    var value: Double { oddity ?? (weight > 0 ? sum / weight : .nan) }

    mutating func add(_ value: Double) {
        guard value.isFinite else {
            oddity = value
            return
        }
        oddity = nil
        sum = 0.96 * sum + 0.04 * value
        weight = 0.96 * weight + 0.04
    }
}

/// Samples per second over the last two to four seconds.
private struct RateMeter {
    private var start = 0.0
    private var samples = 0
    private var previousStart = 0.0
    private var previousSamples = 0
    private(set) var perSecond = 0.0

    mutating func add(samples count: Int, at time: Double) {
        if start == 0 {
            // The first step's own duration is unknown, so it only starts the clock.
            start = time
            return
        }
        samples += count
        let from = previousStart == 0 ? start : previousStart
        let total = previousStart == 0 ? samples : samples + previousSamples
        if time > from { perSecond = Double(total) / (time - from) }
        if time - start > 2 {
            previousStart = start
            previousSamples = samples
            start = time
            samples = 0
        }
    }
}
