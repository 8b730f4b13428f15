/// D5: a virtual shard whose loss has moved away from that of the others, measured against how it usually lies to them. Warns, and names
/// who carries a spike.
struct ShardWatch: Codable, Sendable, Equatable {
    private var streams: [ResidualStream]
    private var isOdd: [Bool]
    /// Steps in a row for which the chart of a shard has been above its threshold.
    private var stepsAbove: [Int]
    /// Log loss of each shard of this step; kept to reuse its storage.
    private var logs: [Double]

    private static let smallest = 1e-12
    /// How long a shard must stay apart before it is called odd: single hard batches put a small shard there for a few steps.
    private static let confirmationSteps = 20

    init(shards: Int, warmUp: Int, floor: Double) {
        streams = Array(repeating: ResidualStream(warmUp: warmUp, floor: floor), count: shards)
        isOdd = Array(repeating: false, count: shards)
        stepsAbove = Array(repeating: 0, count: shards)
        logs = Array(repeating: 0, count: shards)
    }

    /// Follows all shards. True where the set of odd shards has changed: then ask `odd`. O(shards), no allocation.
    mutating func observe(_ telemetry: StepTelemetry, at moment: Moment, settings: DetectionSettings) -> Bool {
        guard streams.count > 1, telemetry.shards.count == streams.count else { return false }
        var sum = 0.0
        var filled = 0
        for index in streams.indices where telemetry.shards[index].samples > 0 {
            let shard = telemetry.shards[index]
            logs[index] = naturalLogarithm(max(shard.lossSum / Double(shard.samples), Self.smallest))
            sum += logs[index]
            filled += 1
        }
        guard filled > 1 else { return false }
        var changed = false
        for index in streams.indices where telemetry.shards[index].samples > 0 {
            let others = (sum - logs[index]) / Double(filled - 1)
            _ = streams[index].observe(logs[index] - others, at: moment, settings: settings)
            stepsAbove[index] = streams[index].jumpEvidence > settings.jumpThreshold ? stepsAbove[index] + 1 : 0
            let odd = isOdd[index] ? streams[index].jump.sum > 0 : stepsAbove[index] >= Self.confirmationSteps
            if odd != isOdd[index] {
                isOdd[index] = odd
                changed = true
            }
            if streams[index].frozenSteps > 2 * settings.mildConfirmationSteps { streams[index].rebase(at: moment) }
        }
        return changed
    }

    /// Shards that have fired and not come back. Allocates.
    var odd: [Int] { isOdd.indices.filter { isOdd[$0] } }

    /// Shards that have been drifting away from the others since an incident began: the ones that carry it; empty where it concerns all.
    func carriers(settings: DetectionSettings) -> [Int] {
        streams.indices.filter { streams[$0].jumpEvidence > settings.jumpThreshold / 2 }
    }

    /// Chart and baseline of a shard, for an alarm.
    func evidence(of shard: Int) -> (statistic: Double, baseline: Alarm.Baseline) {
        (streams[shard].jumpEvidence, streams[shard].baseline)
    }
}
