import Checkpoints
import Collectives
import Foundation
import Formats
import Quality
import TensorCore
import Training

/// A run directory made through the package's own writers: two ranks, a spike, a rollback, an early stop.
enum SampleRun {
    static let steps = 900
    static let stepsPerEpoch = 100

    /// - Parameter withSummary: without it the run looks like one that was killed.
    static func make(in folder: String, name: String = "sample", withSummary: Bool = true) throws -> RunDirectory {
        let directory = try RunDirectory.create(output: folder, run: name, recipeName: "sample", resuming: false)
        try directory.writeRecipe("name: sample\nseed: 42\nbatch: 64\nmodel: {input: [8, 8, 1]} # <not markup>\n")
        var facts = RunFacts(
            name: name, recipeName: "sample", recipeHash: String(repeating: "ab", count: 32), arguments: ["lockstep", "train", "sample"],
            hosts: ["node1", "node1", "node2", "node2"], virtualShards: 4, instructionSet: "avx2", seed: 42,
            versions: [.init("lockstep", "0.1"), .init("swift", "6.3.1")])
        try directory.write(facts)
        let log = try MetricsLog(
            directory: directory,
            settings: MetricsLogSettings(ranks: 4, totalSteps: steps, stepsPerEpoch: stepsPerEpoch, epochs: 9, rankEverySteps: 10),
            display: nil)
        let ledger = try Ledger(directory: directory)
        try ledger.append(kind: "run_start", step: 0, generation: 0, fields: [("ranks", 4)])
        var noise = Noise()
        try train(1...540, generation: 0, spikeFrom: 500, log: log, ledger: ledger, noise: &noise)
        try ledger.append(
            kind: "alarm", step: 512, generation: 0,
            fields: [
                ("detector", "loss_spike"), ("statistic", 11.2), ("threshold", 8),
                ("text", "the loss is 11.2 deviations above its trend since step 500"),
            ])
        try ledger.append(
            kind: "decision", step: 540, generation: 0,
            fields: [
                ("action", "rollback"), ("target", 400), ("onset", 499),
                ("text", "back to the checkpoint of step 400; batches 499 to 560 are left out; learning rate × 0.5"),
            ])
        log.generationBegan(1, step: 401)
        try train(401...steps, generation: 1, spikeFrom: .max, log: log, ledger: ledger, noise: &noise)
        try ledger.append(
            kind: "decision", step: steps, generation: 1,
            fields: [
                ("action", "stop"), ("reason", "early_stopping"), ("text", "stopped after step 900: validation.loss no longer improves"),
            ])
        try log.close()
        let weights = try directory.writeModel(model)
        if withSummary {
            try directory.write(summary(weights.weightsSHA256))
            facts.end(reason: "early_stopping", exitCode: 0)
            try directory.write(facts)
        }
        return directory
    }

    static let model = [
        Tensor(name: "layers.0.weight", shape: [4, 3], floats: [1, 2, 3, 0, 0, 0, -1, 0.5, 2, 1, 1, 1]),
        Tensor(name: "layers.0.bias", shape: [4], floats: [0.1, 0, -0.2, 0.3]),
    ]

    static func summary(_ digest: String) -> RunSummary {
        RunSummary(
            stopReason: "early_stopping", stopDetail: "validation.loss has not improved for 3 checks", exitCode: 0, steps: steps, epochs: 9,
            bestEpoch: 6, ranks: 4, virtualShards: 4, seconds: 12.5, samplesPerSecond: 51_234.5,
            train: [("loss", 0.081), ("accuracy", 0.991)], validation: [("loss", 0.102), ("accuracy", 0.9725), ("f1", 0.97)],
            test: [("loss", 0.11), ("accuracy", 0.9694)], weightsSHA256: digest, rollbacks: 1, alarms: 1, skippedSteps: 1, generation: 1,
            quality: RunQuality(
                parameters: .measure(model),
                data: DataQuality(
                    fingerprint: String(repeating: "0123456789abcdef", count: 4), trainSamples: 1150, validationSamples: 287,
                    testSamples: 360,
                    features: 64, classes: (0..<10).map { .init(name: String($0), count: 110 + $0 * 2) }, minimum: 0, maximum: 1,
                    mean: 0.305),
                training: TrainingQuality(
                    trainLoss: 0.081, validationLoss: 0.102, bestEpoch: 6, skippedSteps: 1, rollbacks: 1,
                    alarms: [(detector: "loss_spike", count: 1)])))
    }

