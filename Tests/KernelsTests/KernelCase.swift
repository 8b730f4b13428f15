import Kernels
import Testing

/// A kernel as a function of its inputs, for tests that compare levels with each other.
struct KernelCase: CustomTestStringConvertible, Sendable {
    let name: String
    /// The number of elements of each input.
    let inputs: [Int]
    let types: [StorageType]
    /// Whether the level of tiles has bits of its own in bf16.
    var runsOnTiles = false
    /// Results at a level; what is stored is of that type.
    let results: @Sendable (FloatKernels, [[Float]], StorageType) -> [[Float]]
    /// Where the pattern of what is not finite may differ from the reference's, as docs/numerics.md says.
    var allows: @Sendable (NonFiniteDifference) -> Bool = { _ in false }
    var testDescription: String { name }

    init(
        _ name: String, inputs: [Int], types: [StorageType] = StorageType.allCases,
        _ results: @escaping @Sendable (FloatKernels, [[Float]], StorageType) -> [[Float]]
    ) {
        (self.name, self.inputs, self.types, self.results) = (name, inputs, types, results)
    }

    static let all = elementwise + normalisations + poolings + losses + updates + products + sequences

    /// Inputs from (−size, size), none of them 0.
    func numbers(_ size: Float = 1) -> [[Float]] {
        inputs.enumerated().map { TestNumbers(500 + UInt64($0)).uniform($1).map { $0 == 0 ? size / 2 : $0 * size } }
    }

    func allowing(_ rule: @escaping @Sendable (NonFiniteDifference) -> Bool) -> KernelCase {
        var copy = self
        copy.allows = rule
        return copy
    }

    func onTiles() -> KernelCase {
        var copy = self
        copy.runsOnTiles = true
        return copy
    }
}

/// An element of a result that is of another kind (number, NaN, either infinity) than the reference's.
struct NonFiniteDifference: CustomStringConvertible {
    let level: InstructionSet
    let type: StorageType
    /// What was put in, and where.
    let value: Float
    let input, place: Int
    let result, index: Int
    let actual, expected: Float

    var neitherIsFinite: Bool { !actual.isFinite && !expected.isFinite }

    var description: String {
        "\(level), \(type): \(value) at \(place) of input \(input): result \(result) at \(index) is \(actual), not \(expected)"
    }
}

/// A result of a kernel that writes into a span.
func spanned(_ count: Int, _ write: (inout MutableSpan<Float>) -> Void) -> [Float] {
    var values = [Float](repeating: 7, count: count)
    var span = values.mutableSpan
    write(&span)
    return values
}
