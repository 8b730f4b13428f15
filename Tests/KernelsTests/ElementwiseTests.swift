import Kernels
import Testing

@Suite struct ElementwiseTests {
    /// One rounding per element: every level has the oracle's bits, at every length, and writes nothing beyond.
    @Test(arguments: Level.all)
    func arithmeticIsExactAtEveryLength(level: Level) {
        let oracle = ReferenceKernels<Float>()
        let (aMemory, bMemory) = (GuardedMemory<Float>(capacity: 100), GuardedMemory<Float>(capacity: 100))
        for count in Array(0...50) + [64, 100] {
            var (aValues, bValues) = (TestNumbers(51).uniform(count), TestNumbers(52).uniform(count))
            if count > 20 { (aValues[3], aValues[19], bValues[7]) = (.nan, .infinity, -.infinity) }
            let (a, b) = (aMemory.hold(aValues), bMemory.hold(bValues))
            for operation in 0..<3 {
                var (actual, expected) = ([Float](repeating: 9, count: count), [Float](repeating: 9, count: count))
                if operation == 2 { (actual, expected) = (aValues, aValues) }
                run(level.kernels, operation, a.span, b.span, &actual)
                run(oracle, operation, a.span, b.span, &expected)
                #expect(actual.bits == expected.bits, "operation \(operation), count \(count)")
            }
        }
        func run(_ kernels: some KernelSet<Float>, _ operation: Int, _ a: Span<Float>, _ b: Span<Float>, _ out: inout [Float]) {
            var c = out.mutableSpan
            switch operation {
            case 0: kernels.subtract(a, b, into: &c)
            case 1: kernels.scale(a, by: 0.3, into: &c)
            default: kernels.addInPlace(b, to: &c)
            }
        }
    }

    /// In sixteen lanes folded in one order: the same double at every level.
    @Test(arguments: Level.all)
    func sumsOfSquaresHaveTheSameBitsAtEveryLevel(level: Level) {
        let x = TestNumbers(53).uniform(5000)
        for (start, count) in [(0, 0), (3, 1), (1, 15), (5, 16), (7, 33), (0, 4096), (904, 4096)] {
            let expected = ReferenceKernels<Float>().sumOfSquares(x.span, from: start, count: count)
            #expect(level.kernels.sumOfSquares(x.span, from: start, count: count) == expected, "\(start), \(count)")
        }
        let plain = x.doubles.reduce(0) { $0 + $1 * $1 }
        #expect(abs(level.kernels.sumOfSquares(x.span, from: 0, count: 5000) - plain) < 1e-9)
        let bad: [Float] = [1, .infinity, 2]
        #expect(level.kernels.sumOfSquares(bad.span, from: 0, count: 3) == .infinity)
    }
}
