import Collectives
import DataPipeline
import Inference
import Kernels
import Quality
import Recipes
import TestSupport
import Testing
import Training

/// What a run says of its weights, what `evaluate` says afterwards, and what a plain loop says are one.
@Suite(.serialized) struct EvaluationTests {
    @Test(arguments: ["digits", "binary-classifier", "softmax-small", "regression"])
    func aSavedRunEvaluatesToItsOwnFigures(name: String) throws {
        try withTemporaryDirectory { folder in
            let recipe = try Recipe.load(name, overrides: ["epochs=2", "run=a", "output=\(folder)", "log.progress=none"])
            let result = try Trainer.run(recipe, options: TrainingOptions(quiet: true), on: SingleMemberGroup())
            let expected = try #require(result.summary?.test)
            #expect(!expected.isEmpty)
            for ranks in [1, 3] {
                let values = try ThreadGroup.run(ranks) { group -> [Double] in
                    let saved = try SavedModel.load("\(folder)/a")
                    let data = try loadData(
                        saved.recipe.data, task: saved.recipe.task, inputShape: saved.recipe.network.input, seed: saved.recipe.seed)
                    let evaluator = Evaluator(
                        model: saved.model, kind: saved.recipe.metricKind, kernels: FloatKernels(try InstructionSet.effective()),
                        precision: saved.recipe.precision)
                    guard let test = data.test else { return [] }
                    return try evaluator.evaluate(test, parameters: saved.parameters, on: group).values().map(\.value)
                }
                for rank in values { #expect(rank == expected.map(\.value), "\(name) on \(ranks) ranks") }
            }
        }
    }

    /// Blocks are weighted by their rows: a learnable regression must not come out with an r² of nothing.
    @Test func aRegressionIsJudgedOverAllBlocks() throws {
        try withTemporaryDirectory { folder in
            let recipe = try Recipe.load("regression", overrides: ["run=a", "output=\(folder)", "log.progress=none"])
            let result = try Trainer.run(recipe, options: TrainingOptions(quiet: true), on: SingleMemberGroup())
            let r2 = TrainingRuns.figure(result.summary?.test, "r2")
            let mse = TrainingRuns.figure(result.summary?.test, "mse")
            let loaded = try loadData(recipe.data, task: recipe.task, inputShape: recipe.network.input, seed: recipe.seed)
            let test = try #require(loaded.test)
            let targets = (0..<test.count).map { Double(test.target(of: $0, column: 0)) }
            let mean = targets.reduce(0, +) / Double(targets.count)
            let variance = targets.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(targets.count)
            #expect(abs(r2 - (1 - mse / variance)) < 1e-6, "r² \(r2), mse \(mse), variance \(variance)")
            #expect(r2 > 0.5)
        }
    }
}
