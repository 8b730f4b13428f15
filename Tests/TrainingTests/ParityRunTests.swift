import Foundation
import TestSupport
import Testing
import Training

/// Whole runs from recipe files against PyTorch's recorded figures: npy data in file order, `init.from`, batches in shards, the logged
/// losses and gradient norms. `ParityTests` of Networks holds the same figures against the graph alone.
@Suite(.serialized) struct ParityRunTests {
    private struct Figures: Decodable {
        struct Run: Decodable {
            struct Optimizer: Decodable { let name: String }
            let optimizer: Optimizer
            let losses: [Double]
            let gradientNorms: [Double]
        }
        let runs: [Run]
    }

    private struct Line: Decodable {
        let event: String
        let loss: Double?
        let gradNorm: Double?
    }

    @Test(arguments: ["mlp", "cnn", "cnn-mixed", "binary", "regression"])
    func twentyLoggedStepsArePyTorchs(_ model: String) throws {
        let models = Locations.repositoryRoot + "/Tests/Fixtures/models/" + model
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let figures = try decoder.decode(Figures.self, from: Data(readText(models + "/figures.json").utf8))
        #expect(figures.runs.count == 2)
        try withTemporaryDirectory { folder in
            for recorded in figures.runs {
                let name = recorded.optimizer.name
                let recipe = try readText("\(models)/\(name).yaml")
                for ranks in [1, 3] {
                    let run = "\(name)-\(ranks)"
                    _ = try TrainingRuns.train(
                        recipe, run: run, in: folder, ranks: ranks,
                        overrides: [
                            "data.path=\(models)", "init.from=\(models)/initial.safetensors", "parallel.virtual_shards=3",
                            "log.progress=none", "log.tensorboard=false",
                        ])
                    let steps = try TrainingRuns.lines("metrics.jsonl", run: run, in: folder)
                        .map { try decoder.decode(Line.self, from: Data($0.utf8)) }
                        .filter { $0.event == "step" }
                    #expect(steps.count == recorded.losses.count && steps.count == 20)
                    for (index, (step, (loss, norm))) in zip(steps, zip(recorded.losses, recorded.gradientNorms)).enumerated() {
                        #expect(distance(step.loss, loss) < 1e-4, "\(run), step \(index + 1): loss \(step.loss ?? .nan), PyTorch \(loss)")
                        #expect(
                            distance(step.gradNorm, norm) < 1e-4,
                            "\(run), step \(index + 1): gradient norm \(step.gradNorm ?? .nan), PyTorch \(norm)")
                    }
                }
            }
        }
    }

    private func distance(_ found: Double?, _ expected: Double) -> Double {
        found.map { abs($0 - expected) / abs(expected) } ?? .infinity
    }
}
