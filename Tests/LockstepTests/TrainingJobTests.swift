import Foundation
import Lockstep
import TestSupport
import Testing

/// The library as a Swift program sees it: only public names.
@Suite struct TrainingJobTests {
    private let network = Sequential(input: [8, 8, 1]) {
        Layer.conv2d(8, kernel: 3, padding: 1, activation: "relu")
        Layer.maxPool2d(2)
        Layer.flatten
        for units in [24, 16] { Layer.dense(units, activation: "relu") }
        Layer.dropout(0.1)
        Layer.dense(10)
    }

    @Test func aNetworkWrittenInSwiftTrains() throws {
        try withTemporaryDirectory { folder in
            let job = try TrainingJob(
                name: "digits", model: network, data: .digits, optimizer: .adam(learningRate: 3e-3), epochs: 20, seed: 3,
                settings: ["output=\(folder)", "run=swift", "log.progress=none"])
            let outcome = try job.run()
            #expect(outcome.stopReason == "finished")
            #expect((outcome.test["accuracy"] ?? 0) > 0.9, "\(outcome.test)")
            #expect(outcome.weightsSHA256?.count == 64)
            #expect(FileManager.default.fileExists(atPath: outcome.runDirectory + "/model.safetensors"))
        }
    }

    @Test func blocksAndNormalisationsTrainInMixedPrecision() throws {
        let network = Sequential(input: [8, 8, 1]) {
            Layer.conv2d(8, kernel: 3, padding: 1, bias: false)
            Layer.batchNorm2d()
            Layer.relu
            Layer.residual(activation: "relu") {
                Layer.conv2d(16, kernel: 3, stride: 2, padding: 1, bias: false)
                Layer.batchNorm2d()
            } shortcut: {
                Layer.conv2d(16, kernel: 1, stride: 2, bias: false)
            }
            Layer.globalAveragePool2d
            Layer.dense(10)
        }
        try withTemporaryDirectory { folder in
            let outcome = try TrainingJob(
                name: "blocks", model: network, data: .digits, optimizer: .adam(learningRate: 5e-3), epochs: 6, seed: 3,
                settings: ["output=\(folder)", "run=swift", "log.progress=none", "precision=bf16"]
            ).run()
            #expect((outcome.test["accuracy"] ?? 0) > 0.7, "\(outcome.test)")
        }
    }

    @Test func sequencesTrain() throws {
        let network = Sequential(input: [16]) {
            Layer.embedding(vocabulary: 12, width: 16, positions: true, name: "tokens")
            Layer.transformer(heads: 2, hidden: 24)
            Layer.lstm(12)
            Layer.attention(heads: 3)
            Layer.layerNorm()
            Layer.dense(16)
            Layer.head(tied: "tokens")
        }
        try withTemporaryDirectory { folder in
            let outcome = try TrainingJob(
                name: "tokens", model: network, data: .digits, epochs: 1, seed: 3,
                settings: ["data={format: synthetic, samples: 64}", "output=\(folder)", "run=swift", "log.progress=none"]
            ).run()
            #expect(outcome.stopReason == "finished")
            #expect((outcome.test["loss"] ?? outcome.validation["loss"] ?? .nan).isFinite)
        }
    }

    @Test func aMistakeSaysWhereItIs() {
        let error = #expect(throws: (any Error).self) {
            try TrainingJob(name: "x", model: network, data: .digits, epochs: 1, settings: ["optimizer.learning_rat=1"])
        }
        #expect(error.map { "\($0)" }?.contains("did you mean") == true, "\(String(describing: error))")
    }
}
