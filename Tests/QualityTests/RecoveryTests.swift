import Quality
import Testing

@Suite("Checkpoints, rollbacks, budgets")
struct RecoveryTests {
    /// Runs healthy steps, writing a checkpoint every `every`.
    private func healthy(_ subject: inout QualityController, _ steps: ClosedRange<Int>, every: Int = 100) -> [Decision] {
        var all: [Decision] = []
        for t in steps {
            all += subject.feed(step(t, losses: [0.5, 0.5]))
            if t % every == 0 { subject.checkpointWritten(step: t) }
        }
        return all
    }

    private func diverge(_ subject: inout QualityController, from start: Int) -> [Decision] {
        for t in start...(start + 40) {
            let decisions = subject.feed(step(t, losses: [50, 50]))
            if decisions.contains(where: \.isCollective) { return decisions }
        }
        return []
    }

    @Test func candidatesBecomeGoodAfterCleanSteps() {
        var subject = controller(steps: 2000, every: 100)
        var promoted: [Int: Int] = [:]
        for t in 1...400 {
            for one in subject.feed(step(t, losses: [0.5, 0.5])).promoted { promoted[one] = t }
            if t % 100 == 0 { subject.checkpointWritten(step: t) }
        }
        #expect(promoted == [100: 160, 200: 260, 300: 360])
        #expect(subject.goodCheckpoints == [0, 100, 200, 300])
        #expect(subject.candidateCheckpoints == [400])
    }

    @Test func aFiringInBetweenMakesACandidateWaitLonger() {
        var subject = controller(steps: 2000, every: 100)
        _ = healthy(&subject, 1...220)
        _ = subject.feed(step(221, losses: [40, 40]))
        var promotedAt: Int?
        for t in 222...400 where promotedAt == nil {
            if subject.feed(step(t, losses: [0.5, 0.5])).promoted == [200] { promotedAt = t }
        }
        #expect(promotedAt == 281, "60 clean steps after the hard batch of step 221")
    }

    @Test func rollsBackToTheNewestGoodCheckpointBeforeTheOnset() {
        var subject = controller(steps: 2000, epoch: 400, every: 100)
        _ = healthy(&subject, 1...430)
        let decisions = diverge(&subject, from: 431)
        guard let plan = decisions.rollback else {
            Issue.record("no rollback in \(decisions)")
            return
        }
        #expect(plan.target == 300, "400 is a candidate still")
        #expect(plan.onset == 430)
        #expect(plan.decidedAt == 436)
        #expect(plan.skip == 429..<436)
        #expect(plan.cut == LearningRateCut(factor: 0.5, from: 301, recovery: .init(holdUntil: 500, recoveredAt: 700), cause: .spike))
        #expect(decisions.contains(.checkpointRejected(step: 400)))
        #expect(subject.state == .intervening)
        #expect(subject.feed(step(437, losses: [50, 50])).isEmpty)
    }

    @Test func theRateHealsAfterTheFirstRollbackAndStaysCutAfterTheSecond() {
        var subject = controller(steps: 2000, every: 100)
        _ = healthy(&subject, 1...430)
        let saved = subject
        guard let first = diverge(&subject, from: 431).rollback else {
            Issue.record("no first rollback")
            return
        }
        subject.rolledBack(by: first, checkpointState: saved)
        #expect(subject.state == .probation)
        #expect(subject.rollbacks == 1)
        #expect(subject.interventions.generation == 1)
        let factors = [300, 301, 500, 600, 700].map { subject.interventions.learningRateFactor(at: $0) }
        #expect(factors == [1, 0.5, 0.5, 0.75, 1])

        guard let second = diverge(&subject, from: 301).rollback else {
            Issue.record("no second rollback")
            return
        }
        #expect(second.target == 200 || second.target == 300)
        #expect(second.cut.recovery == nil)
        subject.rolledBack(by: second, checkpointState: saved)
        #expect(subject.interventions.learningRateFactor(at: second.target + 1) == 0.25)
        #expect(subject.interventions.learningRateFactor(at: 100_000) == 0.5)
    }

