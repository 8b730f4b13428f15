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

    @Test func aMistakeSaysWhereItIs() {
        let error = #expect(throws: (any Error).self) {
            try TrainingJob(name: "x", model: network, data: .digits, epochs: 1, settings: ["optimizer.learning_rat=1"])
        }
        #expect(error.map { "\($0)" }?.contains("did you mean") == true, "\(String(describing: error))")
    }
}
