extension RecipeSchema {
    /// The reference of all keys as Markdown: the part of docs/recipes.md between its markers.
    package static var reference: String {
        var text = ""
        for section in sections where !section.path.hasPrefix(layerPath) {
            text += markdown(section, title: section.path.isEmpty ? "Top level" : "`\(section.path)`")
        }
        text +=
            "### Layers\n\nEntries of `model.layers`. Each may also have a `name`; its parameters are then called `layers.NAME.weight` and "
        text += "`layers.NAME.bias`. Without one, a layer is called by its place in the list, from 0.\n\n"
        for section in layerSections { text += markdown(section, title: "`\(section.path.dropFirst(layerPath.count + 1))`") }
        return text
    }

    private static func markdown(_ section: RecipeSection, title: String) -> String {
        let isLayer = section.path.hasPrefix(layerPath)
        var text = "\(isLayer ? "####" : "###") \(title)\n\n\(section.about)"
        if let shorthand = section.shorthand { text += " A lone value stands for `\(shorthand)`." }
        text += "\n\n"
        let keys = section.keys.filter { !(isLayer && $0.name == "name") }
        guard !keys.isEmpty else { return text }
        text += "| key | value | default | meaning |\n|---|---|---|---|\n"
        for key in keys {
            let only = key.only.isEmpty ? "" : " (\(spoken(key.only, joint: "and")) only)"
            text += "| `\(key.name)` | \(key.type) | \(key.fallback.isEmpty ? "–" : key.fallback) | \(key.meaning)\(only) |\n"
        }
        return text + "\n"
    }
}
