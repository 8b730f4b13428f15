import Quality
import Testing

@Suite("Alarms about shards, ranks and generalisation")
struct RankAlarmTests {
    @Test func aSlowRankIsNamedWithWhatItIsSlowAtAndOnlyWarned() {
        var subject = controller(steps: 2000, shards: 3, ranks: 3)
        var alarms: [Alarm] = []
        var cleared: Int?
        for t in 1...600 {
            var telemetry = step(t, losses: [0.5, 0.5, 0.5])
            for rank in 0..<3 { telemetry.ranks[rank].computeMilliseconds = 4 + 0.1 * Double((t + rank) % 3) }
            if t > 100 && t <= 300 { telemetry.ranks[2].computeMilliseconds = 7 }
            let decisions = subject.feed(telemetry)
            #expect(decisions.isCalm)
            alarms += decisions.alarms
            if decisions.clears(.slowRank) { cleared = t }
        }
        #expect(alarms.count == 1)
        #expect(alarms.first?.step == 160, "three of five windows of 20 steps")
        #expect(alarms.first?.ranks == [2])
        #expect(alarms.first?.text.hasPrefix("rank 2 computes slowly: 7 ms per shard where the fastest takes 4.") == true)
        #expect(cleared == 400)
    }

    @Test func slowLoadingIsToldFromSlowComputing() {
        var subject = controller(steps: 2000)
        var alarms: [Alarm] = []
        for t in 1...100 {
            var telemetry = step(t, losses: [0.5, 0.5])
            telemetry.ranks[0].dataMilliseconds = 3
            alarms += subject.feed(telemetry).alarms
        }
        #expect(alarms.map(\.text) == ["rank 0 loads data slowly: 3 ms per shard where the fastest takes 0 ms"])
    }

    @Test func differencesOfTheClockAreNoAlarm() {
        var subject = controller(steps: 2000)
        for t in 1...400 {
            var telemetry = step(t, losses: [0.5, 0.5])
            telemetry.ranks[0].computeMilliseconds = 0.1
            telemetry.ranks[1].computeMilliseconds = 0.3
            #expect(subject.feed(telemetry).isEmpty)
        }
    }

    @Test func anOddShardIsNamedThoughTheWholeLooksHealthy() {
        // One of eight shards loses half as much again: hardly visible in the whole, plain against its own past.
        var subject = controller(steps: 5000, shards: 8, ranks: 4)
        var noise = Noise(8)
        var alarms: [Alarm] = []
        for t in 1...1500 {
            var losses = (0..<8).map { _ in 0.5 * power(0.1 * noise.normal()) }
            if t > 1000 && t < 1300 { losses[5] *= 1.5 }
            let decisions = subject.feed(step(t, losses: losses, ranks: 4))
            #expect(decisions.isCalm)
            alarms += decisions.alarms
        }
        #expect(alarms.map(\.detector) == [.oddShard])
        #expect(alarms.first?.shards == [5])
        #expect(alarms.first?.ranks == [2])
        #expect((1020...1035).contains(alarms.first?.step ?? 0))
        #expect(alarms.first?.text.hasPrefix("the loss of shard 5 (rank 2) has moved away") == true)
    }

    @Test func aFewHardBatchesOnOneShardAreNoAlarm() {
        var subject = controller(steps: 5000, shards: 2)
        var noise = Noise(9)
        for t in 1...1500 {
            var losses = (0..<2).map { _ in 0.5 * power(0.2 * noise.normal()) }
            if t > 600 && t % 300 < 8 { losses[1] *= 2.5 }
            #expect(!subject.feed(step(t, losses: losses)).alarms.contains { $0.detector == .oddShard }, "step \(t)")
        }
    }

    @Test func aRateThatIsNotTheLedgersIsAnAlarm() {
        var subject = controller()
        _ = subject.feed(step(1, losses: [1, 1]))
        var telemetry = step(2, losses: [1, 1])
        telemetry.learningRate = 5e-4
        #expect(subject.feed(telemetry).alarms.map(\.detector) == [.learningRate])
        telemetry.step = 3
        for rank in 0..<2 { telemetry.ranks[rank].step = 3 }
        #expect(subject.feed(telemetry).alarms.isEmpty, "once until it has been quiet")
    }

    @Test func overfittingWarnsOnceAndClears() {
        var subject = controller()
        var alarms: [Int] = []
        var cleared: [Int] = []
        let losses = [1, 0.5, 0.54, 0.56, 0.6, 0.7, 0.8, 0.52, 0.9, 0.52, 0.9]
        for (index, loss) in losses.enumerated() {
            let decisions = subject.observe(
                validation: [MetricValue("loss", loss)], train: [MetricValue("loss", 0.1)], step: index + 1, epoch: index + 1)
            if !decisions.alarms.isEmpty { alarms.append(index + 1) }
            if decisions.clears(.overfit) {
                cleared.append(index + 1)
            }
        }
        #expect(alarms == [5])
        #expect(cleared == [8])
        #expect(subject.alarms == 1)
    }
}
