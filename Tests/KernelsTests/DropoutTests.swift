import Kernels
import Testing

@Suite struct DropoutTests {
    /// The mask is `CounterRandom`'s words compared with rate·2³², the same at every level and for both types.
    @Test(arguments: Level.all, StorageType.allCases)
    func theMaskIsTheCounterGenerators(level: Level, type: StorageType) {
        let rate = 0.3
        let keys: [UInt64] = [0, 1, 0xffff_ffff_ffff_ffff, 0x0123_4567_89ab_cdef, 42]
        let layer: UInt64 = 0xfedc_ba98_7654_3210
        for columns in Array(0...9) + [15, 16, 17, 31, 32, 33, 47, 48, 100] {
            let x = type.stored(TestNumbers(54).uniform(keys.count * columns))
            var expected: [Float] = []
            for r in 0..<keys.count {
                let random = CounterRandom(seed: keys[r], stream: layer)
                for c in 0..<columns {
                    let dropped = Double(random.uint32(at: UInt64(c))) < (rate * 0x1p32).rounded()
                    expected.append(x[r * columns + c] * (dropped ? 0 : Float(1 / (1 - rate))))
                }
            }
            for inPlace in [false, true] {
                let input = StoredValues(x, type)
                let y = inPlace ? input : StoredValues<Float>(results: x.count, type)
                level.kernels.dropout(
                    rows: keys.count, columns: columns, rate: rate, layerKey: layer, rowKeys: keys.span, input.operand,
                    into: y.destination)
                #expect(y.values.bits == type.stored(expected).bits, "\(columns) columns, in place: \(inPlace)")
            }
        }
    }

    @Test(arguments: Level.all)
    func itDropsItsShareAndNothingAtZero(level: Level) {
        let keys = (0..<50).map { mixKey(1, 2, UInt64($0)) }
        let x = StoredValues([Float](repeating: 1, count: 50 * 200))
        for rate in [0, 0.25, 0.5, 0.9] {
            let y = StoredValues<Float>(results: x.count)
            level.kernels.dropout(
                rows: 50, columns: 200, rate: rate, layerKey: 3, rowKeys: keys.span, x.operand, into: y.destination)
            let dropped = Double(y.values.filter { $0 == 0 }.count) / Double(y.count)
            #expect(abs(dropped - rate) <= 5 * (rate * (1 - rate) / Double(y.count)).squareRoot())
            if rate == 0 { #expect(y.values == x.values) }
        }
    }
}
