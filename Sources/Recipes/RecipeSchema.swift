/// One key of a recipe, as the reader checks it and docs/recipes.md prints it.
package struct RecipeKey: Sendable, Equatable {
    package let name: String
    /// What may be written, in words: `whole number`, `sgd, adam or adamw`.
    package let type: String
    /// The value without the key, as YAML; empty where there is none.
    package let fallback: String
    /// The variants of the section that know this key (`momentum` is for sgd and rmsprop); empty for all of them.
    package let only: [String]
    package let meaning: String

    package init(_ name: String, _ type: String, _ fallback: String, only: [String] = [], _ meaning: String) {
        self.name = name
        self.type = type
        self.fallback = fallback
        self.only = only
        self.meaning = meaning
    }
}

/// A section of a recipe or a kind of layer: the keys it knows.
package struct RecipeSection: Sendable, Equatable {
    /// Dotted; "" for the recipe itself. Layers stand under `model.layers.N`.
    package let path: String
    package let about: String
    /// The key that a lone value stands for: `optimizer: adam` is `optimizer: {name: adam}`.
    package let shorthand: String?
    /// The key that chooses the variant of the section (`name`, `format`), where there are variants.
    package let variant: String?
    package let keys: [RecipeKey]

    package init(_ path: String, about: String, shorthand: String? = nil, variant: String? = nil, keys: [RecipeKey]) {
        self.path = path
        self.about = about
        self.shorthand = shorthand
        self.variant = variant
        self.keys = keys
    }

    package func key(_ name: String) -> RecipeKey? { keys.first { $0.name == name } }

    /// The dotted path of a key of this section.
    package func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}

/// Every key that a recipe may hold. The reader takes its valid keys from here and nowhere else, so that the reference in docs/recipes.md,
/// which a test compares with this table, cannot say anything but what the program does.
package enum RecipeSchema {
    package static let sections: [RecipeSection] = runSections + dataSections + trainingSections + qualitySections + layerSections

    static let layerPath = "model.layers.N"

    /// The section with this path; a programmer error where there is none.
    static func section(_ path: String) -> RecipeSection {
        guard let section = sections.first(where: { $0.path == path }) else {
            preconditionFailure("no section `\(path)` in the recipe schema")
        }
        return section
    }

    /// The section that a path of a real recipe leads to: `model.layers.3.dense` (also inside blocks) leads to the layer `dense`.
    static func section(at segments: ArraySlice<String>) -> RecipeSection? {
        let path = segments.joined(separator: ".")
        if segments.starts(with: ["model", "layers"]) {
            guard segments.count >= 4, let last = segments.last else { return nil }
            return layerSections.first { $0.path == "\(layerPath).\(last)" }
        }
        return sections.first { $0.path == path }
    }

    /// The names of all kinds of layers, in the order of the reference.
    static var layerNames: [String] { layerSections.map { String($0.path.dropFirst(layerPath.count + 1)) } }

    // MARK: - Suggestions

    /// Words of other programs for keys of this one.
    private static let otherWords: [String: String] = [
        "lr": "optimizer.learning_rate", "batch_size": "batch", "num_epochs": "epochs", "max_epochs": "epochs", "max_steps": "steps",
        "num_steps": "steps", "random_seed": "seed", "scheduler": "schedule", "optim": "optimizer", "criterion": "loss",
        "dataset": "data", "network": "model", "clip_grad_norm": "optimizer.clip_norm", "max_grad_norm": "optimizer.clip_norm",
        "grad_clip": "optimizer.clip_norm", "early_stopping": "quality.early_stopping", "dtype": "precision", "betas": "optimizer.beta1",
        "validation_split": "data.validation", "out_features": "units", "out_channels": "filters", "kernel_size": "kernel", "p": "rate",
    ]

    /// The dotted key that an unknown one most likely meant: one of its own section, else a key of that name elsewhere.
    static func suggestion(for key: String, in section: RecipeSection) -> String? {
        if let near = nearestName(to: key, among: section.keys.map(\.name)) { return section.path(of: near) }
        let lowered = key.lowercased()
        if let meant = otherWords[lowered] {
            if section.key(meant) != nil { return section.path(of: meant) }
            if meant.contains(".") || Self.section("").key(meant) != nil { return meant }
        }
        // Keys of layers are of no use elsewhere, and a layer wants no keys of the recipe; `name` is everywhere and helps nobody.
        guard !section.path.hasPrefix(layerPath) else { return nil }
        let homes = sections.filter { !$0.path.hasPrefix(layerPath) && $0.key(lowered) != nil }
        return homes.count == 1 ? homes[0].path(of: lowered) : nil
    }
}
