import Networks

/// The entries of `model.layers` on their way to a list of layers with names.
///
/// `sequential` and `repeat` are opened in place. A layer inside is called by its block's name and its own, with a dot between, as PyTorch
/// does: the first layer of a block that is entry 2 is `2.0`, and its weight `layers.2.0.weight`; the rounds of a `repeat` stand between,
/// `2.1.0` for the first layer of the second round. Blocks that compute something (`residual`) stay in the list and hold lists of their
/// own, whose layers are called in the same way.
struct LayerListReader {
    /// Where a layer stands in the recipe, for messages.
    struct Place {
        /// The name its parameters go by, without the leading `layers.`.
        var name: String
        var path: String
        var origin: Origin
    }

    /// Every layer, those in blocks too.
    private(set) var places: [Place] = []
    /// The layers as the network takes them: a name only where it differs from the layer's place in its list.
    private(set) var layers: [NamedLayer] = []

    /// More layers than any recipe needs; nested repeats multiply.
    private static let mostLayers = 10_000

    /// - Parameter path: the list's own path, `model.layers`.
    init(_ list: SourceValue, path: String) throws(RecipeError) {
        layers = try read(list, path: path, scope: "")
        var seen: [String: Place] = [:]
        for place in places {
            if let other = seen.updateValue(place, forKey: place.name) {
                throw RecipeError(
                    at: place.origin, "two layers are called `\(place.name)`: `\(other.path)` and `\(place.path)`",
                    remedy: "Rename one of them")
            }
        }
    }

    /// The place of the layer that a network's error names, or of the block that it was made for.
    func place(of layer: String?) -> Origin? {
        guard let layer, let end = layer.firstIndex(of: " ") else { return nil }
        var name = layer[..<end].dropFirst("layers.".count)
        while !name.isEmpty {
            if let place = places.first(where: { $0.name == name }) { return place.origin }
            name = name.lastIndex(of: ".").map { name[..<$0] } ?? ""
        }
        return nil
    }

    /// The layers of one list.
    /// - Parameter scope: what stands before their names: nothing, or the name of the block and a dot.
    private mutating func read(_ list: SourceValue, path: String, scope: String) throws(RecipeError) -> [NamedLayer] {
        var opened: [NamedLayer] = []
        try open(list, path: path, scope: scope, prefix: "", into: &opened)
        for index in opened.indices where opened[index].name == "\(index)" { opened[index].name = nil }
        return opened
    }

    private mutating func open(
        _ list: SourceValue, path: String, scope: String, prefix: String, into opened: inout [NamedLayer]
    ) throws(RecipeError) {
        guard case .list(let elements) = list.content else {
            throw RecipeError(
                at: list.origin, "`\(path)` must be a list of layers, not \(list.spokenKind)", remedy: "Begin each with a dash: - dense: 10"
            )
        }
        guard !elements.isEmpty else {
            throw RecipeError(at: list.origin, "`\(path)` is an empty list", remedy: "Name at least one layer: - dense: 10")
        }
        for (index, element) in elements.enumerated() {
            try open(entry: element, path: "\(path).\(index)", index: index, scope: scope, prefix: prefix, into: &opened)
        }
    }

    private mutating func open(
        entry: SourceValue, path: String, index: Int, scope: String, prefix: String, into opened: inout [NamedLayer]
    ) throws(RecipeError) {
        let (kind, value) = try split(entry, path: path)
        guard RecipeSchema.layerNames.contains(kind) else {
            throw unknownName(kind, "layer", among: RecipeSchema.layerNames, at: entry.origin)
        }
        let reader = try SectionReader(
            value, RecipeSchema.section("\(RecipeSchema.layerPath).\(kind)"), path: "\(path).\(kind)", origin: entry.origin)
        let name = prefix + (try ownName(reader) ?? "\(index)")
        switch kind {
        case "sequential":
            try open(
                try required("layers", reader), path: "\(reader.path).layers", scope: scope, prefix: "\(name).", into: &opened)
        case "repeat":
            let layers = try required("layers", reader)
            _ = try required("times", reader)
            for round in 0..<(try reader.integer("times", atLeast: 1, atMost: Self.mostLayers) ?? 1) {
                try open(layers, path: "\(reader.path).layers", scope: scope, prefix: "\(name).\(round).", into: &opened)
            }
        default:
            places.append(Place(name: scope + name, path: path, origin: entry.origin))
            guard places.count <= Self.mostLayers else {
                throw RecipeError(at: entry.origin, "the network has more than \(Self.mostLayers) layers")
            }
            let spec = kind == "residual" ? try residual(reader, scope: "\(scope)\(name).") : try layer(kind, reader)
            opened.append(NamedLayer(spec, name: name))
        }
    }

    private mutating func residual(_ reader: SectionReader, scope: String) throws(RecipeError) -> LayerSpec {
        let layers = try read(try required("layers", reader), path: "\(reader.path).layers", scope: scope)
        var shortcut: [NamedLayer] = []
        if let list = reader.value("shortcut"), list.content != .list([]) {
            shortcut = try read(list, path: "\(reader.path).shortcut", scope: "\(scope)shortcut.")
        }
        return .residual(layers: layers, shortcut: shortcut, activation: try activation(reader))
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
        // Dots stand in the names of a recipe that has been written out, with its blocks opened.
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let allowed = parts.allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
                        || byte == 0x2D
                }
        }
        guard allowed else {
            throw RecipeError(
                at: reader.origin(of: "name"),
                "`\(reader.path).name` is `\(name)`, but a layer's name is made of letters, digits, _ and -, with single dots between them",
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
