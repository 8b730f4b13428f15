import Collectives
import TensorCore

/// A 64-bit hash of an arena's bytes, to compare replicas: equal arenas hash equal, one flipped bit changes it.
///
/// FNV-1a over 64-bit words in eight independent lanes (the multiply's latency would else bound it at 1.6 GB/s), folded in lane order.
/// Not a cryptographic hash; files carry SHA-256.
package struct ReplicaFingerprint: Hashable, Sendable {
    package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    private static let prime: UInt64 = 0x0000_0100_0000_01b3

    package init() {}

    /// - Complexity: O(count); no allocation.
    package mutating func combine(_ arena: Arena<Float>) {
        arena.withSpan { span in
            var lanes = SIMD8<UInt64>(repeating: value) &+ SIMD8<UInt64>(0, 1, 2, 3, 4, 5, 6, 7)
            let prime = SIMD8<UInt64>(repeating: Self.prime)
            precondition(span.count % ParameterLayout.alignment == 0, "ReplicaFingerprint: \(span.count) elements are not whole panels")
            for at in stride(from: 0, to: span.count, by: ParameterLayout.alignment) {
                for half in 0..<2 {
                    var words = SIMD8<UInt64>()
                    for lane in 0..<8 { words[lane] = UInt64(span[at + half * 8 + lane].bitPattern) &+ UInt64(lane) << 32 }
                    lanes = (lanes ^ words) &* prime
                }
            }
            for lane in 0..<8 { combine(lanes[lane]) }
        }
    }

    package mutating func combine(_ word: UInt64) { value = (value ^ word) &* Self.prime }

    package mutating func combine(_ text: String) {
        for byte in text.utf8 { combine(UInt64(byte)) }
        combine(UInt64(text.utf8.count))
    }
}

extension CollectiveGroup {
    /// Whether every rank holds the same fingerprint: the smallest and the largest are compared, so one rank that differs is enough.
    package func sameEverywhere(_ fingerprint: ReplicaFingerprint) throws(CollectiveError) -> Bool {
        // As signed numbers: only equality matters, and Int64 is what the group reduces.
        let mine = Int64(bitPattern: fingerprint.value)
        let least = try allReduceMin(mine)
        return try allReduceMax(mine) == least
    }
}
