import Recipes
import Testing

@Suite struct NearestNameTests {
    @Test(arguments: [
        ("", "", 0), ("batch", "batch", 0), ("", "abc", 3), ("abc", "", 3), ("batchh", "batch", 1), ("bacth", "batch", 1),
        ("kitten", "sitting", 3),
        ("epoch", "epochs", 1), ("ca", "abc", 3), ("größe", "grösse", 2),
    ])
    func distances(a: String, b: String, expected: Int) {
        #expect(editDistance(a, b) == expected)
        #expect(editDistance(b, a) == expected)
    }

    @Test func nearestIsTheFirstOfTheNearest() {
        #expect(nearestName(to: "adm", among: ["sgd", "adam", "adamw"]) == "adam")
        #expect(nearestName(to: "ADAMW", among: ["sgd", "adam", "adamw"]) == "adamw")
        #expect(nearestName(to: "aa", among: ["ab", "ac"]) == "ab")
    }

    @Test func nothingIsBetterThanAWildGuess() {
        #expect(nearestName(to: "zebra", among: ["sgd", "adam", "rmsprop"]) == nil)
        #expect(nearestName(to: "x", among: ["learning_rate"]) == nil)
        #expect(nearestName(to: "adam", among: []) == nil)
    }

    @Test func beginningsCount() {
        #expect(nearestName(to: "val", among: ["data", "validation"]) == "validation")
        #expect(nearestName(to: "va", among: ["data", "validation"]) == nil)
    }
}
