import Collectives
import DataParallel
import Quality
import TensorCore

/// The one small exchange after the last bucket: every rank learns the telemetry of all, and what rank 0 decided one step ago.
///
/// A record is `RankTelemetry`, then a `DecisionCode` (rank 0's counts, the others' are empty), then the statistics of the rank's
/// virtual shards; ranks with fewer shards than the most leave the rest unused. Records are gathered, never summed.
package final class TelemetryExchange {
    private let map: ShardMap
    private let group: any CollectiveGroup
    private let mine: Arena<UInt8>
    private let all: Arena<UInt8>
    private let recordBytes: Int

    private static let decisionOffset = MemoryLayout<RankTelemetry>.stride
    private static let shardsOffset = decisionOffset + MemoryLayout<DecisionCode>.stride

    package init(map: ShardMap, group: any CollectiveGroup) {
        self.map = map
        self.group = group
        recordBytes = Self.shardsOffset + map.shardsPerRank * MemoryLayout<ShardStatistics>.stride
        mine = Arena(count: recordBytes)
        all = Arena(count: recordBytes * group.size)
    }

    /// Bytes that one rank contributes.
    package var bytes: Int { recordBytes }

    /// Gathers all records into `telemetry.ranks` and `telemetry.shards` (shard order), and returns rank 0's decision.
    /// - Complexity: O(ranks + shards); allocates nothing once the two arrays have their size.
    package func exchange(
        _ own: RankTelemetry, shards: [ShardStatistics], decision: DecisionCode, into telemetry: inout StepTelemetry
    ) throws(CollectiveError) -> DecisionCode {
        precondition(shards.count == map.shards(of: group.rank).count, "TelemetryExchange: statistics of \(shards.count) shards")
        mine.withMutableSpan { span in
            var bytes = span.mutableBytes
            bytes.storeBytes(of: own, toByteOffset: 0, as: RankTelemetry.self)
            bytes.storeBytes(of: decision, toByteOffset: Self.decisionOffset, as: DecisionCode.self)
            for index in shards.indices {
                bytes.storeBytes(
                    of: shards[index], toByteOffset: Self.shardsOffset + index * MemoryLayout<ShardStatistics>.stride,
                    as: ShardStatistics.self)
            }
        }
        if group.size == 1 {
            all.copy(from: mine)
        } else {
            try mine.withSpan { (mine) throws(CollectiveError) in
                try all.withMutableSpan { (all) throws(CollectiveError) in
                    var bytes = all.mutableBytes
                    try group.allGather(mine.bytes, into: &bytes)
                }
            }
        }
        return read(into: &telemetry)
    }

    private func read(into telemetry: inout StepTelemetry) -> DecisionCode {
        telemetry.ranks.removeAll(keepingCapacity: true)
        telemetry.shards.removeAll(keepingCapacity: true)
        return all.withSpan { span in
            let bytes = span.bytes
            for rank in 0..<group.size {
                let base = rank * recordBytes
                // Every byte pattern of these plain records is a value; what they say is judged by the vote.
                telemetry.ranks.append(unsafe bytes.unsafeLoadUnaligned(fromByteOffset: base, as: RankTelemetry.self))
                for index in map.shards(of: rank).indices {
                    let offset = base + Self.shardsOffset + (index - map.shards(of: rank).lowerBound) * MemoryLayout<ShardStatistics>.stride
                    telemetry.shards.append(unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: ShardStatistics.self))
                }
            }
            return unsafe bytes.unsafeLoadUnaligned(fromByteOffset: Self.decisionOffset, as: DecisionCode.self)
        }
    }
}
