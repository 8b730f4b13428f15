import Quality
import Testing

@Suite("Early stopping")
struct EarlyStoppingTests {
    private func subject(_ change: (inout EarlyStoppingSettings) -> Void = { _ in }) -> QualityController {
        var stopping = EarlyStoppingSettings()
        change(&stopping)
        return controller(QualitySettings(earlyStopping: stopping))
    }

    /// Feeds one loss per epoch; the epoch at which it stopped, and the epochs that were best.
    private func run(_ subject: inout QualityController, _ losses: [Double], name: String = "loss") -> (stop: Int?, bests: [Int]) {
        var bests: [Int] = []
        for (index, loss) in losses.enumerated() {
            let decisions = subject.observe(validation: [MetricValue(name, loss)], step: (index + 1) * 100, epoch: index + 1)
            for case .newBest(let best) in decisions { bests.append(best.epoch) }
            if decisions.stop != nil { return (index + 1, bests) }
        }
        return (nil, bests)
    }

    @Test(arguments: 1...5)
    func patienceStopsAfterExactlyThatManyBadChecks(_ patience: Int) {
        var subject = subject { $0.patience = patience }
        let (stop, bests) = run(&subject, [3, 2, 1] + Array(repeating: 1.5, count: 10))
        #expect(stop == 3 + patience)
        #expect(bests == [1, 2, 3])
        #expect(subject.stopReason == .earlyStopping)
        #expect(subject.stopReason?.exitCode == 0)
        #expect(subject.best == BestRecord(metric: MetricName(scope: .validation, name: "loss"), value: 1, step: 300, epoch: 3))
    }

    @Test func anImprovementStartsTheCountAnew() {
        var subject = subject { $0.patience = 2 }
        #expect(run(&subject, [3, 4, 2, 4, 1, 4, 0.5, 4, 4]).stop == 9)
    }

    @Test func equalityIsNoImprovement() {
        var subject = subject { $0.patience = 2 }
        #expect(run(&subject, [1, 1, 1]) == (3, [1]))
    }

    @Test func gainsOfMinDeltaOrLessDoNotCount() {
        var subject = subject {
            $0.patience = 3
            $0.minDelta = 0.5
        }
        #expect(run(&subject, [4, 3.5, 3.25, 3]) == (nil, [1, 3]), "measured from the best, not from the last check")
    }

    @Test func aValueThatIsNoNumberIsABadCheckAndAWarning() {
        var subject = subject { $0.patience = 2 }
        let first = subject.observe(validation: [MetricValue("loss", .nan)], step: 1, epoch: 1)
        #expect(first.alarms.map(\.detector) == [.earlyStopping])
        #expect(subject.best == nil)
        let second = subject.observe(validation: [MetricValue("loss", 5)], step: 2, epoch: 2)
        #expect(second.hasNewBest)
        #expect(subject.observe(validation: [MetricValue("loss", .infinity)], step: 3, epoch: 3).stop == nil)
        let last = subject.observe(validation: [], step: 4, epoch: 4)
        #expect(last.stop == .earlyStopping, "a missing metric is a bad check too")
        #expect(last.alarms.first?.text == "validation.loss is missing after epoch 4: counted as a check without improvement")
    }

    @Test(arguments: ["accuracy", "precision", "recall", "f1", "r2"])
    func theseRise(_ name: String) {
        var subject = subject {
            $0.patience = 2
            $0.metric = MetricName(scope: .validation, name: name)
        }
        #expect(run(&subject, [0.5, 0.6, 0.55, 0.6], name: name) == (4, [1, 2]))
    }

    @Test(arguments: ["loss", "mse", "mae", "rmse"])
    func theseFall(_ name: String) {
        var subject = subject {
            $0.patience = 2
            $0.metric = MetricName(scope: .validation, name: name)
        }
        #expect(run(&subject, [0.5, 0.6, 0.4, 0.6, 0.6], name: name) == (5, [1, 3]))
    }

    @Test func checksBeforeTheStartEpochCountNeitherWay() {
        var subject = subject {
            $0.patience = 2
            $0.startEpoch = 4
        }
        #expect(run(&subject, [0.1, 9, 9, 5, 6, 6]) == (6, [4]))
    }

    @Test func theTargetStopsAtOnceAndIsTheBest() {
        var subject = subject {
            $0.metric = MetricName(scope: .validation, name: "accuracy")
            $0.target = 0.97
        }
        #expect(run(&subject, [0.9, 0.96, 0.97, 0.99], name: "accuracy") == (3, [1, 2, 3]))
        #expect(subject.stopReason == .targetReached)
    }

    @Test func aTrainingMetricCanDecideToo() throws {
        var subject = subject {
            $0.patience = 1
            $0.metric = MetricName(scope: .train, name: "loss")
        }
        _ = subject.observe(validation: [MetricValue("loss", 9)], train: [MetricValue("loss", 1)], step: 1, epoch: 1)
        #expect(
            subject.observe(validation: [MetricValue("loss", 1)], train: [MetricValue("loss", 2)], step: 2, epoch: 2).stop == .earlyStopping
        )
    }

    @Test func aRollbackDoesNotRewindPatience() {
        var subject = subject { $0.patience = 3 }
        _ = run(&subject, [3, 4, 4])
        #expect(subject.badChecks == 2)
        let saved = subject
        let plan = RollbackPlan(
            decidedAt: 350, target: 0, onset: 320, skip: 1..<2, cut: LearningRateCut(factor: 0.5, from: 1, cause: .spike))
        subject.rolledBack(by: plan, checkpointState: controller())
        #expect(subject.badChecks == saved.badChecks)
        #expect(subject.best == saved.best)
        #expect(subject.observe(validation: [MetricValue("loss", 3)], step: 400, epoch: 4).stop == .earlyStopping)
    }

    @Test func checksOnGroundThatIsMadeUpCountOnlyIfTheyImprove() {
        var subject = subject { $0.patience = 2 }
        _ = run(&subject, [3, 2])
        let plan = RollbackPlan(
            decidedAt: 250, target: 0, onset: 220, skip: 1..<2, cut: LearningRateCut(factor: 0.5, from: 1, cause: .spike))
        subject.rolledBack(by: plan, checkpointState: controller())
        // Steps 50 to 250 were made before: the network is young again, and worse than its best.
        for step in [50, 100, 150, 200, 250] {
            #expect(subject.observe(validation: [MetricValue("loss", 2.5)], step: step, epoch: 3).stop == nil, "step \(step)")
        }
        #expect(subject.badChecks == 0)
        #expect(subject.observe(validation: [MetricValue("loss", 2.5)], step: 300, epoch: 4).stop == nil)
        #expect(subject.observe(validation: [MetricValue("loss", 2.5)], step: 350, epoch: 5).stop == .earlyStopping)
    }

    @Test func nothingIsWatchedWithoutTheSetting() {
        var subject = controller()
        #expect(run(&subject, [1, 2, 3, 4, 5, 6]).stop == nil)
        #expect(subject.best == nil)
    }
}
