import Quality
import Testing

/// Real faults are found within a stated number of steps, and the onset is put where a safe checkpoint can be chosen.
@Suite("Detection delay")
struct DetectionDelayTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var name: String
        /// Median loss and standard deviation of its logarithm before the fault.
        var usual: Double
        var spread: Double
        /// Loss of both shards after n steps of the fault.
        var after: @Sendable (Int, inout Noise) -> (Double, Double)
        var within: Int

        var testDescription: String { name }
    }

    static let faults: [Fault] = [
        Fault(
            name: "rate x100 late, loss explodes", usual: 0.02, spread: 1.2, after: { n, _ in (min(80, 3.0 * Double(n)), 60) }, within: 10),
        Fault(name: "rate x100, all units dead at once", usual: 0.02, spread: 1.2, after: { _, _ in (2.303, 2.301) }, within: 12),
        Fault(name: "dead from a noisy level", usual: 0.05, spread: 1.5, after: { _, _ in (2.303, 2.301) }, within: 20),
        Fault(name: "dead early", usual: 0.3, spread: 0.5, after: { _, _ in (2.303, 2.301) }, within: 11),
        Fault(
            name: "labels of one of two shards flipped", usual: 0.03, spread: 1,
            after: { _, noise in (0.03 * power(noise.normal()), 5 * power(0.2 * noise.normal())) }, within: 12),
        Fault(name: "plateau, sudden x3", usual: 1, spread: 0.02, after: { _, _ in (3, 3) }, within: 6),
        Fault(
            name: "slow growth, 5 % a step", usual: 0.5, spread: 0.1,
            after: { n, _ in (0.5 * power(0.05 * Double(n)), 0.5 * power(0.05 * Double(n))) }, within: 24),
        Fault(
            name: "heavy noise after the jump", usual: 0.02, spread: 0.8,
            after: { _, noise in (2 * power(noise.normal()), 2 * power(noise.normal())) }, within: 11),
    ]

    @Test(arguments: faults)
    func found(_ fault: Fault) {
        var delays: [Int] = []
        for seed in 1...20 {
            var noise = Noise(UInt64(seed))
            var subject = controller(steps: 5000)
            let onset = 700 + seed
            for t in 1...(onset + 200) {
                let falling = max(fault.usual, 2.3 * power(-Double(t) / 80))
                let spread = min(fault.spread, 0.1 + Double(t) / 300)
                let losses =
                    t > onset
                    ? fault.after(t - onset, &noise)
                    : (falling * power(spread * noise.normal()), falling * power(spread * noise.normal()))
                let decisions = subject.feed(step(t, losses: [losses.0, losses.1]))
                guard let plan = decisions.rollback else { continue }
                #expect(t > onset, "\(fault.name), seed \(seed): false alarm at step \(t)")
                #expect(plan.onset <= onset + 3, "\(fault.name), seed \(seed): onset \(plan.onset) of a fault at \(onset)")
                #expect(plan.skip.contains(onset + 3) && plan.skip.count <= 50, "\(fault.name): batches \(plan.skip)")
                delays.append(t - onset)
                break
            }
        }
        #expect(delays.count == 20, "\(fault.name): found in \(delays.count) of 20 runs")
        delays.sort()
        #expect(delays.last ?? 0 <= fault.within, "\(fault.name): worst delay \(delays.last ?? 0)")
    }

    @Test func theAlarmNamesTheShardThatCarriesIt() {
        var noise = Noise(3)
        var subject = controller(steps: 5000)
        for t in 1...800 {
            let odd = t > 700 ? 6.0 : 0.05
            let decisions = subject.feed(step(t, losses: [0.05 * power(0.5 * noise.normal()), odd * power(0.5 * noise.normal())]))
            guard decisions.rollback != nil else { continue }
            let alarm = decisions.alarms.first { $0.level == .act }
            #expect(alarm?.shards == [1])
            #expect(alarm?.ranks == [1])
            #expect(alarm?.text.hasSuffix("carried by shard 1 (rank 1)") == true, "\(alarm?.text ?? "no alarm")")
            return
        }
        Issue.record("the flipped shard was not found")
    }

    @Test func aSpikeThatHealsIsOnlyAWarning() {
        for length in 1...4 {
            var noise = Noise(5)
            var subject = controller(steps: 5000)
            for t in 1...900 {
                let usual = 0.3 * power(0.1 * noise.normal())
                let loss = t > 700 && t <= 700 + length ? 100 * usual : usual
                #expect(subject.feed(step(t, losses: [loss, loss])).isCalm, "\(length) hard batches")
            }
            #expect(subject.alarms >= 1)
            #expect(subject.state == .healthy)
        }
    }

    @Test func tinyLossesMayRiseForAWhile() {
        // From 1e-6 to 1e-4, for 40 steps, of a loss that began at 1: nothing worth a rollback.
        var noise = Noise(6)
        var subject = controller(steps: 5000)
        for t in 1...3000 {
            let level = t < 600 ? power(-Double(t) / 43) : t > 2000 && t <= 2040 ? 1e-4 : 1e-6
            let loss = max(level, 1e-6) * power(0.3 * noise.normal())
            #expect(subject.feed(step(t, losses: [loss, loss])).isCalm)
        }
    }

    @Test(arguments: [0.0, -1.0, 1e-300])
    func zerosAndNegativeLossesBreakNothing(_ value: Double) {
        var subject = controller(steps: 5000)
        for t in 1...600 {
            let decisions = subject.feed(step(t, losses: [t % 7 == 0 ? value : 0.1, 0.1], gradientNorm: t % 5 == 0 ? 0 : 1))
            #expect(decisions.isCalm)
        }
        for t in 601...1200 {
            #expect(subject.feed(step(t, losses: [value, value], gradientNorm: 0)).isCalm)
        }
    }

    @Test func nothingIsDoneDuringTheWarmUp() {
        var subject = controller(steps: 300)
        for t in 1...20 {
            #expect(subject.feed(step(t, losses: t > 10 ? [50, 50] : [2, 2])).isEmpty)
        }
    }

    @Test func aLevelNobodyActsUponBecomesTheBaseline() {
        var subject = controller(QualitySettings(onSpike: .warn), steps: 5000)
        var alarms: [Alarm] = []
        for t in 1...1000 {
            let decisions = subject.feed(step(t, losses: t > 500 ? [5, 5] : [0.5, 0.5]))
            #expect(decisions.isCalm)
            alarms += decisions.alarms
        }
        #expect(alarms.filter { $0.level == .act }.count == 1)
        #expect(subject.state == .healthy)
        var second = 0
        for t in 1001...1100 { second += subject.feed(step(t, losses: [50, 50])).alarms.filter { $0.level == .act }.count }
        #expect(second == 1)
    }

    @Test func clippingIsAskedForAtOnce() {
        var subject = controller(QualitySettings(onSpike: .clip), steps: 5000)
        var noise = Noise(9)
        for t in 1...600 { _ = subject.feed(step(t, losses: [0.5, 0.5], gradientNorm: 2 * power(0.1 * noise.normal()))) }
        let decisions = subject.feed(step(601, losses: [50, 50], gradientNorm: 900))
        guard case .clip(let plan)? = decisions.first(where: \.isCollective) else {
            Issue.record("no clip in \(decisions)")
            return
        }
        #expect(plan.from == 602 && plan.until == 622)
        #expect(plan.limit > 2 && plan.limit < 4)
        #expect(subject.interventions.clipLimit(at: 602) == plan.limit)
        #expect(subject.interventions.clipLimit(at: 622) == nil)
    }
}
