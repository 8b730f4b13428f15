import Kernels
import Testing

/// A level of Float kernels under test.
struct Level: CustomTestStringConvertible, Sendable {
    let name: String
    let kernels: FloatKernels
    var testDescription: String { name }

    /// Every level this machine can run, and the sixteen-lane bodies compiled for eight.
    static let all: [Level] = {
        var levels = InstructionSet.available.map { Level(name: $0.name, kernels: FloatKernels($0)) }
        if let wide = FloatKernels.wideForTests { levels.append(Level(name: "wide bodies on narrow hardware", kernels: wide)) }
        return levels
    }()

    /// Those that fuse multiply and add: all of them give the same bits.
    static let fused = all.filter { $0.kernels.instructionSet >= .avx2 }
}

/// Numbers for tests: a pure function of (seed, index).
struct TestNumbers {
    let random: CounterRandom

    init(_ seed: UInt64) { random = CounterRandom(seed: seed, stream: 77) }

    /// Whole numbers from −limit to limit: sums of their products are exact, so every level must agree with the oracle exactly.
    func whole(_ count: Int, limit: Int = 3) -> [Float] {
        (0..<count).map { Float(Int(random.uint32(at: UInt64($0)) % UInt32(2 * limit + 1)) - limit) }
    }

    /// Uniform in [−1, 1).
    func uniform(_ count: Int) -> [Float] {
        (0..<count).map { random.uniform(at: UInt64($0)) * 2 - 1 }
    }

    func classes(_ count: Int, below bound: Int) -> [Int32] {
        (0..<count).map { Int32(random.uint32(at: UInt64($0)) % UInt32(bound)) }
    }
}

/// Distance in units in the last place of the expected value's float.
func ulps(_ actual: Float, from expected: Double) -> Double {
    let nearest = Float(expected)
    if actual.isNaN || nearest.isNaN { return actual.isNaN && nearest.isNaN ? 0 : .infinity }
    if nearest.isInfinite || actual.isInfinite { return actual == nearest ? 0 : .infinity }
    return abs(Double(actual) - expected) / Double(nearest.ulp)
}

/// The first index where |actual − expected| exceeds `bound`, described; nil if there is none. NaN equals NaN.
func mismatch(_ actual: some Sequence<Float>, _ expected: [Double], within bound: Double) -> String? {
    for (i, (a, e)) in zip(actual, expected).enumerated() {
        if a.isNaN && e.isNaN || Double(a) == e { continue }
        if !(abs(Double(a) - e) <= bound) { return "[\(i)] is \(a), expected \(e) within \(bound)" }
    }
    return nil
}

/// As above with a bound relative to each expected value and an absolute floor.
func mismatch(_ actual: some Sequence<Float>, _ expected: [Double], relative: Double, floor: Double = 0) -> String? {
    for (i, (a, e)) in zip(actual, expected).enumerated() {
        if a.isNaN && e.isNaN || Double(a) == e { continue }
        if !(abs(Double(a) - e) <= abs(e) * relative + floor) { return "[\(i)] is \(a), expected \(e)" }
    }
    return nil
}

extension Array where Element == Float {
    var doubles: [Double] { map(Double.init) }
    var bits: [UInt32] { map(\.bitPattern) }
}
