import Formats
import Graphs
import Kernels
import Networks
import Recipes

/// `lockstep train RECIPE --summary`: the layer table, or the parameters as JSON.
package struct ModelTable {
    package let text: String
    package let json: JSONValue

    package init(recipe: Recipe) throws {
        let kernels = FloatKernels(try InstructionSet.effective())
        let model = try Network.build(recipe.network)
        let program = Program.compile(model, capacity: recipe.batch, mode: .training, kernels: kernels)
        text = Network.summary(model, program: program).table
        let parameters = model.layout.modelOrder.map { entry -> JSONValue in
            .object(["name": .string(entry.name), "shape": .array(entry.fileShape.map { .integer($0) })])
        }
        json = .object(["parameters": .array(parameters)])
    }
}
