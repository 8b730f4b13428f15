import Formats
import Kernels

/// Made-up text: every token is followed by one other, drawn once by the seed (a permutation of the vocabulary), but for a part of the
/// tokens (`noise`, 0.1) that are drawn evenly from all. A model that has learned the rule has the loss
/// −(q log q + (V − 1) r log r) with r = noise / V and q = 1 − noise + r, and no model a lower one.
struct SyntheticChain {
    let vocabulary: Int
    let length: Int
    let noise: Double
    private let seed: UInt64
    private let follower: [Int32]

    init(vocabulary: Int, length: Int, noise: Double?, seed: UInt64) {
        self.vocabulary = vocabulary
        self.length = length
        self.noise = noise ?? 0.1
        self.seed = seed
        follower = RandomStream.syntheticRule.generator(seed: seed).permutation(count: vocabulary)
    }

    /// Samples by their numbers: windows side by side, each with the token after its last.
    func draw(_ samples: Range<Int>) -> Dataset {
        var tokens = TokenArray(vocabulary: vocabulary)
        tokens.reserveCapacity(samples.count * (length + 1))
        for sample in samples {
            let random = RandomStream.syntheticSample.generator(seed: seed, stream: UInt64(sample))
            var token = 0
            // Half a block of random words per token: one says whether it follows the rule, one which it is if not.
            for block in 0..<(length + 2) / 2 {
                let words = random.words(at: UInt64(block))
                for half in 0..<min(2, length + 1 - 2 * block) {
                    let drawn = Int((UInt64(words[2 * half + 1]) * UInt64(vocabulary)) >> 32)
                    let isFree = block == 0 && half == 0 || Double(words[2 * half]) * 0x1p-32 < noise
                    token = isFree ? drawn : Int(follower[token])
                    tokens.append(token)
                }
            }
        }
        let windows = TokenWindows(tokens, length: length, stride: length + 1)
        return Dataset(
            name: "synthetic", featureShape: [length], count: samples.count, features: .tokens(windows), targets: .nextTokens)
    }
}
