import Foundation
import TestSupport
import Testing

/// A built-in recipe made small by overrides: the same layers in the same order, fewer and narrower.
enum ScaledRecipe {
    static let charLSTM = text + ["model.layers.1.lstm=16", "model.layers.3.lstm=16", "model.layers.5.dense=28"]
    static let gptMini = text + blocks
    static let gpt2 = made + embedding(vocabulary: 64) + blocks
    static let resnet18 = made + ["model.input=[8,8,3]", "model.layers.3.repeat.times=1"]

    private static let blocks = ["model.layers.1.repeat.times=1", "model.layers.1.repeat.layers.0.transformer.heads=2"]
    private static let made = ["data.samples=20", "data.test_samples=4"]

    /// The text of ``Workshop/trainBuiltIn(_:_:)``: 26 letters, the space and the stop.
    private static let text = ["data.path=text.txt", "data.length=16"] + embedding(vocabulary: 28)

    private static func embedding(vocabulary: Int) -> [String] {
        ["model.input=[16]", "model.layers.0.embedding.width=16", "model.layers.0.embedding.vocabulary=\(vocabulary)"]
    }
}

extension Workshop {
    /// Trains three steps of a built-in recipe in this folder, beside a small text.
    func trainBuiltIn(_ name: String, _ overrides: [String]) throws -> RunFolder {
        try writeText(String(repeating: "the quick brown fox jumps over the lazy dog. ", count: 40), to: folder + "/text.txt")
        let result = try runProcess(
            [lockstep, "train", name] + overrides + ["batch=4", "steps=3", "output=runs", "run=\(name)", "log.tensorboard=false"],
            workingDirectory: folder, deadline: 120)
        try #require(result.status == 0, "\(result)")
        return directory(name)
    }
}

extension MultiRankTests {
    /// The larger built-in recipes train from the command line: their keys, layers, data, optimiser and schedule go together.
    @Suite struct ScaledRecipes {
        @Test(arguments: [
            ("resnet18", ScaledRecipe.resnet18), ("char-lstm", ScaledRecipe.charLSTM), ("gpt-mini", ScaledRecipe.gptMini),
            ("gpt2", ScaledRecipe.gpt2),
        ])
        func aFewStepsAreTrained(name: String, overrides: [String]) throws {
            try Workshop.open { shop in
                let run = try shop.trainBuiltIn(name, overrides)
                let summary = try run.json("summary.json")
                #expect(summary["steps"] as? Int == 3)
                let losses = try run.losses()
                #expect(losses.count == 3 && losses.values.allSatisfy { $0 > 0 && $0.isFinite }, "\(losses)")
                #expect(Set(losses.values).count == 3, "weights do not move: \(losses)")
                #expect(run.has("model.safetensors") && run.checkpoints().contains(3))
                let recipe = try readText(run.path + "/recipe.yaml")
                #expect(recipe.contains("precision: \(name == "gpt2" ? "bf16" : "fp32")"))
            }
        }
    }
}
