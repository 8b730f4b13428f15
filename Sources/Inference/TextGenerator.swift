import DataPipeline
import Graphs
import Kernels
import Recipes
import TensorCore

/// Continues texts token by token with a trained model.
///
/// The model's length is fixed, so each token costs one pass over the window: the last T tokens, left-aligned. What lies to the right of the
/// text is padding that a causal model cannot see from the place where its answer is read.
package final class TextGenerator {
    private let saved: SavedModel
    private let program: Program
    private let execution: Execution<FloatKernels>
    private let length: Int
    private let vocabulary: Int
    private var isPacked = false

    /// - Parameter samples: how many texts at most are continued at a time.
    package init(_ saved: SavedModel, samples: Int, kernels: FloatKernels) throws(InferenceError) {
        guard case .tokens(let vocabulary, let length) = saved.recipe.task else {
            throw InferenceError(
                path: saved.weightsPath, what: "the model writes no text: it makes \(saved.recipe.task.description)",
                remedy: "Give --input FILE with its samples.", isUsage: true)
        }
        self.saved = saved
        self.vocabulary = vocabulary
        self.length = length
        program = saved.model.evaluationProgram(
            kernels: kernels, precision: saved.recipe.precision, capacity: max(1, min(samples, saved.model.evaluationRows)))
        execution = Execution(program, kernels: kernels)
    }

    /// Continues one prompt `samples.count` times by `count` tokens each.
    ///
    /// - Parameters:
    ///   - samples: the texts' numbers, which the randomness goes by, so that text 3 is the same whichever others are made beside it.
    ///   - onToken: told of every token as it comes: sample, token.
    /// - Returns: the new tokens of each sample.
    package func generate(
        prompt: [Int32], samples: Range<Int>, count: Int, sampler: TokenSampler, onToken: (Int, Int32) -> Void = { _, _ in }
    ) throws(InferenceError) -> [[Int32]] {
        var all: [[Int32]] = []
        for first in stride(from: samples.lowerBound, to: samples.upperBound, by: program.capacity) {
            let part = first..<min(first + program.capacity, samples.upperBound)
            var texts = part.map { _ in prompt }
            for position in 0..<count {
                let drawn = try next(texts, first: first, position: position, sampler: sampler)
                for (row, token) in drawn.enumerated() {
                    texts[row].append(token)
                    onToken(first + row, token)
                }
            }
            all += texts.map { Array($0.dropFirst(prompt.count)) }
        }
        return all
    }

    private func next(_ texts: [[Int32]], first: Int, position: Int, sampler: TokenSampler) throws(InferenceError) -> [Int32] {
        let places = fill(texts)
        execution.forward(rows: texts.count, parameters: saved.parameters, repack: !isPacked)
        isPacked = true
        var tokens: [Int32] = []
        for (row, place) in places.enumerated() {
            let logits = execution.withPredictions { predictions in
                let start = (row * length + place) * vocabulary
                return (start..<start + vocabulary).map { predictions[$0] }
            }
            guard let token = sampler.draw(logits, sample: first + row, position: position) else {
                throw InferenceError(
                    path: saved.weightsPath, what: "the model's outputs are not numbers (NaN)",
                    remedy: "Its training has diverged: use an earlier checkpoint.")
            }
            tokens.append(token)
        }
        return tokens
    }

    /// Writes the end of each text into its row; returns the place of its last token.
    private func fill(_ texts: [[Int32]]) -> [Int] {
        execution.withTokens { tokens in
            texts.enumerated().map { row, text in
                let window = text.suffix(length)
                // An empty text has no last token; place 0 then is the first token of the vocabulary, as good a beginning as any.
                for (place, token) in window.enumerated() { tokens[row * length + place] = token }
                for place in window.count..<length { tokens[row * length + place] = 0 }
                return max(window.count - 1, 0)
            }
        }
    }

    /// What the model thinks of a text: for each window of the model's length the mean loss and accuracy over the tokens whose successor
    /// is in the text, and what it expects after the window's last token.
    package func judge(_ text: [Int32], windows: Range<Int>, expected: Int = 5) -> [WindowJudgement] {
        var result: [WindowJudgement] = []
        for first in stride(from: windows.lowerBound, to: windows.upperBound, by: program.capacity) {
            let part = first..<min(first + program.capacity, windows.upperBound)
            _ = fill(part.map { Array(text[$0 * length..<min(($0 + 1) * length, text.count)]) })
            execution.forward(rows: part.count, parameters: saved.parameters, repack: !isPacked)
            isPacked = true
            execution.withPredictions { predictions in
                for (row, window) in part.enumerated() {
                    result.append(
                        WindowJudgement(
                            predictions, row: row, window: window, text: text, length: length, vocabulary: vocabulary, expected: expected))
                }
            }
        }
        return result
    }

    /// How many windows a text of so many tokens fills, the last one perhaps in part.
    package func windowCount(_ tokens: Int) -> Int { (tokens + length - 1) / length }
}
