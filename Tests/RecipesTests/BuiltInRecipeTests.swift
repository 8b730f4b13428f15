import DataPipeline
import Networks
import Optimizers
import Quality
import Recipes
import Testing

@Suite struct BuiltInRecipeTests {
    @Test(arguments: Recipe.builtIns.map(\.name))
    func eachOneIsARecipeByItsOwnName(name: String) throws {
        let recipe = try Recipe.load(name)
        #expect(recipe.name == name)
        #expect(recipe.source == "recipe \(name)")
        #expect(recipe.quality.earlyStopping != nil)
        #expect(recipe.data.hasValidation)
    }

    @Test func theDefaultIsFirst() {
        #expect(
            Recipe.builtIns.map(\.name) == [
                "digits", "mnist-cnn", "mnist-mlp", "binary-classifier", "softmax-small", "regression", "resnet18", "char-lstm", "gpt-mini",
                "gpt2",
            ])
        #expect(Set(Recipe.builtIns.map(\.summary)).count == Recipe.builtIns.count)
    }

    @Test func mnistCNN() throws {
        let recipe = try Recipe.load("mnist-cnn")
        #expect(recipe.network.input == [28, 28, 1])
        #expect(
            recipe.network.layers.map(\.spec) == [
                .conv2d(filters: 32, kernel: 3, activation: .relu), .maxPool2d(size: 2, stride: 2), .flatten,
                .dense(units: 64, activation: .relu),
                .dense(units: 10),
            ])
        #expect(recipe.optimizer == OptimizerSpec(.adam(), learningRate: 1e-3))
        #expect(recipe.epochs == 5 && recipe.seed == 42)
        #expect(recipe.data == DataSpec(format: .idx, path: "data/mnist"))
        #expect(recipe.task == .classification(classes: 10))
        #expect(recipe.checkpoint.everySteps == 500 && recipe.checkpoint.keep == 3)
    }

    @Test func theOthers() throws {
        #expect(try Recipe.load("digits").task == .classification(classes: 10))
        #expect(try Recipe.load("digits").data.format == .digits)
        #expect(
            try Recipe.load("mnist-mlp").network.layers.map(\.spec) == [
                .flatten, .dense(units: 64, activation: .relu), .dense(units: 64, activation: .relu), .dense(units: 10),
            ])
        let binary = try Recipe.load("binary-classifier")
        #expect(binary.network.input == [1000] && binary.task == .binary && binary.loss == .binaryCrossEntropy)
        #expect(
            binary.network.layers.map(\.spec) == [
                .dense(units: 10, activation: .relu), .dense(units: 10, activation: .relu), .dense(units: 1), .activation(.sigmoid),
            ])
        let softmax = try Recipe.load("softmax-small")
        #expect(softmax.network.input == [3] && softmax.task == .classification(classes: 2))
        #expect(softmax.network.layers.map(\.spec) == [.dense(units: 10, activation: .relu), .dense(units: 2)])
        #expect(try Recipe.load("regression").task == .regression(width: 1))
    }

    /// The larger networks are those of the comparison with PyTorch, but for dropout and the width of first values.
    @Test func theNetworksOfTheZoo() throws {
        for (recipe, workload) in [("resnet18", "resnet18"), ("gpt-mini", "gpt-mini"), ("gpt2", "gpt2"), ("char-lstm", "lstm")] {
            let recipe = try Recipe.load(recipe)
            let ours = try Network.build(recipe.network)
            let theirs = try Network.build(try #require(Zoo.network(named: workload)))
            #expect(ours.parameters.map(\.fileShape) == theirs.parameters.map(\.fileShape), "\(workload)")
            #expect(ours.layout.trainableCount == theirs.layout.trainableCount)
        }
        #expect(try Recipe.load("resnet18").task == .classification(classes: 10))
        #expect(try Recipe.load("gpt-mini").task == .tokens(vocabulary: 65, length: 256))
        #expect(try Recipe.load("gpt-mini").data.format == .text)
        #expect(try Recipe.load("char-lstm").task == .tokens(vocabulary: 65, length: 256))
        let gpt2 = try Recipe.load("gpt2")
        #expect(gpt2.task == .tokens(vocabulary: 50257, length: 256) && gpt2.precision.rawValue == "bf16")
        #expect(gpt2.data.format == .synthetic)
    }
}
