import DataPipeline
import Formats

/// What a text model says about the windows of a text, one JSON object each.
package struct TextPredictor {
    private let generator: TextGenerator
    private let writing: TokenWriting

    package init(_ generator: TextGenerator, writing: TokenWriting) {
        self.generator = generator
        self.writing = writing
    }

    /// `{"sample","start","tokens","loss","perplexity","accuracy","next":[{"text","probability"}…]}` per window; the first three figures
    /// compare the model with the text and are left out of a window of one token, which has nothing to compare.
    package func lines(for text: [Int32], windows: Range<Int>) -> [String] {
        generator.judge(text, windows: windows).map { judgement in
            var object: JSONObject = [
                "sample": .integer(judgement.window), "start": .integer(judgement.start), "tokens": .integer(judgement.count),
            ]
            if judgement.compared > 0 {
                let loss = judgement.lossSum / Double(judgement.compared)
                object["loss"] = .number(loss)
                object["perplexity"] = .number(Double.exp(loss))
                object["accuracy"] = .number(Double(judgement.correct) / Double(judgement.compared))
            }
            object["next"] = .array(
                judgement.next.map { candidate in
                    [writing.key: writing.value(candidate.token), "probability": .number(candidate.probability)]
                })
            object.listNonFinite()
            return JSONValue.object(object).serialized()
        }
    }
}

/// How the tokens of a model are written: as text where they are characters, else as their numbers.
package struct TokenWriting: Sendable {
    private let alphabet: Alphabet?
    private let vocabulary: Int

    package init(_ preprocessing: Preprocessing) {
        alphabet = preprocessing.alphabet
        if case .tokens(let vocabulary, _) = preprocessing.task { self.vocabulary = vocabulary } else { vocabulary = 0 }
    }

    package var key: String { alphabet == nil ? "token" : "text" }

    package func value(_ token: Int32) -> JSONValue {
        alphabet.map { .string($0.text([token])) } ?? .integer(Int(token))
    }

    /// A row of tokens: text, or numbers with a space after each.
    package func text(_ tokens: [Int32]) -> String {
        alphabet.map { $0.text(tokens) } ?? tokens.map { "\($0) " }.joined()
    }

    /// The tokens of a prompt: its characters, or numbers with spaces or commas between them.
    /// - Throws: `DataError` that names what is not known.
    package func tokens(ofPrompt prompt: String) throws(DataError) -> [Int32] {
        if let alphabet {
            let tokens = try alphabet.encode(Array(prompt.utf8))
            return (0..<tokens.count).map { Int32(tokens[$0]) }
        }
        var tokens: [Int32] = []
        for word in prompt.split(whereSeparator: { $0 == " " || $0 == "," }) {
            guard let token = Int32(word), token >= 0, Int(token) < vocabulary else {
                throw DataError(
                    .specification, "'\(word)' in the prompt is no token: the model was trained on numbers from 0 to \(vocabulary - 1)",
                    remedy: "Give the prompt as such numbers, with spaces between them.")
            }
            tokens.append(token)
        }
        return tokens
    }

    /// What to begin with when there is no prompt: a new line where there is one.
    package var beginning: [Int32] { [alphabet?.number(of: "\n") ?? 0] }
}
