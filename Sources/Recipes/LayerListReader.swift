import Networks

/// The entries of `model.layers` on their way to a flat list of layers with names.
///
/// Blocks are opened in place. A layer inside is called by its block's name and its own, joined by a dash so that parameters keep names of
/// three parts, `layers.NAME.ROLE`: the first layer of a block that is entry 2 is `2-0`, and its weight `layers.2-0.weight`; the rounds of
/// a `repeat` stand between, `2-1-0` for the first layer of the second round.
struct LayerListReader {
    /// A layer with its place in the recipe, for messages.
    struct Entry {
        var layer: LayerSpec
        /// The name its parameters go by, without the leading `layers.`.
        var name: String
        var path: String
        var origin: Origin
    }

    private(set) var entries: [Entry] = []

    /// More layers than any recipe needs; nested repeats multiply.
    private static let mostLayers = 10_000

    /// The layers as the network takes them: a name only where it differs from the layer's place in the flat list.
    var layers: [NamedLayer] {
        entries.enumerated().map { NamedLayer($1.layer, name: $1.name == "\($0)" ? nil : $1.name) }
    }

    /// - Parameter path: the list's own path, `model.layers`.
    init(_ list: SourceValue, path: String) throws(RecipeError) {
        try read(list, path: path, prefix: "")
        var seen: [String: Entry] = [:]
        for entry in entries {
            if let other = seen.updateValue(entry, forKey: entry.name) {
                throw RecipeError(
                    at: entry.origin, "two layers are called `\(entry.name)`: `\(other.path)` and `\(entry.path)`",
                    remedy: "Rename one of them")
            }
        }
    }

    private mutating func read(_ list: SourceValue, path: String, prefix: String) throws(RecipeError) {
        guard case .list(let elements) = list.content else {
            throw RecipeError(
                at: list.origin, "`\(path)` must be a list of layers, not \(list.spokenKind)", remedy: "Begin each with a dash: - dense: 10"
            )
        }
        guard !elements.isEmpty else {
            throw RecipeError(at: list.origin, "`\(path)` is an empty list", remedy: "Name at least one layer: - dense: 10")
        }
        for (index, element) in elements.enumerated() {
            try read(entry: element, path: "\(path).\(index)", index: index, prefix: prefix)
        }
    }

    private mutating func read(entry: SourceValue, path: String, index: Int, prefix: String) throws(RecipeError) {
        let (kind, value) = try split(entry, path: path)
        guard RecipeSchema.layerNames.contains(kind) else {
            throw unknownName(kind, "layer", among: RecipeSchema.layerNames, at: entry.origin)
        }
        let reader = try SectionReader(
            value, RecipeSchema.section("\(RecipeSchema.layerPath).\(kind)"), path: "\(path).\(kind)", origin: entry.origin)
        let name = prefix + (try ownName(reader) ?? "\(index)")
        switch kind {
        case "sequential":
            try read(try required("layers", reader), path: "\(reader.path).layers", prefix: "\(name)-")
        case "repeat":
            let layers = try required("layers", reader)
            _ = try required("times", reader)
            for round in 0..<(try reader.integer("times", atLeast: 1, atMost: Self.mostLayers) ?? 1) {
                try read(layers, path: "\(reader.path).layers", prefix: "\(name)-\(round)-")
            }
        default:
            entries.append(Entry(layer: try layer(kind, reader), name: name, path: path, origin: entry.origin))
            guard entries.count <= Self.mostLayers else {
                throw RecipeError(at: entry.origin, "the network has more than \(Self.mostLayers) layers")
            }
        }
    }

    /// An entry is the name of a layer, alone or with one value or section.
    private func split(_ entry: SourceValue, path: String) throws(RecipeError) -> (kind: String, value: SourceValue?) {
        switch entry.content {
        case .scalar(let scalar) where scalar.kind == .text: return (scalar.text, nil)
        case .map(let members) where members.count == 1: return (members[0].key, members[0].value)
        case .map(let members) where members.count > 1:
            throw RecipeError(
                at: entry.origin,
                "`\(path)` has \(members.count) keys (\(spoken(members.map(\.key), joint: "and"))), but an entry of the list is one layer",
                remedy: "Put what belongs to \(members[0].key) into braces: - \(members[0].key): {…}")
        default:
            throw RecipeError(at: entry.origin, "`\(path)` must be a layer, not \(entry.spokenKind)", remedy: "For example - dense: 10")
        }
    }

    private func ownName(_ reader: SectionReader) throws(RecipeError) -> String? {
        guard let name = try reader.text("name") else { return nil }
        let allowed = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F || byte == 0x2D
        }
        guard allowed else {
            throw RecipeError(
                at: reader.origin(of: "name"), "`\(reader.path).name` is `\(name)`, but a layer's name is made of letters, digits, _ and -",
                remedy: "Parameters are called by it: layers.NAME.weight")
        }
        return name
    }
}

@discardableResult
func required(_ key: String, _ reader: SectionReader, example: String? = nil) throws(RecipeError) -> SourceValue {
    guard let value = reader.value(key) else {
        throw RecipeError(
            at: reader.origin, "`\(reader.dotted(key))` is missing", remedy: example.map { "For example \($0)" })
    }
    return value
}
