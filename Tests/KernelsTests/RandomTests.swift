import Kernels
import Testing

@Suite struct RandomTests {
    /// The known answers published with the generator (Random123, kat_vectors).
    @Test func philoxKnownAnswers() {
        #expect(
            CounterRandom.philox(counter: SIMD4(repeating: 0), key: SIMD2(repeating: 0))
                == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
        #expect(
            CounterRandom.philox(counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max))
                == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
        #expect(
            CounterRandom.philox(
                counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: SIMD2(0xa409_3822, 0x299f_31d0))
                == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
    }

    @Test func wordsAndNumbersShareOneSequence() {
        let random = CounterRandom(seed: 0x0123_4567_89ab_cdef, stream: 5)
        for i in 0..<16 {
            #expect(random.uint32(at: UInt64(i)) == random.words(at: UInt64(i / 4))[i % 4])
            #expect(random.uniform(at: UInt64(i)) == Float(random.uint32(at: UInt64(i)) >> 8) / 16_777_216)
        }
        #expect(random.words(at: 0) != CounterRandom(seed: random.seed, stream: 6).words(at: 0))
        #expect(random.words(at: 1 << 32) != random.words(at: 0))
    }

    @Test func uniformsAndNormalsHaveTheirMoments() {
        let random = CounterRandom(seed: 9, stream: 1)
        let count = 20_000
        var (sum, normalSum, normalSquares) = (0.0, 0.0, 0.0)
        for i in 0..<count {
            let u = random.uniformDouble(at: UInt64(i))
            #expect(u >= 0 && u < 1)
            sum += u
            let z = random.normal(at: UInt64(i))
            normalSum += z
            normalSquares += z * z
        }
        let n = Double(count)
        // Five standard deviations each.
        #expect(abs(sum / n - 0.5) < 5 * 0.288_7 / n.squareRoot())
        #expect(abs(normalSum / n) < 5 / n.squareRoot())
        #expect(abs(normalSquares / n - 1) < 5 * (2 / n).squareRoot())
    }

    @Test func permutationsArePermutations() {
        for count in [0, 1, 2, 3, 10, 1000] {
            let order = CounterRandom(seed: 3, stream: UInt64(count)).permutation(count: count)
            #expect(order.sorted() == (0..<Int32(count)).map { $0 })
        }
        #expect(CounterRandom(seed: 3, stream: 0).permutation(count: 50) != CounterRandom(seed: 4, stream: 0).permutation(count: 50))
    }

    /// Every element lands on every place about equally often.
    @Test func permutationsAreUnbiased() {
        let (count, trials) = (6, 6000)
        var hits = [[Int]](repeating: [Int](repeating: 0, count: count), count: count)
        for trial in 0..<trials {
            let order = CounterRandom(seed: UInt64(trial), stream: 11).permutation(count: count)
            for (place, element) in order.enumerated() { hits[place][Int(element)] += 1 }
        }
        let expected = Double(trials) / Double(count)
        let deviation = (expected * (1 - 1 / Double(count))).squareRoot()
        for row in hits {
            for value in row { #expect(abs(Double(value) - expected) < 5 * deviation) }
        }
    }

    @Test func mixedKeysDiffer() {
        var seen: Set<UInt64> = []
        for a in UInt64(0)..<8 {
            for b in UInt64(0)..<8 {
                for c in UInt64(0)..<32 { seen.insert(mixKey(a, b, c)) }
            }
        }
        #expect(seen.count == 8 * 8 * 32)
    }
}