    @Test func oneCheckpointIsUsedTwiceThenAnOlderOne() {
        var subject = controller(steps: 20_000, every: 100)
        _ = healthy(&subject, 1...430)
        let saved = subject
        var targets: [Int] = []
        var reason: StopReason?
        var start = 431
        for _ in 1...6 where reason == nil {
            let decisions = diverge(&subject, from: start)
            reason = decisions.stop
            guard let plan = decisions.rollback else { continue }
            targets.append(plan.target)
            subject.rolledBack(by: plan, checkpointState: saved)
            for t in (plan.target + 1)...(plan.target + 5) { _ = subject.feed(step(t, losses: [0.5, 0.5])) }
            start = plan.target + 6
        }
        #expect(targets == [300, 300, 200])
        #expect(reason == .budgetSpent, "three in 10,000 steps")
        #expect(reason?.exitCode == 4)
        #expect(subject.state == .stopped)
    }

    @Test func theBudgetOfTheRun() {
        var settings = QualitySettings()
        settings.recovery.rollbacksPerWindow = 100
        settings.recovery.rollbacksPerCheckpoint = 100
        var subject = controller(settings, steps: 20_000, every: 100)
        _ = healthy(&subject, 1...430)
        let saved = subject
        var rollbacks = 0
        for _ in 1...10 {
            guard let plan = diverge(&subject, from: 431).rollback else { break }
            rollbacks += 1
            subject.rolledBack(by: plan, checkpointState: saved)
        }
        #expect(rollbacks == 5)
        #expect(subject.stopReason == .budgetSpent)
    }

    @Test func promotionWaitsForTheEndOfTheProbation() {
        var subject = controller(steps: 2000, every: 100)
        _ = healthy(&subject, 1...430)
        let saved = subject
        guard let plan = diverge(&subject, from: 431).rollback else { return }
        subject.rolledBack(by: plan, checkpointState: saved)
        var promoted: [Int] = []
        var over: Int?
        for t in (plan.target + 1)...600 {
            let decisions = subject.feed(step(t, losses: [0.5, 0.5]))
            if !decisions.promoted.isEmpty { promoted.append(t) }
            if decisions.clears(.recovery) { over = t }
            if t % 100 == 0 { subject.checkpointWritten(step: t) }
        }
        #expect(over == 500)
        #expect(promoted == [500, 560])
        #expect(subject.state == .healthy)
    }

    @Test func aDamagedCheckpointIsReplacedByAnOlderOne() throws {
        var subject = controller(steps: 2000, every: 100)
        _ = healthy(&subject, 1...430)
        guard let plan = diverge(&subject, from: 431).rollback else { return }
        subject.checkpointRemoved(step: 300)
        let older = plan.retargeted(to: try #require(subject.usableTarget(before: plan.target)))
        #expect(older.target == 200 && older.cut.from == 201 && older.skip == plan.skip)
        for step in [0, 100, 200] { subject.checkpointRemoved(step: step) }
        #expect(subject.usableTarget(before: plan.target) == nil)
    }

    @Test func resumingCountsAsAGenerationAndKeepsTheBudget() throws {
        var subject = controller(steps: 2000, every: 100)
        _ = healthy(&subject, 1...430)
        let saved = subject
        guard let plan = diverge(&subject, from: 431).rollback else { return }
        subject.rolledBack(by: plan, checkpointState: saved)
        // The process dies; the checkpoint it resumes from does not know of the rollback, the run directory does.
        var resumed = saved
        try resumed.resumed(at: 300, interventions: subject.interventions, good: [0, 100, 200, 300], candidates: [])
        #expect(resumed.rollbacks == 1)
        #expect(resumed.interventions.generation == 2)
        #expect(resumed.interventions.learningRateFactor(at: 301) == 0.5)
        #expect(resumed.state == .probation)
        #expect(resumed.goodCheckpoints == [0, 100, 200, 300])
        #expect(resumed.interventions.nextBatch(from: 429) == 436)
    }

    @Test func decisionsAboutWeightsDoNotDependOnRanksAndTimes() {
        var one = controller(steps: 2000, shards: 4, ranks: 1)
        var four = controller(steps: 2000, shards: 4, ranks: 4)
        var noise = Noise(4)
        var found = 0
        for t in 1...800 {
            let losses = (0..<4).map { _ in (t > 600 ? 8 : 0.2) * power(0.4 * noise.normal()) }
            let single = step(t, losses: losses, ranks: 1)
            var several = step(t, losses: losses, ranks: 4)
            for rank in 0..<4 { several.ranks[rank].computeMilliseconds = 100 * noise.uniform() }
            let (a, b) = (one.feed(single), four.feed(several))
            #expect(a.filter(\.isCollective) == b.filter(\.isCollective))
            found += a.filter(\.isCollective).count
        }
        #expect(found == 1)
    }
}
