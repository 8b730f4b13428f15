import Collectives
import Foundation
import Recipes
import TestSupport
import Training

/// Short runs inside the test process: members of a `ThreadGroup` stand for ranks.
enum TrainingRuns {
    /// A small network with dropout on the bundled digits: 36 steps an epoch at batch 32.
    static let dropoutRecipe = """
        name: small
        seed: 7
        data: {format: digits, validation: 0.2}
        model:
          input: [8, 8, 1]
          layers:
            - conv2d: {filters: 4, kernel: 3, activation: relu}
            - maxpool2d: 2
            - flatten
            - dense: {units: 24, activation: relu}
            - dropout: 0.25
            - dense: 10
        loss: softmax_cross_entropy
        optimizer: {name: adam, learning_rate: 2e-3}
        batch: 32
        epochs: 2
        parallel: {virtual_shards: 4}
        log: {progress: none, tensorboard: false}
        """

    /// Trains on `ranks` ranks under `folder`; the result is rank 0's.
    static func train(
        _ yaml: String = dropoutRecipe, run: String, in folder: String, ranks: Int = 1, overrides: [String] = [],
        options: TrainingOptions = TrainingOptions(quiet: true)
    ) throws -> TrainingResult {
        let recipe = try Recipe.parse(yaml, source: "test", overrides: overrides + ["run=\(run)", "output=\(folder)"])
        if ranks == 1 { return try Trainer.run(recipe, options: options, on: SingleMemberGroup()) }
        return try ThreadGroup.run(ranks) { group in try Trainer.run(recipe, options: options, on: group) }[0]
    }

    static func weights(_ result: TrainingResult) -> String { result.summary?.weightsSHA256 ?? "none" }

    static func figure(_ metrics: RunSummary.Metrics?, _ name: String) -> Double {
        metrics?.first { $0.name == name }?.value ?? .nan
    }

    /// The lines of a run's ledger or metrics, as text.
    static func lines(_ file: String, run: String, in folder: String) throws -> [String] {
        try readText("\(folder)/\(run)/\(file)").split(separator: "\n").map(String.init)
    }
}
