import DataPipeline
import Networks
import Optimizers
import Recipes
import Testing

@Suite struct RecipeOverrideTests {
    private func parse(_ overrides: String..., yaml: String = smallest) throws -> Recipe { try Recipe.parse(yaml, overrides: overrides) }

    @Test func plainKeys() throws {
        let recipe = try parse("batch=64", "epochs=3", "seed=18446744073709551615", "name=try", "output=/tmp/x y", "run=007")
        #expect(recipe.batch == 64)
        #expect(recipe.epochs == 3)
        #expect(recipe.seed == .max)
        #expect(recipe.name == "try")
        #expect(recipe.output == "/tmp/x y")
        #expect(recipe.run == "007")
    }

    @Test func theLastOneWins() throws {
        #expect(try parse("batch=64", "batch=16").batch == 16)
    }

    @Test func dashesAsManyTypeThem() throws {
        let recipe = try parse("--optimizer.learning-rate=2e-2", "--checkpoint.every-steps=5")
        #expect(recipe.optimizer.learningRate == 0.02)
        #expect(recipe.checkpoint.everySteps == 5)
    }

    @Test func numbersAreYAMLOnes() throws {
        #expect(try parse("steps=1e5").steps == 100_000)
        #expect(try parse("optimizer.learning_rate=1").optimizer.learningRate == 1)
        #expect(try parse("optimizer.learning_rate=.5").optimizer.learningRate == 0.5)
    }

    @Test func nullIsTheDefault() throws {
        #expect(try parse("batch=null").batch == 32)
        #expect(try parse("epochs=", "steps=7").epochs == nil)
        #expect(try parse("optimizer=null").optimizer == OptimizerSpec(.adam()))
    }

    @Test func sectionsAndLists() throws {
        let recipe = try parse(
            "model.input=[32]", "optimizer={name: sgd, momentum: 0.9}", "data={format: synthetic, samples: 10}", "parallel={}")
        #expect(recipe.network.input == [32])
        #expect(recipe.optimizer.kind == .sgd(momentum: 0.9))
        #expect(recipe.data.format == .synthetic)
        #expect(recipe.data.samples == 10)
    }

    @Test func shortFormsOpen() throws {
        #expect(
            try parse("optimizer.learning_rate=0.5", yaml: smallest(and: "optimizer: adamw")).optimizer
                == OptimizerSpec(.adamw(), learningRate: 0.5))
        #expect(try parse("data.validation=0", yaml: smallest(and: "data: digits")).data.validation == 0)
        #expect(try parse("init.from=w.safetensors").initFrom == "w.safetensors")
        #expect(try parse("init=w.safetensors").initFrom == "w.safetensors")
    }

    @Test func layersByNumber() throws {
        #expect(try parse("model.layers.0.dense.units=7").network.layers == [NamedLayer(.dense(units: 7))])
        #expect(try parse("model.layers.0.dense=7").network.layers == [NamedLayer(.dense(units: 7))])
        #expect(try parse("model.layers.0={dense: 7}").network.layers == [NamedLayer(.dense(units: 7))])
        #expect(try parse("model.layers.0.dense.activation=tanh").network.layers == [NamedLayer(.dense(units: 10, activation: .tanh))])
        let yaml = recipe(layers: "- conv2d: 4\n- gelu\n- flatten\n- sequential:\n    - dense: 5\n    - dense: 2")
        let layers = try parse("model.layers.1.gelu.approximate=tanh", "model.layers.3.sequential.layers.0.dense.units=6", yaml: yaml)
            .network.layers
        #expect(try parse("model.layers.3.sequential.0.dense=6", yaml: yaml).network.layers[3].spec == .dense(units: 6))
        #expect(layers[1].spec == .activation(.geluTanh))
        #expect(layers[3].spec == .dense(units: 6))
    }

    @Test func refusals() {
        #expect(
            refusal(smallest, "epochs")
                == "override epochs: an override is written key=value. For example batch=64 or optimizer.learning_rate=1e-2")
        #expect(
            refusal(smallest, "=3") == "override =3: an override is written key=value. For example batch=64 or optimizer.learning_rate=1e-2"
        )
        #expect(refusal(smallest, "a..b=3") == "override a..b=3: `a..b` is not a dotted key: a part between its dots is empty")
        #expect(refusal(smallest, "epochs.x=3") == "override epochs.x=3: `epochs` is a single value, it has no key `x`")
        #expect(
            refusal(smallest, "model.layers.1.dense=3")
                == "override model.layers.1.dense=3: `model.layers` has 1 entries, 0 to 0; there is no entry 1")
        #expect(
            refusal(smallest, "model.layers.first=3")
                == "override model.layers.first=3: `model.layers` is a list: its entries go by number, not `first`. The first one is "
                + "`model.layers.0`"
        )
    }
}
