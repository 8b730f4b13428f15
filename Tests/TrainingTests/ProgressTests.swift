import Foundation
import TestSupport
import Testing
import Training

@Suite struct ProgressTests {
    private func run(
        _ mode: ProgressSettings.Mode, width: Int, capable: Bool = true, plainInterval: Double = 10, _ body: (MetricsLog) throws -> Void
    ) throws -> String {
        let recorder = RecordingTerminal(width: width)
        var terminal = recorder.terminal
        terminal.isCapable = capable
        let display = ProgressDisplay(
            settings: ProgressSettings(mode: mode, totalSteps: 200, stepsPerEpoch: 100, epochs: 2, plainInterval: plainInterval),
            terminal: terminal)
        try withTemporaryDirectory { folder in
            let directory = try RunDirectory.create(output: folder, run: "mine", recipeName: "x", resuming: false)
            let log = try MetricsLog(
                directory: directory,
                settings: MetricsLogSettings(ranks: 1, totalSteps: 200, stepsPerEpoch: 100, epochs: 2, tensorBoard: false), display: display
            )
            try body(log)
            try log.close()
        }
        return recorder.text
    }

    private func record(_ step: Int) -> StepRecord {
        StepRecord(
            step: step, batch: step - 1, epoch: (step - 1) / 100 + 1, generation: 0, samples: 32, loss: 0.5, accuracy: 0.9,
            learningRate: 1e-3, gradNorm: 1, samplesPerSecond: 1000, stepMilliseconds: 1, waitMilliseconds: 0, dataMilliseconds: 0,
            computeMilliseconds: 1)
    }

    @Test func aTerminalHasALiveLineThatFits() throws {
        for width in [30, 60, 80, 200] {
            let text = try run(.auto, width: width) { log in
                for step in 1...145 { log.push(record(step)) }
                try log.flush()
            }
            let lines = text.components(separatedBy: "\r\u{1B}[K")
            let live = try #require(lines.first { $0.hasPrefix("epoch 2/2") }, "\(text.debugDescription)")
            #expect(live.hasPrefix("epoch 2/2  45% "))
            #expect(live.contains("loss 0.5"))
            #expect(live.count < width, "\(live)")
            if width >= 80 { #expect(live.contains("accuracy 90.00 %") && live.contains("left") && live.contains("━")) }
            #expect(lines.last == "", "the live line is erased at the end")
        }
    }

    @Test func noTerminalHasNoEscapesAndALinePerEpoch() throws {
        let text = try run(.auto, width: 0) { log in
            for step in 1...100 { log.push(record(step)) }
            log.epoch(
                1, step: 100, generation: 0, train: [("loss", 0.51), ("accuracy", 0.9)], validation: [("loss", 0.61), ("accuracy", 0.875)])
            log.note("warning: rank 1 is slow")
        }
        #expect(!text.contains("\u{1B}") && !text.contains("\r"))
        let lines = text.split(separator: "\n")
        #expect(lines.count == 2, "\(text)")
        #expect(lines[0].hasPrefix("epoch 1/2 | train loss 0.51, accuracy 90.00 % | validation loss 0.61, accuracy 87.50 % | "))
        #expect(lines[0].contains("samples/s"))
        #expect(lines[1] == "warning: rank 1 is slow")
    }

    @Test func plainLinesComeAtTheirInterval() throws {
        let text = try run(.plain, width: 80, plainInterval: 0) { log in
            log.push(record(1))
            log.push(record(50))
            try log.flush()
        }
        #expect(text.hasPrefix("step 50/200 | epoch 1/2 | loss 0.5 | accuracy 90.00 % | learning rate 0.001 | gradient norm 1"))
    }

    @Test func aDumbTerminalIsPlainAndNoneIsSilent() throws {
        let dumb = try run(.auto, width: 80, capable: false) { log in
            log.push(record(1))
            log.note("hello")
        }
        #expect(dumb == "hello\n")
        let none = try run(.none, width: 80) { log in
            log.push(record(1))
            log.note("hello")
        }
        #expect(none == "")
    }

    @Test func aNoteDoesNotGarbleTheLiveLine() throws {
        let text = try run(.bar, width: 80) { log in
            log.push(record(10))
            try log.flush()
            log.note("rolled back")
            try log.flush()
        }
        #expect(text.contains("\r\u{1B}[Krolled back\n\r\u{1B}[Kepoch 1/2"))
    }

    @Test func coloursFollowTheUsualVariables() {
        #expect(Terminal.wantsColour([:], isLive: true))
        #expect(!Terminal.wantsColour([:], isLive: false))
        #expect(!Terminal.wantsColour(["NO_COLOR": "1", "FORCE_COLOR": "1"], isLive: true))
        #expect(Terminal.wantsColour(["NO_COLOR": ""], isLive: true))
        #expect(!Terminal.wantsColour(["CLICOLOR": "0"], isLive: true))
        #expect(Terminal.wantsColour(["FORCE_COLOR": "1"], isLive: false))
    }
}
