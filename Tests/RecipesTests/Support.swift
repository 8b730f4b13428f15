import Recipes
import Testing

/// The smallest recipe that runs: everything else is defaults.
let smallest = """
    model:
      input: [64]
      layers:
        - dense: 10
    loss: softmax_cross_entropy
    epochs: 1
    """

/// What a recipe that must be refused says.
func refusal(_ yaml: String, _ overrides: String..., sourceLocation: SourceLocation = #_sourceLocation) -> String {
    do {
        _ = try Recipe.parse(yaml, source: "test", overrides: overrides)
    } catch {
        return error.description
    }
    Issue.record("the recipe was taken, though it should have been refused", sourceLocation: sourceLocation)
    return ""
}

/// The smallest recipe with lines added.
func smallest(and lines: String) -> String { smallest + "\n" + lines }

/// A recipe with these layers and an input of the given shape.
func recipe(input: String = "[8, 8, 3]", layers: String, loss: String = "softmax_cross_entropy") -> String {
    "model:\n  input: \(input)\n  layers:\n"
        + layers.split(separator: "\n").map { "    \($0)\n" }.joined() + "loss: \(loss)\nepochs: 1\n"
}
