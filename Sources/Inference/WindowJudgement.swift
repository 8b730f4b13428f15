import Kernels

/// What a model thinks of one window of a text.
package struct WindowJudgement: Sendable {
    /// The window's number in the text.
    package let window: Int
    /// Where it begins and how many tokens it has.
    package let start: Int
    package let count: Int
    /// Tokens whose successor is in the text, so that it can be compared.
    package let compared: Int
    /// Sum of −log p over those, in nats.
    package let lossSum: Double
    /// How many of those were the most likely one.
    package let correct: Int
    /// What may follow the last token, the most likely first.
    package let next: [TokenSampler.Candidate]

    init(_ predictions: Span<Float>, row: Int, window: Int, text: [Int32], length: Int, vocabulary: Int, expected: Int) {
        self.window = window
        start = window * length
        count = min(length, text.count - start)
        let end = min(start + count, text.count - 1)
        compared = end - start
        var sum = 0.0
        var correct = 0
        for place in start..<end {
            let base = (row * length + place - start) * vocabulary
            let label = Int(text[place + 1])
            var largest = -Float.infinity
            for token in 0..<vocabulary { largest = max(largest, predictions[base + token]) }
            var total = 0.0
            var isFirst = true
            for token in 0..<vocabulary {
                let logit = predictions[base + token]
                total += Double.exp(Double(logit) - Double(largest))
                if token < label, logit == largest { isFirst = false }
            }
            sum += Double.log(total) + Double(largest) - Double(predictions[base + label])
            if isFirst, predictions[base + label] == largest { correct += 1 }
        }
        lossSum = sum
        self.correct = correct
        let base = (row * length + count - 1) * vocabulary
        let logits = (base..<base + vocabulary).map { predictions[$0] }
        next = Array(TokenSampler().candidates(logits).prefix(expected))
    }
}
