import Foundation
import Recipes
import TestSupport
import Testing

@Suite struct RecipeSchemaTests {
    private static let begin = "<!-- keys: written by the test RecipeSchemaTests, see there -->\n"
    private static let end = "<!-- end of keys -->"

    /// The reference in docs/recipes.md is the schema's own. To write it anew after a change of the schema, run this test with
    /// LOCKSTEP_WRITE_DOCS=1 in the environment.
    @Test func theReferenceIsUpToDate() throws {
        let path = Locations.repositoryRoot + "/docs/recipes.md"
        var text = try readText(path)
        let start = try #require(text.range(of: Self.begin), "docs/recipes.md has lost the marker of its reference")
        let end = try #require(text.range(of: Self.end), "docs/recipes.md has lost the marker of its reference's end")
        if ProcessInfo.processInfo.environment["LOCKSTEP_WRITE_DOCS"] == "1" {
            text.replaceSubrange(start.upperBound..<end.lowerBound, with: RecipeSchema.reference)
            try writeText(text, to: path)
        } else {
            #expect(text[start.upperBound..<end.lowerBound] == RecipeSchema.reference, "run the tests once with LOCKSTEP_WRITE_DOCS=1")
        }
    }

    /// Writing a default out changes nothing: what the reference calls the default is what holds without the key.
    @Test func writtenDefaultsAreTheDefaults() throws {
        var checked = 0
        for section in RecipeSchema.sections where !section.path.contains(".N") {
            for key in section.keys where !key.fallback.isEmpty {
                for (variant, value) in Self.defaults(key) {
                    let path = section.path(of: key.name)
                    var base = Self.setting(section.path, variant)
                    if path.hasPrefix("quality.early_stopping") { base.append("quality.early_stopping={}") }
                    let without = try Recipe.parse(smallest, overrides: base)
                    let with = try Recipe.parse(smallest, overrides: base + ["\(path)=\(value)"])
                    #expect(with == without, "\(path)=\(value) (\(variant))")
                    checked += 1
                }
            }
        }
        #expect(checked > 60)
    }

    /// Every key of the schema is read: a value of the wrong kind under it is refused in its name.
    @Test func everyKeyIsRead() throws {
        for section in RecipeSchema.sections where !section.path.contains(".N") {
            for key in section.keys {
                for variant in key.only.isEmpty ? [""] : key.only {
                    let path = section.path(of: key.name)
                    let overrides = Self.setting(section.path, variant) + ["\(path)={zebra: [{}]}"]
                    var message = ""
                    do { _ = try Recipe.parse(smallest, overrides: overrides) } catch { message = error.description }
                    #expect(message.contains(path), "\(path): \(message)")
                }
            }
        }
    }

    /// Overrides that choose a variant of a section with what it must be given.
    private static func setting(_ section: String, _ variant: String) -> [String] {
        switch (section, variant) {
        case (_, ""): []
        case ("data", "idx"), ("data", "csv"), ("data", "npy"), ("data.split", _): ["data={format: \(variant), path: x}"]
        case ("data", _): ["data={format: \(variant)}"]
        case ("schedule", "step"): ["schedule={name: step, every: 1}"]
        default: ["\(section)={name: \(variant)}"]
        }
    }

    /// The default of a key for each variant of its section that it is stated for (`0; 0.01 for adamw`); none where words describe it.
    private static func defaults(_ key: RecipeKey) -> [(variant: String, value: String)] {
        let parts = key.fallback.components(separatedBy: "; ")
        let exceptions = parts.dropFirst().flatMap { part in
            let words = part.components(separatedBy: " for ")
            return words[1].components(separatedBy: " and ").map { (variant: $0, value: words[0]) }
        }
        guard !["the ", "what ", "generated"].contains(where: { parts[0].hasPrefix($0) }) else { return exceptions }
        let others = key.only.isEmpty ? [""] : key.only.filter { name in !exceptions.contains { $0.variant == name } }
        return others.map { ($0, parts[0]) } + exceptions
    }
}
