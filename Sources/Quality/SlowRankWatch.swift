/// D9: a rank that is slow by itself. Compares medians over windows of 20 steps of the times that are the rank's own (computing, and
/// waiting for data), never of whole steps: in those all ranks look as slow as the slowest. Warns only, and is not part of the saved state.
struct SlowRankWatch: Sendable {
    enum Activity { case computing, loading }
    private static let activities = 2

    struct Finding: Equatable {
        var rank: Int
        var activity: Activity
        var milliseconds: Double
        var fastest: Double
        /// False: it has come back.
        var isSlow: Bool
    }

    static let window = 20
    /// Differences below this are the clock's and the scheduler's.
    static let leastDifference = 0.5

    private var times: [Double] = []
    private var filled = 0
    private var medians: [Double] = []
    /// Outcome of the last five windows of each rank and activity, newest in bit 0.
    private var verdicts: [UInt8] = []
    private var isSlow: [Bool] = []

    /// Follows all ranks. Returns findings at the end of a window only; no allocation after the first call unless there are findings.
    mutating func observe(_ ranks: [RankTelemetry], settings: DetectionSettings) -> [Finding] {
        guard ranks.count > 1 else { return [] }
        let activities = Self.activities
        let slots = ranks.count * activities
        if medians.count != slots {
            times = Array(repeating: 0, count: slots * Self.window)
            medians = Array(repeating: 0, count: slots)
            verdicts = Array(repeating: 0, count: slots)
            isSlow = Array(repeating: false, count: slots)
            filled = 0
        }
        for index in ranks.indices {
            // Ranks may own different numbers of shards; time per shard can be compared.
            let shards = Double(max(ranks[index].shardCount, 1))
            times[(index * activities) * Self.window + filled] = ranks[index].computeMilliseconds / shards
            times[(index * activities + 1) * Self.window + filled] = ranks[index].dataMilliseconds / shards
        }
        filled += 1
        guard filled == Self.window else { return [] }
        filled = 0
        return judge(ranks, settings: settings)
    }

    private mutating func judge(_ ranks: [RankTelemetry], settings: DetectionSettings) -> [Finding] {
        for slot in medians.indices { medians[slot] = medianOfWindow(slot) }
        var findings: [Finding] = []
        let activities = Self.activities
        for activity in 0..<activities {
            var fastest = Double.greatestFiniteMagnitude
            for index in ranks.indices { fastest = min(fastest, medians[index * activities + activity]) }
            for index in ranks.indices {
                let slot = index * activities + activity
                let own = medians[slot]
                let behind = own - fastest > Self.leastDifference && fastest < settings.slowRankRatio * own
                verdicts[slot] = (verdicts[slot] << 1 | (behind ? 1 : 0)) & 0b11111
                let slow = isSlow[slot] ? verdicts[slot] != 0 : verdicts[slot].nonzeroBitCount >= 3
                guard slow != isSlow[slot] else { continue }
                isSlow[slot] = slow
                let kind: Activity = activity == 0 ? .computing : .loading
                findings.append(Finding(rank: ranks[index].rank, activity: kind, milliseconds: own, fastest: fastest, isSlow: slow))
            }
        }
        return findings
    }

    /// Sorts the slot's window in place (its order is not needed any more) and takes the middle.
    private mutating func medianOfWindow(_ slot: Int) -> Double {
        let start = slot * Self.window
        for index in start + 1..<start + Self.window {
            let value = times[index]
            var hole = index
            while hole > start, times[hole - 1] > value {
                times[hole] = times[hole - 1]
                hole -= 1
            }
            times[hole] = value
        }
        return times[start + Self.window / 2]
    }
}
