import Recipes
import TestSupport
import Testing

@Suite struct RecipeFileTests {
    private func refusalOf(_ path: String, _ overrides: String...) -> String {
        do {
            _ = try Recipe.load(path, overrides: overrides)
        } catch {
            return error.description
        }
        return ""
    }

    @Test func fromAFile() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/my-digits.yaml"
            try writeText(smallest, to: path)
            let recipe = try Recipe.load(path, overrides: ["batch=8"])
            #expect(recipe.name == "my-digits")
            #expect(recipe.source == path)
            #expect(recipe.batch == 8)
        }
    }

    @Test func errorsNameFileAndLine() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/a.yaml"
            try writeText(smallest(and: "# a comment\n\nbacth: 3\n"), to: path)
            #expect(refusalOf(path) == "\(path):9: unknown key `bacth`: did you mean `batch`?")
            try writeText(smallest(and: "batch: 3\noutput: [x"), to: path)
            #expect(refusalOf(path).hasPrefix("\(path):9: this is not YAML: while parsing a flow sequence (line 8)"))
        }
    }

    @Test func noSuchRecipe() {
        let names = "digits, mnist-cnn, mnist-mlp, binary-classifier, softmax-small, regression, resnet18, char-lstm, gpt-mini and gpt2"
        #expect(refusalOf("digit") == "there is no recipe `digit`: did you mean `digits`? Built in are \(names)")
        #expect(refusalOf("zebra") == "there is no recipe `zebra`. Built in are \(names)")
        #expect(
            refusalOf("recipes/mnist-cn.yaml")
                == "there is no recipe file at `recipes/mnist-cn.yaml`: did you mean `mnist-cnn`? Built in are \(names)")
    }

    @Test func notAFile() throws {
        try withTemporaryDirectory { folder in
            #expect(refusalOf(folder) == "`\(folder)` is a folder, not a recipe file. A run's recipe is its recipe.yaml")
        }
    }

    @Test func notText() throws {
        try withTemporaryDirectory { folder in
            let path = folder + "/x.yaml"
            try #require(try runProcess(["sh", "-c", "printf '\\377\\376' > \(path)"]).status == 0)
            #expect(refusalOf(path) == "\(path): the recipe is not UTF-8 text")
        }
    }
}
