/// What a network is to learn, as the data side sees it: what a target is.
package enum TaskKind: Hashable, Sendable, Codable {
    /// One of `classes` classes; a target is an index.
    case classification(classes: Int)
    /// Yes or no; a target is the number 0 or 1, for one output.
    case binary
    /// `width` numbers per sample.
    case regression(width: Int)
    /// The next of `vocabulary` tokens at each of `length` positions; sample and target are a row of tokens each.
    case tokens(vocabulary: Int, length: Int)

    /// Numbers per target: 0 for classes and tokens, whose targets are indices.
    package var targetWidth: Int {
        switch self {
        case .classification, .tokens: 0
        case .binary: 1
        case .regression(let width): width
        }
    }

    /// Answers per sample: the length of a sequence, else 1.
    package var positions: Int {
        if case .tokens(_, let length) = self { length } else { 1 }
    }

    package var isTokens: Bool {
        if case .tokens = self { true } else { false }
    }

    /// For messages: "a classification into 10 classes".
    package var description: String {
        switch self {
        case .classification(let classes): "a classification into \(classes) classes"
        case .binary: "a binary classification"
        case .regression(let width): "a regression of \(width) value\(width == 1 ? "" : "s")"
        case .tokens(let vocabulary, let length): "the next of \(vocabulary) tokens at \(length) position\(length == 1 ? "" : "s")"
        }
    }
}
