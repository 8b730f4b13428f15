import Kernels
import Optimizers
import TensorCore
import Testing

@Suite("Global norm and clipping")
struct GlobalNormTests {
    /// A few thousand values of several magnitudes; every call gives the same.
    private func sample(_ count: Int) -> Arena<Float> {
        let arena = Arena<Float>(count: count)
        let random = CounterRandom(seed: 7, stream: 3)
        for index in 0..<count { arena[index] = Float(random.normal(at: UInt64(index))) * (index % 5 == 0 ? 100 : 0.01) }
        return arena
    }

    /// The definition written once more: block sums added as a tree that splits at the largest power of two below its size.
    private func tree(_ blocks: ArraySlice<Double>) -> Double {
        if blocks.count == 1 { return blocks.first! }
        var half = 1
        while half * 2 < blocks.count { half *= 2 }
        return tree(blocks.prefix(half)) + tree(blocks.dropFirst(half))
    }

    @Test(
        "Blocks of 4,096 are added in tree order, whole and broken lengths", arguments: [1, 15, 4096, 4097, 8192, 12_300, 20_480, 28_673])
    func treeOrder(_ count: Int) {
        let arena = sample(count)
        let kernels = FloatKernels(.swift)
        var blocks: [Double] = []
        for start in stride(from: 0, to: count, by: 4096) {
            blocks.append(arena.withSpan { kernels.sumOfSquares($0, from: start, count: min(4096, count - start)) })
        }
        let expected = tree(blocks[...])
        for level in levels {
            #expect(GlobalNorm(kernels: FloatKernels(level)).squared(arena) == expected, "\(level)")
        }
        let plain = arena.array().reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(relativeDistance(expected, plain) < 1e-12)
    }

    @Test("An empty arena has norm 0")
    func empty() {
        #expect(GlobalNorm(kernels: FloatKernels(.swift)).squared(Arena<Float>(count: 0)) == 0)
    }

    @Test("Ranks that hold subtrees arrive at the same bits")
    func subtrees() {
        let arena = sample(5 * 4096 + 100)
        let norm = GlobalNorm(kernels: FloatKernels(.swift))
        let left = arena.withSpan(0..<4 * 4096) { norm.squared($0) }
        let right = arena.withSpan(4 * 4096..<arena.count) { norm.squared($0) }
        #expect(left + right == norm.squared(arena))
    }

    @Test("Finite exactly when every element is", arguments: levels)
    func nonFinite(_ level: InstructionSet) {
        let norm = GlobalNorm(kernels: FloatKernels(level))
        let arena = sample(10_000)
        for place in [0, 1, 17, 4095, 4096, 9_999] {
            for value in [Float.nan, .infinity, -.infinity, .signalingNaN] {
                let before = arena[place]
                arena[place] = value
                #expect(!norm.squared(arena).isFinite, "\(value) at \(place) was not seen")
                arena[place] = before
            }
        }
        arena.fill(.greatestFiniteMagnitude)
        #expect(norm.squared(arena).isFinite)
        arena.fill(.leastNonzeroMagnitude)
        #expect(norm.squared(arena) > 0)
    }

    @Test("The clip factor is PyTorch's")
    func clip() {
        #expect(clipFactor(norm: 10, limit: nil) == 1)
        #expect(clipFactor(norm: 0.5, limit: 1) == 1)
        #expect(clipFactor(norm: 0, limit: 1) == 1)
        #expect(clipFactor(norm: 4, limit: 1) == 1 / 4.000001)
        #expect(clipFactor(norm: 1, limit: 1) == 1 / 1.000001)
        #expect(clipFactor(norm: .infinity, limit: 1).isNaN)
        #expect(clipFactor(norm: .nan, limit: nil).isNaN)
    }
}
