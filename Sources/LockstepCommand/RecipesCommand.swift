import ArgumentParser
import Recipes
import Training

struct RecipesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipes", abstract: "Lists the built-in recipes, or prints one as a file to start from.")

    @Argument(help: "The name of a built-in recipe.") var name: String?

    func run() throws {
        guard let name else {
            let width = Recipe.builtIns.map(\.name.count).max() ?? 0
            for recipe in Recipe.builtIns {
                print("\(recipe.name)\(String(repeating: " ", count: width - recipe.name.count))  \(recipe.summary)")
            }
            return
        }
        guard let recipe = Recipe.builtIns.first(where: { $0.name == name }) else {
            let names = Recipe.builtIns.map(\.name)
            let nearest = nearestName(to: name, among: names).map { " Did you mean \($0)?" } ?? ""
            throw UsageError("There is no built-in recipe \"\(name)\".\(nearest)", remedy: "Built in: \(names.joined(separator: ", ")).")
        }
        print(recipe.yaml)
    }
}
