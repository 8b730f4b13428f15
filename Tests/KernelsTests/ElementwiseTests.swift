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
            for operation in 0..<5 {
                var (actual, expected) = ([Float](repeating: 9, count: count), [Float](repeating: 9, count: count))
                if operation == 4 { (actual, expected) = (aValues, aValues) }
                run(level.kernels, operation, a.span, b.span, &actual)
                run(oracle, operation, a.span, b.span, &expected)
                #expect(actual.bits == expected.bits, "operation \(operation), count \(count)")
            }
        }
        func run(_ kernels: some KernelSet<Float>, _ operation: Int, _ a: Span<Float>, _ b: Span<Float>, _ out: inout [Float]) {
            var c = out.mutableSpan
            switch operation {
            case 0: kernels.add(a, b, into: &c)
            case 1: kernels.subtract(a, b, into: &c)
            case 2: kernels.multiply(a, b, into: &c)
            case 3: kernels.scale(a, by: 0.3, into: &c)
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

    /// The mask is `CounterRandom`'s words compared with rate·2³², the same at every level.
    @Test(arguments: Level.all)
    func dropoutIsTheCounterGenerators(level: Level) {
        let rate = 0.3
        let keys: [UInt64] = [0, 1, 0xffff_ffff_ffff_ffff, 0x0123_4567_89ab_cdef, 42]
        let layer: UInt64 = 0xfedc_ba98_7654_3210
        for columns in Array(0...9) + [15, 16, 17, 31, 32, 33, 47, 48, 100] {
            let x = TestNumbers(54).uniform(keys.count * columns)
            var y = [Float](repeating: .nan, count: x.count)
            var out = y.mutableSpan
            level.kernels.dropout(rows: keys.count, columns: columns, rate: rate, layerKey: layer, rowKeys: keys.span, x.span, into: &out)
            for r in 0..<keys.count {
                let random = CounterRandom(seed: keys[r], stream: layer)
                for c in 0..<columns {
                    let dropped = Double(random.uint32(at: UInt64(c))) < (rate * 0x1p32).rounded()
                    let expected = x[r * columns + c] * (dropped ? 0 : Float(1 / (1 - rate)))
                    #expect(y[r * columns + c].bitPattern == expected.bitPattern, "row \(r), column \(c) of \(columns)")
                }
            }
        }
    }

    @Test(arguments: Level.all)
    func dropoutDropsItsShareAndNothingAtZero(level: Level) {
        let keys = (0..<50).map { mixKey(1, 2, UInt64($0)) }
        let x = [Float](repeating: 1, count: 50 * 200)
        for rate in [0, 0.25, 0.5, 0.9] {
            var y = x
            var out = y.mutableSpan
            level.kernels.dropout(rows: 50, columns: 200, rate: rate, layerKey: 3, rowKeys: keys.span, x.span, into: &out)
            let dropped = Double(y.filter { $0 == 0 }.count) / Double(y.count)
            #expect(abs(dropped - rate) <= 5 * (rate * (1 - rate) / Double(y.count)).squareRoot())
            if rate == 0 { #expect(y == x) }
        }
    }
}
