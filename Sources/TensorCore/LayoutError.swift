/// A file's tensors are not those of the model: every difference, each with its name and both shapes.
package struct LayoutError: Error, Equatable, CustomStringConvertible {
    package enum Problem: Equatable, Sendable {
        case missing(name: String, shape: [Int])
        case unknown(name: String, shape: [Int])
        case duplicate(name: String)
        case shape(name: String, found: [Int], expected: [Int])
        case type(name: String, found: DType)
    }

    package let problems: [Problem]

    package var description: String {
        let shown = 8
        var lines = problems.prefix(shown).map { "  " + LayoutError.line($0) }
        if problems.count > shown {
            lines.append("  and \(problems.count - shown) more")
        }
        return "the tensors are not those of this model:\n" + lines.joined(separator: "\n")
            + "\nUse the file that was saved from this model, or the recipe that the file was saved with."
    }

    private static func line(_ problem: Problem) -> String {
        switch problem {
        case .missing(let name, let shape): "\(name) is missing; the model needs it with shape \(describeShape(shape))"
        case .unknown(let name, let shape): "\(name) (shape \(describeShape(shape))) is not a parameter of the model"
        case .duplicate(let name): "\(name) is there twice"
        case .shape(let name, let found, let expected):
            "\(name) has shape \(describeShape(found)), the model needs \(describeShape(expected))"
        case .type(let name, let found): "\(name) has type \(found.rawValue), the model needs a floating-point type"
        }
    }
}
