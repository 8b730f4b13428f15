import Quality
import Testing

@Suite("Skipped updates")
struct FiniteGateTests {
    private func broken(_ number: Int) -> StepTelemetry {
        var telemetry = step(number, losses: [0.5, 0.4])
        telemetry.shards[1].findings = [.nonFiniteLoss]
        return telemetry
    }

    @Test func oneSkipWarnsAndNamesTheRank() {
        var subject = controller()
        for t in 1...299 { #expect(subject.feed(step(t, losses: [0.5, 0.4])).isEmpty) }
        let decisions = subject.feed(broken(300))
        #expect(decisions.alarms.map(\.detector) == [.finite])
        #expect(decisions.alarms.first?.ranks == [1])
        #expect(decisions.isCalm)
        for t in 301...400 { #expect(subject.feed(step(t, losses: [0.5, 0.4])).isCalm) }
        #expect(subject.state == .healthy)
    }

    @Test func aNaNDoesNotBlindTheDetectors() {
        var subject = controller()
        for t in 1...300 { _ = subject.feed(t == 200 ? broken(t) : step(t, losses: [0.5, 0.5])) }
        var found: Int?
        for t in 301...330 where found == nil {
            if subject.feed(step(t, losses: [5, 5])).rollback != nil { found = t }
        }
        #expect(found == 306)
    }

    @Test func fiveRunningRollBackAndLeaveTheirBatchesOut() {
        var subject = controller()
        for t in 1...299 { _ = subject.feed(step(t, losses: [0.5, 0.4])) }
        for t in 300...303 { #expect(subject.feed(broken(t)).rollback == nil) }
        let plan = subject.feed(broken(304)).rollback
        #expect(plan?.cause == .nonFinite)
        #expect(plan?.target == 0)
        #expect(plan?.onset == 300)
        #expect(plan?.skip == 299..<304)
        #expect(subject.state == .intervening)
        #expect(subject.feed(broken(305)).isEmpty)
    }

    @Test func anUpdateBetweenEndsTheRun() {
        var subject = controller()
        for t in 1...40 { #expect(subject.feed(t % 20 < 4 ? broken(t) : step(t, losses: [0.5, 0.4])).rollback == nil) }
    }

    @Test func moreThanOnePercentOfTheLastThousand() {
        var subject = controller()
        var at: Int?
        for t in 1...2000 where at == nil {
            if subject.feed(t % 50 == 0 ? broken(t) : step(t, losses: [0.5, 0.4])).rollback != nil { at = t }
        }
        #expect(at == 550, "the eleventh skip within 1,000 steps")
        subject = controller()
        for t in 1...5000 { #expect(subject.feed(t % 100 == 0 ? broken(t) : step(t, losses: [0.5, 0.4])).rollback == nil) }
    }

    @Test func withoutInterventionsARunOfNothingButSkipsEnds() {
        var subject = controller(QualitySettings(onSpike: .warn))
        for t in 1...99 { #expect(subject.feed(broken(t)).isCalm) }
        #expect(subject.feed(broken(100)).stop == .unrecoverable)
        #expect(subject.stopReason?.exitCode == 4)
    }

    @Test func aFaultThatNeverGoesEndsTheRunByBudget() {
        var subject = controller()
        var rollbacks = 0
        var reason: StopReason?
        var number = 0
        for _ in 1...1000 where reason == nil {
            number += 1
            let decisions = subject.feed(broken(number))
            reason = decisions.stop
            guard let plan = decisions.rollback else { continue }
            rollbacks += 1
            subject.rolledBack(by: plan, checkpointState: nil)
            number = plan.target
        }
        #expect(rollbacks == 2, "step 0 may be gone back to twice")
        #expect(reason == .noGoodCheckpoint)
    }
}
