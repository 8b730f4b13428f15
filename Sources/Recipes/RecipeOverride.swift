/// One `key=value` of the command line: `batch=64`, `optimizer.learning_rate=1e-2`, `model.layers.3.dense.units=32`, `model.input=[8]`.
/// `--key=value` means the same, and `-` in a key is as good as `_`. The value is YAML: numbers, words, quoted text, lists, sections, null.
struct RecipeOverride: Sendable {
    let argument: String
    let segments: [String]
    let value: SourceValue

    init(_ argument: String) throws(RecipeError) {
        self.argument = argument
        let origin = Origin.override(argument)
        let body = argument.hasPrefix("--") ? argument.dropFirst(2) : argument[...]
        guard let equals = body.firstIndex(of: "="), equals != body.startIndex else {
            throw RecipeError(
                at: origin, "an override is written key=value", remedy: "For example batch=64 or optimizer.learning_rate=1e-2")
        }
        let path = body[..<equals].replacing("-", with: "_")
        let segments = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !segments.contains("") else {
            throw RecipeError(at: origin, "`\(path)` is not a dotted key: a part between its dots is empty")
        }
        self.segments = segments
        self.value = try SourceValue.parse(override: argument, value: String(body[body.index(after: equals)...]))
    }

    /// The recipe with this value in its place. Sections on the way that are not there yet are made;
    /// whether the key exists at all is found when the tree gets its types.
    func applied(to tree: SourceValue) throws(RecipeError) -> SourceValue {
        try set(tree, depth: 0)
    }

    private var origin: Origin { .override(argument) }

    private func set(_ current: SourceValue?, depth: Int) throws(RecipeError) -> SourceValue {
        guard depth < segments.count else { return value }
        let segment = segments[depth]
        guard let current, !current.isNull else {
            return SourceValue(.map([.init(key: segment, origin: origin, value: try set(nil, depth: depth + 1))]), origin)
        }
        switch current.content {
        case .map(var members):
            if let index = members.firstIndex(where: { $0.key == segment }) {
                members[index].value = try set(members[index].value, depth: depth + 1)
                members[index].origin = origin
            } else {
                members.append(.init(key: segment, origin: origin, value: try set(nil, depth: depth + 1)))
            }
            return SourceValue(.map(members), current.origin)
        case .list(var elements):
            let path = segments[..<depth].joined(separator: ".")
            guard let index = Int(segment) else {
                // A block in its short form is nothing but the list of its layers.
                if RecipeSchema.section(at: segments[..<depth])?.shorthand == segment {
                    let member = SourceValue.Member(key: segment, origin: origin, value: try set(current, depth: depth + 1))
                    return SourceValue(.map([member]), current.origin)
                }
                throw RecipeError(
                    at: origin, "`\(path)` is a list: its entries go by number, not `\(segment)`", remedy: "The first one is `\(path).0`")
            }
            guard elements.indices.contains(index) else {
                throw RecipeError(
                    at: origin, "`\(path)` has \(elements.count) entries, 0 to \(elements.count - 1); there is no entry \(index)")
            }
            elements[index] = try set(elements[index], depth: depth + 1)
            return SourceValue(.list(elements), current.origin)
        case .scalar(let scalar):
            guard let unfolded = unfold(scalar, current.origin, depth: depth) else {
                let path = segments[..<depth].joined(separator: ".")
                throw RecipeError(at: origin, "`\(path)` is a single value, it has no key `\(segment)`")
            }
            return try set(unfolded, depth: depth)
        }
    }

    /// Short forms stand for sections: `dense: 10` for `dense: {units: 10}`, the layer `gelu` for `gelu: {}`.
    private func unfold(_ scalar: Scalar, _ place: Origin, depth: Int) -> SourceValue? {
        if scalar.text == segments[depth] {
            let nothing = SourceValue(.scalar(Scalar(text: "", isQuoted: false)), place)
            return SourceValue(.map([.init(key: scalar.text, origin: place, value: nothing)]), place)
        }
        guard depth > 0, let section = RecipeSchema.section(at: segments[..<depth]), let key = section.shorthand else { return nil }
        return SourceValue(.map([.init(key: key, origin: place, value: SourceValue(.scalar(scalar), place))]), place)
    }
}
