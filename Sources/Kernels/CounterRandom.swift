#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Random numbers as a pure function of (seed, stream, counter): Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random
/// numbers: as easy as 1, 2, 3" (SC 2011).
///
/// The 64-bit seed is the key; the 128-bit counter is (block, stream), low words first. Word i of the sequence is word i mod 4 of
/// block i / 4. No state, so any rank can draw any number of any sample.
package struct CounterRandom: Sendable, Hashable {
    package let seed: UInt64
    package let stream: UInt64

    package init(seed: UInt64, stream: UInt64) {
        self.seed = seed
        self.stream = stream
    }

    /// The four words of one block.
    package func words(at block: UInt64) -> SIMD4<UInt32> {
        let counter = SIMD4<UInt32>(
            UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32), UInt32(truncatingIfNeeded: stream),
            UInt32(truncatingIfNeeded: stream >> 32))
        return Self.philox(counter: counter, key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
    }

    /// Word `counter` of the sequence.
    package func uint32(at counter: UInt64) -> UInt32 {
        words(at: counter >> 2)[Int(counter & 3)]
    }

    /// Uniform in [0, 1), 24 bits, from word `counter`.
    package func uniform(at counter: UInt64) -> Float {
        Float(uint32(at: counter) >> 8) * 0x1p-24
    }

    /// Uniform in [0, 1), 53 bits, from words 2·counter and 2·counter + 1.
    package func uniformDouble(at counter: UInt64) -> Double {
        let block = words(at: counter >> 1)
        return counter & 1 == 0 ? Self.uniformDouble(block.x, block.y) : Self.uniformDouble(block.z, block.w)
    }

    /// Standard normal by Box-Muller in double; numbers 2i and 2i+1 come from block i.
    package func normal(at counter: UInt64) -> Double {
        let block = words(at: counter >> 1)
        let radius = (-2 * log(1 - Self.uniformDouble(block.x, block.y))).squareRoot()
        let angle = 2 * Double.pi * Self.uniformDouble(block.z, block.w)
        return counter & 1 == 0 ? radius * cos(angle) : radius * sin(angle)
    }

    /// A uniformly drawn permutation of 0..<count: Fisher-Yates, with rejection so that no index is favoured.
    /// - Complexity: O(count); allocates the result.
    package func permutation(count: Int) -> [Int32] {
        precondition(count >= 0 && count <= Int(Int32.max), "A permutation has 0 to 2³¹−1 elements, not \(count)")
        var order = [Int32](unsafeUninitializedCapacity: count) { buffer, initialised in
            for i in 0..<count { buffer.initializeElement(at: i, to: Int32(i)) }
            initialised = count
        }
        var next: UInt64 = 0
        var span = order.mutableSpan
        var i = count - 1
        while i > 0 {
            let j = Int(below(UInt32(i + 1), from: &next))
            span.swapAt(i, j)
            i -= 1
        }
        return order
    }

    /// An index below `bound`, each equally likely (Lemire's multiply and reject); `next` is the word to draw from.
    private func below(_ bound: UInt32, from next: inout UInt64) -> UInt32 {
        let smallest = (0 &- bound) % bound
        while true {
            let product = UInt64(uint32(at: next)) * UInt64(bound)
            next += 1
            if UInt32(truncatingIfNeeded: product) >= smallest { return UInt32(product >> 32) }
        }
    }

    private static func uniformDouble(_ high: UInt32, _ low: UInt32) -> Double {
        Double((UInt64(high) << 32 | UInt64(low)) >> 11) * 0x1p-53
    }

    /// The bijection itself.
    @inline(__always)
    package static func philox(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var c = counter
        var k = key
        for _ in 0..<10 {
            let p0 = UInt64(0xD251_1F53) * UInt64(c.x)
            let p1 = UInt64(0xCD9E_8D57) * UInt64(c.z)
            c = SIMD4(
                UInt32(truncatingIfNeeded: p1 >> 32) ^ c.y ^ k.x, UInt32(truncatingIfNeeded: p1),
                UInt32(truncatingIfNeeded: p0 >> 32) ^ c.w ^ k.y, UInt32(truncatingIfNeeded: p0))
            k = SIMD2(k.x &+ 0x9E37_79B9, k.y &+ 0xBB67_AE85)
        }
        return c
    }
}

/// A key from three numbers, such as (seed, epoch, sample): a bijective finaliser (SplitMix64's) after each is absorbed.
package func mixKey(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 {
    func finalise(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    return finalise(finalise(finalise(a) ^ b) ^ c)
}
