import Kernels

/// Draws the next token from a model's logits. Pure: the same logits and (seed, sample, position) give the same token, on any machine of
/// one instruction set and at any number of ranks.
///
/// In this order, as elsewhere: the logits are divided by the temperature, the `topK` largest stay, and of what is left the smallest
/// number of most likely tokens whose probabilities reach `topP` together. Of equal logits the lower token comes first. A NaN is never
/// drawn.
package struct TokenSampler: Sendable, Equatable {
    /// Above 1 evens out, below 1 sharpens; 0 always takes the most likely token.
    package var temperature: Double
    /// How many of the most likely tokens may be drawn; nil for all.
    package var topK: Int?
    /// How much probability they have together at least; nil for all.
    package var topP: Double?
    package var seed: UInt64

    /// A token with its probability.
    package struct Candidate: Sendable, Equatable {
        package var token: Int32
        package var probability: Double

        package init(token: Int32, probability: Double) {
            self.token = token
            self.probability = probability
        }
    }

    /// - Precondition: temperature ≥ 0, topK ≥ 1, 0 < topP ≤ 1.
    package init(temperature: Double = 1, topK: Int? = nil, topP: Double? = nil, seed: UInt64 = 0) {
        precondition(
            temperature >= 0 && temperature.isFinite && topK ?? 1 >= 1 && topP ?? 1 > 0 && topP ?? 1 <= 1,
            "TokenSampler: temperature \(temperature), top-k \(String(describing: topK)), top-p \(String(describing: topP))")
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.seed = seed
    }

    /// The tokens that may be drawn, the most likely first, with probabilities that add up to 1. Empty if no logit is a number.
    /// - Complexity: O(V log V).
    package func candidates(_ logits: some Collection<Float>) -> [Candidate] {
        var order: [(token: Int32, logit: Float)] = []
        for (token, logit) in logits.enumerated() where !logit.isNaN && logit > -.infinity { order.append((Int32(token), logit)) }
        guard !order.isEmpty else { return [] }
        // A stable order of equals by token, whatever the sort does.
        order.sort { $0.logit != $1.logit ? $0.logit > $1.logit : $0.token < $1.token }
        let largest = order[0].logit
        // An infinite logit leaves nothing to the others; those that share it share evenly.
        if largest == .infinity { order.removeAll { $0.logit < .infinity } }
        if temperature == 0 { order.removeLast(order.count - 1) }
        if let topK, topK < order.count { order.removeLast(order.count - topK) }
        let areAlike = largest == .infinity || temperature == 0
        var weights = order.map { areAlike ? 1 : Double.exp((Double($0.logit) - Double(largest)) / temperature) }
        if let topP, topP < 1 {
            let wanted = topP * weights.reduce(0, +)
            var sum = 0.0
            var kept = 0
            while kept < weights.count, kept == 0 || sum < wanted {
                sum += weights[kept]
                kept += 1
            }
            weights.removeLast(weights.count - kept)
        }
        let total = weights.reduce(0, +)
        return zip(order, weights).map { Candidate(token: $0.token, probability: $1 / total) }
    }

    /// The token at `position` (from 0, counted from the end of the prompt) of text number `sample`; nil if no logit is a number.
    package func draw(_ logits: some Collection<Float>, sample: Int, position: Int) -> Int32? {
        let candidates = candidates(logits)
        let random = CounterRandom(seed: mixKey(seed, Self.stream, UInt64(sample)), stream: 0)
        let point = random.uniformDouble(at: UInt64(position))
        var sum = 0.0
        for candidate in candidates {
            sum += candidate.probability
            if point < sum { return candidate.token }
        }
        // The probabilities add up to a little less than 1 in floating point.
        return candidates.last?.token
    }

    /// Keeps these random numbers apart from those of other uses of a seed.
    private static let stream: UInt64 = 0x1F_2001
}
