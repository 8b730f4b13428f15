import Kernels

/// The three rules of synthetic numbers; tokens follow `SyntheticChain`.
///
/// - linear-binary: two classes, equally likely. Every twentieth feature on average tells a little: its mean is +d in one class and −d in
///   the other, with a sign of its own, and d such that all of them together separate the classes by 2 × 2.83 deviations; the other
///   features tell nothing. All have the deviation 1 around their mean. A part of the labels (1 % unless `noise` says otherwise) is turned.
/// - blobs: one normal cluster per class around a corner of its own (±1 per feature, all corners different); `noise` is the deviation,
///   0.5 by default.
/// - regression: y = w · x + b + x₀ · x₁ / 2 (the last term from two features on), x uniform with deviation 1, w and b standard normal,
///   plus normal noise of deviation `noise` (0.1), which is what is left over for a perfect model: MSE = noise².
struct SyntheticRule {
    let kind: DataSpec.SyntheticKind
    let features: Int
    let task: TaskKind
    let noise: Double
    let seed: UInt64
    /// linear-binary: the signed mean of each feature in class 1. blobs: the corners, class-major. regression: weights, output-major.
    private let coefficients: [Double]
    private let biases: [Double]

    init(kind: DataSpec.SyntheticKind, features: Int, task: TaskKind, noise: Double?, seed: UInt64) {
        self.kind = kind
        self.features = features
        self.task = task
        self.seed = seed
        let random = RandomStream.syntheticRule.generator(seed: seed)
        switch kind {
        case .linearBinary:
            self.noise = noise ?? 0.01
            let telling = max(features / 20, 1)
            let separation = 2.83 / Double(telling).squareRoot()
            var means = [Double](repeating: 0, count: features)
            for (index, feature) in random.permutation(count: features).prefix(telling).enumerated() {
                // A second generator, so that the signs share no word with the permutation.
                let sign = RandomStream.syntheticRule.generator(seed: seed, stream: 1).uint32(at: UInt64(index)) & 1 == 0
                means[Int(feature)] = sign ? separation : -separation
            }
            coefficients = means
            biases = []
        case .blobs:
            self.noise = noise ?? 0.5
            coefficients = Self.corners(count: Self.classCount(task), features: features, random: random)
            biases = []
        case .regression:
            self.noise = noise ?? 0.1
            let outputs = task.targetWidth
            coefficients = (0..<outputs * features).map { random.normal(at: UInt64($0)) }
            biases = (0..<outputs).map { RandomStream.syntheticRule.generator(seed: seed, stream: 1).normal(at: UInt64($0)) }
        case .chain: preconditionFailure("tokens follow SyntheticChain")
        }
    }

    private static func classCount(_ task: TaskKind) -> Int {
        if case .classification(let classes) = task { classes } else { 2 }
    }

    /// Corners of the cube, each next one the first in the drawn sequence that no class has yet; a line of corners (…, 3, 5) when the cube
    /// has too few.
    private static func corners(count: Int, features: Int, random: CounterRandom) -> [Double] {
        let available = features < 62 ? 1 << features : Int.max
        guard count <= available else {
            return (0..<count).flatMap { label in (0..<features).map { $0 == 0 ? 2 * Double(label) - Double(count - 1) : 0 } }
        }
        var chosen: [[Double]] = []
        var counter: UInt64 = 0
        while chosen.count < count {
            var corner: [Double] = []
            for _ in 0..<features {
                corner.append(random.uint32(at: counter) & 1 == 0 ? -1 : 1)
                counter += 1
            }
            // The second class takes the opposite corner, so that two classes are always well apart.
            if chosen.count == 1 { corner = chosen[0].map { -$0 } }
            if !chosen.contains(corner) { chosen.append(corner) }
        }
        return chosen.flatMap { $0 }
    }

    /// Draws samples by their numbers.
    func draw(_ samples: Range<Int>) -> (features: [Float], targets: [Double]) {
        var values: [Float] = []
        values.reserveCapacity(samples.count * features)
        var targets: [Double] = []
        for sample in samples {
            let random = RandomStream.syntheticSample.generator(seed: seed, stream: UInt64(sample))
            switch kind {
            case .linearBinary: drawLinear(random, &values, &targets)
            case .blobs: drawBlob(sample, random, &values, &targets)
            case .regression: drawRegression(random, &values, &targets)
            case .chain: break
            }
        }
        return (values, targets)
    }

    /// √3, the half width of the uniform distribution with deviation 1.
    private static let halfWidth = 3.0.squareRoot()
    /// Counters from here on are for what a sample has besides its features.
    private static let extra: UInt64 = 1 << 32

    private func drawLinear(_ random: CounterRandom, _ values: inout [Float], _ targets: inout [Double]) {
        let positive = random.uint32(at: Self.extra) & 1 == 1
        // Four features from one block of random words; each is the `uniform(at: feature)` it would be by itself.
        for block in 0..<(features + 3) / 4 {
            let words = random.words(at: UInt64(block))
            for feature in 4 * block..<min(4 * block + 4, features) {
                let uniform = Double(words[feature & 3] >> 8) * 0x1p-24
                let mean = positive ? coefficients[feature] : -coefficients[feature]
                values.append(Float((2 * uniform - 1) * Self.halfWidth + mean))
            }
        }
        let isTurned = Double(random.uniform(at: Self.extra + 1)) < noise
        targets.append(positive != isTurned ? 1 : 0)
    }

    private func drawBlob(_ sample: Int, _ random: CounterRandom, _ values: inout [Float], _ targets: inout [Double]) {
        // Classes in turn, so that every set is balanced.
        let label = sample % Self.classCount(task)
        for feature in 0..<features {
            values.append(Float(coefficients[label * features + feature] + noise * random.normal(at: UInt64(feature))))
        }
        targets.append(Double(label))
    }

    private func drawRegression(_ random: CounterRandom, _ values: inout [Float], _ targets: inout [Double]) {
        let start = values.count
        for feature in 0..<features {
            values.append(Float((2 * Double(random.uniform(at: UInt64(feature))) - 1) * Self.halfWidth))
        }
        for output in biases.indices {
            var sum = biases[output]
            for feature in 0..<features { sum += coefficients[output * features + feature] * Double(values[start + feature]) }
            if features >= 2 { sum += Double(values[start]) * Double(values[start + 1]) / 2 }
            targets.append(sum + noise * random.normal(at: Self.extra + UInt64(output)))
        }
    }
}
