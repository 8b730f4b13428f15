import Quality
import Testing

@Suite("Alerts")
struct AlertTests {
    @Test func rulesAreRead() throws {
        let rule = try AlertRule(when: "validation.accuracy < 0.9", for: 2, action: .stop)
        #expect(rule.metric == MetricName(scope: .validation, name: "accuracy"))
        #expect(rule.comparison == .less && rule.threshold == 0.9 && rule.evaluations == 2 && rule.action == .stop)
        #expect(rule.condition == "validation.accuracy < 0.9")
        #expect(try AlertRule(when: "grad_norm>=1e3").comparison == .greaterOrEqual)
        #expect(try AlertRule(when: " loss <= -2 ").threshold == -2)
        #expect(try AlertRule(when: "train.loss > 5").metric.scope == .train)
    }

    @Test(arguments: [
        (
            "validation.accuracy = 0.9",
            #"quality.alerts[1].when: "validation.accuracy = 0.9" has none of < <= > >=; write a metric, a comparison and a number: "validation.accuracy < 0.9""#
        ),
        (
            "validation.accuracy < high",
            #"quality.alerts[1].when: "validation.accuracy < high" does not compare with a number ("high"); write a metric, a comparison and a number: "validation.accuracy < 0.9""#
        ),
    ])
    func malformedRulesSayHowToMendThem(_ text: String, _ message: String) {
        #expect(throws: QualityError.self) { try AlertRule(when: text, key: "quality.alerts[1]") }
        do { _ = try AlertRule(when: text, key: "quality.alerts[1]") } catch { #expect(error.description == message) }
    }

    @Test func unknownMetricsListTheValidOnes() {
        do {
            _ = try AlertRule(when: "validation.acuracy < 0.9")
            Issue.record("accepted")
        } catch {
            #expect(error.description.hasPrefix(#"quality.alerts.when: unknown metric "validation.acuracy"; valid are validation.loss, "#))
            #expect(error.description.hasSuffix("and of every step loss, grad_norm, learning_rate"))
        }
        #expect(throws: QualityError.self) { try AlertRule(when: "loss > 1", for: 0) }
        #expect(throws: QualityError.self) { try MetricName("val_loss") }
        #expect(throws: QualityError.self) { try MetricName("step.loss") }
    }

    private func subject(_ rules: [AlertRule]) -> QualityController { controller(QualitySettings(alerts: rules)) }

    private func checks(_ subject: inout QualityController, _ values: [Double]) -> [[Decision]] {
        values.enumerated().map { index, value in
            subject.observe(validation: [MetricValue("accuracy", value)], step: 100 * (index + 1), epoch: index + 1)
        }
    }

    @Test func firesAtTheNthBreachRunningAndOnce() throws {
        var subject = subject([try AlertRule(when: "validation.accuracy < 0.9", for: 2)])
        let found = checks(&subject, [0.8, 0.95, 0.8, 0.8, 0.8, 0.95, 0.8, 0.8, 0.95, 0.95, 0.8, 0.8])
        #expect(found.indices.filter { !found[$0].alarms.isEmpty } == [3, 11], "one hold in between does not arm it again, two do")
        #expect(found[9].clears(.alert))
        #expect(found[3].alarms.first?.text == "validation.accuracy < 0.9 in 2 evaluations running: validation.accuracy is 0.8")
    }

    @Test func aValueThatIsNoNumberIsABreach() throws {
        var subject = subject([try AlertRule(when: "validation.accuracy < 0.9")])
        #expect(checks(&subject, [.nan])[0].alarms.count == 1)
    }

    @Test func aMetricThatWasNotMeasuredIsNoEvidence() throws {
        var subject = subject([try AlertRule(when: "validation.f1 < 0.9")])
        #expect(checks(&subject, [0.1, 0.1]).joined().isEmpty)
    }

    @Test func reducesTheRateForGood() throws {
        var subject = subject([try AlertRule(when: "validation.accuracy < 0.9", action: .reduceLearningRate)])
        let decisions = checks(&subject, [0.8])[0]
        #expect(decisions.contains(.reduceLearningRate(LearningRateCut(factor: 0.5, from: 101, cause: .alert))))
        #expect(subject.interventions.learningRateFactor(at: 100) == 1)
        #expect(subject.interventions.learningRateFactor(at: 101) == 0.5)
        #expect(subject.interventions.learningRateFactor(at: 100_000) == 0.5)
    }

    @Test func stops() throws {
        var subject = subject([try AlertRule(when: "validation.accuracy < 0.9", action: .stop)])
        #expect(checks(&subject, [0.95, 0.8])[1].stop == .alert)
        #expect(subject.stopReason?.exitCode == 0)
        #expect(checks(&subject, [0.1])[0].isEmpty)
    }

    @Test func rollsBackToBeforeTheFirstBreach() throws {
        var subject = subject([try AlertRule(when: "validation.accuracy < 0.9", for: 2, action: .rollback)])
        for t in 1...300 {
            _ = subject.feed(step(t, losses: [0.5, 0.5]))
            if t % 100 == 0 { subject.checkpointWritten(step: t) }
        }
        for t in 301...400 { _ = subject.feed(step(t, losses: [0.5, 0.5])) }
        #expect(subject.goodCheckpoints == [0, 100, 200, 300])
        let found = checks(&subject, [0.95, 0.95, 0.8, 0.8])
        let plan = found[3].rollback
        #expect(plan?.target == 200, "the check at step 200 still held, the one at 300 did not")
        #expect(plan?.skip.isEmpty == true)
        #expect(plan?.cause == .alert)
        #expect(found[3].contains(.checkpointRejected(step: 300)))
    }

    @Test func figuresOfEveryStepCanBeWatched() throws {
        var subject = subject([
            try AlertRule(when: "grad_norm > 10", for: 3), try AlertRule(when: "loss > 4", for: 2, action: .stop),
            try AlertRule(when: "learning_rate > 0.5"),
        ])
        var fired: [Int] = []
        for t in 1...10 {
            let decisions = subject.feed(step(t, losses: t >= 9 ? [5, 5] : [1, 1], gradientNorm: t >= 4 ? 20 : 1))
            if !decisions.alarms.isEmpty { fired.append(t) }
            if t == 10 { #expect(decisions.stop == .alert) }
        }
        #expect(fired == [6, 10])
    }

    @Test func theStrongestActionWins() throws {
        var subject = subject([
            try AlertRule(when: "validation.accuracy < 0.9", action: .reduceLearningRate),
            try AlertRule(when: "validation.accuracy < 0.8", action: .stop),
            try AlertRule(when: "validation.accuracy < 0.7", action: .rollback),
        ])
        let decisions = checks(&subject, [0.5])[0]
        #expect(decisions.alarms.count == 3)
        #expect(decisions.filter(\.isCollective).count == 1)
        #expect(decisions.stop == .alert)
    }
}
