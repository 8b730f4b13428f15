import Kernels
import Testing

@Suite struct AttentionTests {
    /// Every length up to two tiles and around the blocks' borders, every kind of size, both masks, with and without dropout.
    @Test(arguments: StorageType.allCases)
    func levelsAgreeWithTheReference(type: StorageType) {
        for (length, size) in Self.shapes {
            for (causal, dropout) in [(true, 0), (false, 0.3), (true, 0.3), (false, 0)] {
                let call = AttentionCall(
                    length: length, heads: 2, size: size, causal: causal, dropout: dropout, layerKey: 0xfedc_ba98_7654_3210)
                AttentionCase(call, rows: 2, type).check(Level.all)
            }
        }
    }

    private static var shapes: [(length: Int, size: Int)] {
        let small = (1...18).map { ($0, [16, 24, 40][$0 % 3]) } + [(31, 48), (32, 8), (33, 5), (34, 16)]
        return small + [(48, 32), (49, 16), (63, 24), (64, 64), (65, 80), (97, 16), (100, 33), (128, 16), (130, 128), (1, 1), (2, 127)]
    }

    /// Several blocks of keys, so that the running maximum changes.
    @Test(arguments: StorageType.allCases)
    func longSequencesAgreeWithTheReference(type: StorageType) {
        for (length, causal, dropout) in [(300, true, 0.1), (300, false, 0), (257, false, 0.2), (400, true, 0)] {
            let call = AttentionCall(length: length, heads: 1, size: 24, causal: causal, dropout: dropout, layerKey: 7)
            let test = AttentionCase(call, rows: 1, type)
            // Scores that rise with the key.
            for key in 0..<length { test.qkv[(key * 3 + 1) * 24] = type.stored([Float(key) / 50])[0] }
            for query in 0..<length { test.qkv[query * 3 * 24] = 2 }
            test.check(Level.all.filter { $0.kernels.instructionSet != .swift })
        }
    }

    /// The gradient in double against differences of the loss Σ y·dy.
    @Test func gradientsAreThoseOfDifferences() {
        for (causal, dropout) in [(true, 0.0), (false, 0.25)] {
            let call = AttentionCall(length: 5, heads: 2, size: 3, causal: causal, dropout: dropout, layerKey: 3)
            let test = AttentionCase(call, rows: 2, .scalar)
            let (qkv, dy) = (test.qkv.doubles, test.dy.doubles)
            let gradient = test.reference(qkv, dy).dqkv
            for i in qkv.indices {
                let step = 1e-5
                func loss(_ change: Double) -> Double {
                    var moved = qkv
                    moved[i] += change
                    return zip(test.reference(moved, dy).y, dy).reduce(0) { $0 + $1.0 * $1.1 }
                }
                let difference = (loss(step) - loss(-step)) / (2 * step)
                #expect(abs(difference - gradient[i]) <= 1e-8, "element \(i): \(gradient[i]), by differences \(difference)")
            }
        }
    }

    /// A batch row's results do not depend on the other rows: a batch may be divided among ranks.
    @Test(arguments: Level.all, StorageType.allCases)
    func rowsAreIndependent(level: Level, type: StorageType) {
        let call = AttentionCall(length: 37, heads: 2, size: 24, causal: true, dropout: 0.2, layerKey: 9)
        let three = AttentionCase(call, rows: 3, type)
        let all = three.run(level.kernels)
        let one = AttentionCase(call, rows: 1, type)
        #expect(one.keys[0] == three.keys[0])
        let (input, output) = (three.qkv.count / 3, three.dy.count / 3)
        (one.qkv, one.dy) = (Array(three.qkv[0..<input]), Array(three.dy[0..<output]))
        let alone = one.run(level.kernels)
        #expect(alone.y.bits == Array(all.y[0..<output]).bits)
        #expect(alone.statistics.bits == Array(all.statistics[0..<call.heads * call.length]).bits)
        #expect(alone.dqkv.bits == Array(all.dqkv[0..<input]).bits)
    }

    /// A NaN reaches what the reference's NaN reaches and nothing else: a value's the queries that see its key, and so on; as for
    /// gradients of keys and values, a query's or an output gradient's the keys that it sees.
    @Test(arguments: StorageType.allCases)
    func notANumberReachesExactlyWhoSeesIt(type: StorageType) {
        for length in [7, 40, 150] {
            let call = AttentionCall(length: length, heads: 2, size: 24, causal: true)
            for (part, value) in [(0, Float.nan), (1, .nan), (2, .nan), (2, .infinity), (3, .nan)] {
                let test = AttentionCase(call, rows: 2, type)
                let token = length + length * 2 / 3  // of the second row
                if part == 3 {
                    test.dy[token * 48 + 24 + 5] = value
                } else {
                    test.qkv[((token * 3 + part) * 2 + 1) * 24 + 5] = value
                }
                test.check(Level.all, "\(value) in part \(part)")
            }
        }
    }

    /// The fused levels' masks are the reference's: a dropped key's value has no influence.
    @Test(arguments: Level.all, StorageType.allCases)
    func dropoutIsTheCounterGenerators(level: Level, type: StorageType) {
        // Values of one: y is the sum of the kept probabilities, queries of zero: all of them equal.
        for length in [3, 30, 65, 70] {
            let call = AttentionCall(length: length, heads: 3, size: 16, causal: false, dropout: 0.4, layerKey: 11)
            let test = AttentionCase(call, rows: 2, type)
            for token in 0..<2 * length {
                for i in 0..<48 { test.qkv[token * 144 + i] = 0 }
                for i in 96..<144 { test.qkv[token * 144 + i] = 1 }
            }
            let y = test.run(level.kernels).y
            for row in 0..<2 {
                let random = CounterRandom(seed: test.keys[row], stream: 11)
                for (head, query) in (0..<3).flatMap({ head in (0..<length).map { (head, $0) } }) {
                    let kept = (0..<length).filter {
                        random.uint32(at: UInt64((head * length + query) * length + $0)) >= UInt32((0.4 * 0x1p32).rounded())
                    }
                    let expected = Double(kept.count) / Double(length) / 0.6
                    let actual = Double(y[((row * length + query) * 3 + head) * 16])
                    #expect(abs(actual - expected) <= (type == .scalar ? 1e-5 : 0.01) * max(expected, 0.1))
                }
            }
        }
    }

    @Test(arguments: Level.all)
    func noRowsAreNothing(level: Level) {
        let call = AttentionCall(length: 9, heads: 2, size: 16, causal: true)
        for type in StorageType.allCases {
            let results = AttentionCase(call, rows: 0, type).run(level.kernels)
            #expect(results.y.isEmpty && results.dqkv.isEmpty)
        }
    }
}
