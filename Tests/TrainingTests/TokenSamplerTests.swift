import Inference
import Testing

struct TokenSamplerTests {
    private func probabilities(_ sampler: TokenSampler, _ logits: [Float]) -> [Int32: Double] {
        Dictionary(uniqueKeysWithValues: sampler.candidates(logits).map { ($0.token, $0.probability) })
    }

    private let logits: [Float] = [1, 3, 2, 0]
    private let powers = [1.0, 3, 2, 0].map { Double(2.718281828459045).power($0) }

    @Test func plainSoftmax() {
        let candidates = TokenSampler().candidates(logits)
        #expect(candidates.map(\.token) == [1, 2, 0, 3])
        let total = powers.reduce(0, +)
        for candidate in candidates { #expect(abs(candidate.probability - powers[Int(candidate.token)] / total) < 1e-12) }
    }

    @Test func temperatureSharpensAndEvensOut() {
        let half = probabilities(TokenSampler(temperature: 0.5), logits)
        let squares = powers.map { $0 * $0 }
        for (token, probability) in half { #expect(abs(probability - squares[Int(token)] / squares.reduce(0, +)) < 1e-12) }
        let hot = probabilities(TokenSampler(temperature: 1e6), logits)
        for probability in hot.values { #expect(abs(probability - 0.25) < 1e-5) }
        let cold = TokenSampler(temperature: 1e-30).candidates(logits)
        #expect(cold[0].token == 1 && cold[0].probability == 1)
    }

    @Test func zeroIsGreedyAndTakesTheFirstOfEquals() {
        #expect(TokenSampler(temperature: 0).candidates(logits) == [.init(token: 1, probability: 1)])
        #expect(TokenSampler(temperature: 0).candidates([0, 7, 7, 7]) == [.init(token: 1, probability: 1)])
        for sample in 0..<20 { #expect(TokenSampler(temperature: 0, seed: 9).draw([0, 7, 7], sample: sample, position: 0) == 1) }
    }

    @Test func topKKeepsExactlyK() {
        for (k, tokens) in [(1, [1]), (2, [1, 2]), (4, [1, 2, 0, 3]), (99, [1, 2, 0, 3])] as [(Int, [Int32])] {
            let candidates = TokenSampler(topK: k).candidates(logits)
            #expect(candidates.map(\.token) == tokens)
            #expect(abs(candidates.reduce(0) { $0 + $1.probability } - 1) < 1e-12)
        }
        // Of equals the lower token stays.
        #expect(TokenSampler(topK: 2).candidates([5, 5, 5]).map(\.token) == [0, 1])
    }

    @Test func topPKeepsTheFewestThatReachIt() {
        // Probabilities 1/2, 1/4, 1/8, 1/8, exactly.
        let logits: [Float] = [0, 0, 0.6931472, 1.3862944]
        func kept(_ p: Double) -> [Int32] { TokenSampler(topP: p).candidates(logits).map(\.token) }
        #expect(kept(0.001) == [3])
        #expect(kept(0.49) == [3])
        #expect(kept(0.51) == [3, 2])
        #expect(kept(0.74) == [3, 2])
        #expect(kept(0.8) == [3, 2, 0])
        #expect(kept(0.9) == [3, 2, 0, 1])
        #expect(kept(1) == [3, 2, 0, 1])
        let renormalised = TokenSampler(topP: 0.6).candidates(logits)
        #expect(abs(renormalised[0].probability - 2.0 / 3) < 1e-6)
        // After top-k, of what it has left: 1/2 and 1/4 are 2/3 and 1/3.
        #expect(TokenSampler(topK: 2, topP: 0.6).candidates(logits).map(\.token) == [3])
        #expect(TokenSampler(topK: 2, topP: 0.7).candidates(logits).map(\.token) == [3, 2])
    }

    @Test func frequenciesAreTheProbabilities() {
        for sampler in [TokenSampler(seed: 4), TokenSampler(temperature: 0.7, topK: 3, topP: 0.95, seed: 5)] {
            let expected = probabilities(sampler, logits)
            var counts: [Int32: Int] = [:]
            let draws = 40_000
            for draw in 0..<draws {
                counts[sampler.draw(logits, sample: draw % 100, position: draw / 100) ?? -1, default: 0] += 1
            }
            #expect(Set(counts.keys) == Set(expected.keys))
            for (token, probability) in expected {
                // Five deviations of the binomial.
                let deviation = (probability * (1 - probability) / Double(draws)).squareRoot()
                let share = Double(counts[token] ?? 0) / Double(draws)
                #expect(abs(share - probability) <= 5 * deviation + 1e-9, "token \(token): \(share) for \(probability)")
            }
        }
    }

    @Test func drawsGoBySeedSampleAndPosition() {
        let even = [Float](repeating: 0, count: 1000)
        func draws(_ seed: UInt64, _ sample: Int) -> [Int32?] {
            (0..<20).map { TokenSampler(seed: seed).draw(even, sample: sample, position: $0) }
        }
        #expect(draws(1, 0) == draws(1, 0))
        #expect(draws(1, 0) != draws(2, 0) && draws(1, 0) != draws(1, 1))
        #expect(Set(draws(1, 0)).count > 10)
    }

    @Test func whatIsNotANumberIsNeverDrawn() {
        #expect(TokenSampler().candidates([.nan, 1, .nan, -.infinity]).map(\.token) == [1])
        #expect(TokenSampler().draw([Float.nan, .nan], sample: 0, position: 0) == nil)
        #expect(
            TokenSampler().candidates([1, .infinity, 2, .infinity]) == [
                .init(token: 1, probability: 0.5), .init(token: 3, probability: 0.5),
            ])
        #expect(TokenSampler(temperature: 0.5, topP: 0.5).candidates([1, .infinity, 2, .infinity]).map(\.token) == [1])
    }
}

extension Double {
    /// e, 3 → e³, for whole exponents.
    fileprivate func power(_ exponent: Double) -> Double { (0..<Int(exponent)).reduce(1) { product, _ in product * self } }
}
