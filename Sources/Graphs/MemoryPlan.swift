/// Where every intermediate value of a program lies in its one arena.
///
/// Two values may share memory when no instruction needs both. Offsets are multiples of 64 bytes. Values are placed largest first, each
/// at the lowest place where it meets no other that lives at the same time: the usual greedy for this problem, which is close to the
/// lower bound on networks, and whose result depends on nothing but the requests.
package struct MemoryPlan: Sendable, Equatable {
    /// What a block holds, for the breakdown.
    package enum Category: String, Sendable, CaseIterable {
        /// Features, targets and row keys.
        case input
        /// What forward leaves for backward and for the caller.
        case activations
        /// Gradients with respect to activations, and partial sums of parameter gradients.
        case gradients
        /// Scratch of one kernel call.
        case workspace
    }

    /// A value that needs memory.
    package struct Request: Sendable, Equatable {
        package let bytes: Int
        /// The first and the last instruction during which the memory is in use.
        package let lifetime: ClosedRange<Int>
        package let category: Category

        package init(bytes: Int, lifetime: ClosedRange<Int>, category: Category) {
            self.bytes = bytes
            self.lifetime = lifetime
            self.category = category
        }
    }

    package static let alignment = 64

    package let requests: [Request]
    /// The first byte of each request.
    package let offsets: [Int]
    /// The length of the arena.
    package let arenaBytes: Int

    package init(_ requests: [Request]) {
        self.requests = requests
        var offsets = [Int](repeating: 0, count: requests.count)
        let largestFirst = requests.indices.sorted { (requests[$1].bytes, $0) < (requests[$0].bytes, $1) }
        // Placed requests, by offset.
        var placed: [Int] = []
        var end = 0
        for index in largestFirst {
            let size = MemoryPlan.padded(requests[index].bytes)
            var offset = 0
            for other in placed where requests[other].lifetime.overlaps(requests[index].lifetime) {
                if offsets[other] >= offset + size { break }
                offset = max(offset, offsets[other] + MemoryPlan.padded(requests[other].bytes))
            }
            offsets[index] = offset
            let position = placed.firstIndex { offsets[$0] > offset } ?? placed.count
            placed.insert(index, at: position)
            end = max(end, offset + size)
        }
        self.offsets = offsets
        arenaBytes = end
    }

    /// The most memory that is in use at one instruction: no plan can be smaller.
    package var lowerBoundBytes: Int {
        requests.map(\.lifetime.lowerBound).map { moment in
            requests.reduce(0) { $0 + ($1.lifetime.contains(moment) ? MemoryPlan.padded($1.bytes) : 0) }
        }.max() ?? 0
    }

    /// Bytes per category as if nothing shared memory. Their sum less ``arenaBytes`` is what sharing saves.
    package var breakdown: [(category: Category, bytes: Int)] {
        Category.allCases.map { category in
            (category, requests.reduce(0) { $0 + ($1.category == category ? MemoryPlan.padded($1.bytes) : 0) })
        }
    }

    private static func padded(_ bytes: Int) -> Int { (bytes + alignment - 1) / alignment * alignment }
}