    private static func train(
        _ range: ClosedRange<Int>, generation: Int, spikeFrom: Int, log: MetricsLog, ledger: Ledger, noise: inout Noise
    ) throws {
        for step in range {
            let progress = Double(step) / 300
            let spike = step >= spikeFrom ? 1 + Double(step - spikeFrom) * 0.3 : 1
            let skipped = step == 250
            let loss = skipped ? Double.nan : (0.08 + 2.2 * exp(-progress)) * spike * (1 + 0.25 * noise.next())
            let accuracy = min(1, max(0, 1 - 0.9 * exp(-progress * 1.4) / (spike < 2 ? 1 : 0.3) + 0.05 * noise.next()))
            log.push(
                StepRecord(
                    step: step, batch: step - 1, epoch: (step - 1) / stepsPerEpoch + 1, generation: generation, samples: 64, loss: loss,
                    accuracy: accuracy, learningRate: generation == 0 ? 1e-3 : 5e-4,
                    gradNorm: skipped ? .infinity : (0.4 + exp(-progress)) * spike * (1 + 0.4 * abs(noise.next())),
                    samplesPerSecond: 50_000 + 4000 * noise.next(), stepMilliseconds: 1.2, waitMilliseconds: 0.2, dataMilliseconds: 0.05,
                    computeMilliseconds: 0.95, skipped: skipped))
            log.pushRanks(
                step: step, generation: generation,
                (0..<4).map { rank in
                    RankTelemetry(
                        rank: rank, step: step, batch: step - 1, generation: generation, firstShard: rank, shardCount: 1,
                        dataMilliseconds: 0.05,
                        computeMilliseconds: 0.9 + 0.1 * Double(rank) + 0.05 * noise.next(), waitMilliseconds: 0.4 - 0.1 * Double(rank),
                        stepMilliseconds: 1.4, learningRate: 1e-3)
                })
            if skipped {
                try ledger.append(
                    kind: "vote", step: step, generation: generation,
                    fields: [
                        ("action", "skip"), ("ranks", [1]),
                        ("text", "gradient not finite on shard 1 (rank 1): the update of step 250 (batch 249) was skipped on all ranks"),
                    ])
            }
            if step % stepsPerEpoch == 0 {
                let validation = 0.1 + 2.1 * exp(-progress) * (spike > 1 ? 3 : 1) + 0.004 * Double(max(0, step - 600)) / 100
                let metrics = [("loss", validation), ("accuracy", 1 - 0.85 * exp(-progress * 1.3))]
                log.validation(step: step, epoch: step / stepsPerEpoch, generation: generation, metrics: metrics)
                log.epoch(
                    step / stepsPerEpoch, step: step, generation: generation, train: [("loss", 0.08 + 2.2 * exp(-progress))],
                    validation: metrics)
                try ledger.append(
                    kind: "best", step: step, generation: generation,
                    fields: [("metric", "validation.loss"), ("value", .number(validation))])
            }
        }
    }

    /// Repeatable numbers between -1 and 1.
    struct Noise {
        private var state: UInt64 = 7

        mutating func next() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) / Double(1 << 52) - 1
        }
    }
}

/// A terminal that remembers.
final class RecordingTerminal: @unchecked Sendable {
    private let lock = NSLock()
    private var written = ""
    let width: Int

    init(width: Int) { self.width = width }

    var text: String { lock.withLock { written } }

    var terminal: Terminal {
        Terminal(columns: { [width] in width }, isCapable: true, colour: false) { text in self.lock.withLock { self.written += text } }
    }
}
