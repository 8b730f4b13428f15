import Yams

/// The name a recipe goes by in messages, and whether lines of it are named as of a file.
struct RecipeSource: Sendable {
    var name: String
    var isFile: Bool

    func origin(line: Int) -> Origin {
        isFile ? .file(name, line: line) : .text(name, line: line)
    }
}

extension SourceValue {
    /// More values than any recipe needs; aliases can make a short text expand beyond all memory.
    private static let largestTree = 100_000

    /// Reads a YAML document. An empty one is an empty section.
    static func parse(yaml: String, source: RecipeSource) throws(RecipeError) -> SourceValue {
        let node = try compose(yaml) { line in source.origin(line: line) }
        guard let node else { return SourceValue(.map([]), source.origin(line: 1)) }
        var budget = largestTree
        return try convert(node, budget: &budget) { mark in source.origin(line: mark?.line ?? 1) }
    }

    /// Reads the right-hand side of an override.
    static func parse(override argument: String, value: String) throws(RecipeError) -> SourceValue {
        let origin = Origin.override(argument)
        let node = try compose(value) { _ in origin }
        guard let node else { return SourceValue(.scalar(Scalar(text: "", isQuoted: false)), origin) }
        var budget = largestTree
        return try convert(node, budget: &budget) { _ in origin }
    }

    private static func compose(_ yaml: String, place: (Int) -> Origin) throws(RecipeError) -> Node? {
        do {
            return try Parser(yaml: yaml, resolver: .basic, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            switch error {
            case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
                .composer(let context, let problem, let mark, _):
                let about = context.map { "\($0.text) (line \($0.mark.line)): " } ?? ""
                throw RecipeError(at: place(mark.line), "this is not YAML: \(about)\(problem), at column \(mark.column)")
            case .duplicatedKeysInMapping(let keys, let context):
                throw RecipeError(
                    at: place(context.mark.line), "the key \(spoken(keys.map { "`\($0)`" }, joint: "and")) is given twice in one section",
                    remedy: "Keep one of them")
            case .reader(let problem, let offset, _, let yaml):
                let line = yaml.prefix(offset ?? 0).filter(\.isNewline).count + 1
                throw RecipeError(at: place(line), "this is not YAML: \(problem)")
            default:
                throw RecipeError(at: place(1), "this is not YAML: \(error)")
            }
        } catch {
            throw RecipeError(at: place(1), "this is not YAML: \(error)")
        }
    }

    private static func convert(_ node: Node, budget: inout Int, place: (Mark?) -> Origin) throws(RecipeError) -> SourceValue {
        let origin = place(node.mark)
        budget -= 1
        guard budget >= 0 else { throw RecipeError(at: origin, "the recipe expands to more than \(largestTree) values") }
        switch node {
        case .scalar(let scalar):
            let quoted =
                scalar.style == .singleQuoted || scalar.style == .doubleQuoted || scalar.style == .literal || scalar.style == .folded
            return SourceValue(.scalar(Scalar(text: scalar.string, isQuoted: quoted)), origin)
        case .sequence(let sequence):
            var list: [SourceValue] = []
            for element in sequence { list.append(try convert(element, budget: &budget, place: place)) }
            return SourceValue(.list(list), origin)
        case .mapping(let mapping):
            var members: [Member] = []
            for (key, value) in mapping {
                guard case .scalar(let name) = key else {
                    throw RecipeError(at: origin, "a key is a single word here, not a list or a section")
                }
                members.append(Member(key: name.string, origin: place(key.mark), value: try convert(value, budget: &budget, place: place)))
            }
            return SourceValue(.map(members), origin)
        case .alias:
            // The parser replaces aliases by what they stand for; one that is left refers to nothing.
            throw RecipeError(at: origin, "an alias refers to nothing")
        }
    }
}
