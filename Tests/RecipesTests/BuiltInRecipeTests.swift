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
        #expect(recipe.batch == 32)
        #expect(recipe.quality.earlyStopping != nil)
        #expect(recipe.data.validation == 0.2)
    }

    @Test func theDefaultIsFirst() {
        #expect(Recipe.builtIns.map(\.name) == ["digits", "mnist-cnn", "mnist-mlp", "binary-classifier", "softmax-small", "regression"])
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
}
