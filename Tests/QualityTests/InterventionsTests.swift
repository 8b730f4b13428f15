import Quality
import Testing

@Suite("Decisions that travel, and what they add up to")
struct InterventionsTests {
    static let collective: [Decision] =
        [
            .clip(ClipPlan(limit: 1.25, from: 10, until: 30)),
            .reduceLearningRate(LearningRateCut(factor: 0.5, from: 7, cause: .alert)),
            .reduceLearningRate(LearningRateCut(factor: 0.25, from: 7, recovery: .init(holdUntil: 9, recoveredAt: 12), cause: .drift)),
            .rollback(
                RollbackPlan(
                    decidedAt: 1 << 40, target: 500, onset: 510, skip: (1 << 41)..<(1 << 41) + 20,
                    cut: LearningRateCut(factor: 0.5, from: 501, recovery: .init(holdUntil: 700, recoveredAt: 900), cause: .nonFinite))),
            .rollback(
                RollbackPlan(decidedAt: 3, target: 0, onset: 1, skip: 0..<0, cut: LearningRateCut(factor: 0.5, from: 1, cause: .spike))),
        ] + StopReason.allCases.map { .stop(StopPlan(reason: $0, step: 12)) }

    @Test func everyCollectiveDecisionSurvivesTheExchange() {
        for decision in Self.collective {
            #expect(decision.isCollective)
            #expect(DecisionCode(decision).decode() == decision)
            // As bytes, the way it travels.
            let copy = withUnsafeBytes(of: DecisionCode(decision)) { $0.load(as: DecisionCode.self) }
            #expect(copy.decode() == decision)
        }
        #expect(DecisionCode(nil) == .none)
        #expect(DecisionCode.none.decode() == nil)
        #expect(DecisionCode(.checkpointPromoted(step: 3)) == .none)
    }

    @Test func theStrongerDecisionGoesFirst() {
        #expect(Self.collective.map(\.strength).prefix(4) == [1, 2, 2, 3])
        #expect(Self.collective.last?.strength == 4)
    }

    @Test func ratesAreTheProductOfAllCutsAboveTheFloor() {
        var subject = Interventions(learningRateFloor: 0.1)
        #expect(subject.learningRateFactor(at: 1) == 1)
        for _ in 1...3 { subject.apply(.reduceLearningRate(LearningRateCut(factor: 0.5, from: 10, cause: .alert))) }
        #expect(subject.learningRateFactor(at: 9) == 1)
        #expect(subject.learningRateFactor(at: 10) == 0.125)
        subject.apply(.reduceLearningRate(LearningRateCut(factor: 0.5, from: 20, cause: .alert)))
        #expect(subject.learningRateFactor(at: 20) == 0.1)
    }

    @Test func aHealingCutRisesInAStraightLine() {
        let cut = LearningRateCut(factor: 0.5, from: 101, recovery: .init(holdUntil: 200, recoveredAt: 300), cause: .spike)
        #expect([100, 101, 200, 250, 299, 300, 400].map(cut.factor(at:)) == [1, 0.5, 0.5, 0.75, 0.995, 1, 1])
    }

    @Test func skippedBatchesMergeAndAreJumped() {
        var subject = Interventions()
        func back(_ skip: Range<Int>) {
            subject.apply(
                .rollback(
                    RollbackPlan(decidedAt: 9, target: 0, onset: 5, skip: skip, cut: LearningRateCut(factor: 1, from: 1, cause: .spike))))
        }
        back(10..<20)
        back(40..<45)
        back(20..<25)
        back(3..<3)
        #expect(subject.skipped == [10..<25, 40..<45])
        #expect([9, 10, 24, 25, 40, 44, 45].map(subject.nextBatch(from:)) == [9, 25, 25, 25, 45, 45, 45])
        back(25..<40)
        #expect(subject.skipped == [10..<45])
        #expect(subject.generation == 5)
        #expect(subject.rollbacks.count == 5)
    }

    @Test func earlierCutsHoldFromADeeperTargetOn() {
        var subject = Interventions()
        subject.apply(
            .rollback(
                RollbackPlan(
                    decidedAt: 620, target: 500, onset: 610, skip: 0..<0,
                    cut: LearningRateCut(factor: 0.5, from: 501, recovery: .init(holdUntil: 700, recoveredAt: 900), cause: .spike))))
        subject.apply(
            .rollback(
                RollbackPlan(
                    decidedAt: 620, target: 300, onset: 510, skip: 0..<0, cut: LearningRateCut(factor: 0.5, from: 301, cause: .spike))))
        #expect(subject.learningRateFactor(at: 301) == 0.25)
        #expect(subject.learningRateFactor(at: 700) == 0.5)
    }

    @Test func ledgerLinesSayWhatWasDone() {
        let record = Self.collective[3].ledgerRecord(step: 520, generation: 2)
        #expect(record.kind == "decision" && record.step == 520 && record.generation == 2)
        #expect(record.fields.prefix(3).map(\.name) == ["action", "target", "onset"])
        #expect(record["action"] == .text("rollback"))
        #expect(record["learning_rate_scale"] == .real(0.5))
        guard case .text(let text) = record["text"] else { return }
        #expect(
            text
                == "back to the checkpoint of step 500 (last step that looked right: 510); batches 2199023255552 to 2199023255571 are left out; "
                + "learning rate × 0.5 until step 700, whole again at 900")
        let stop = Decision.stop(StopPlan(reason: .earlyStopping, step: 900)).ledgerRecord(step: 900, generation: 0)
        #expect(stop["reason"] == .text("early_stopping") && stop["exit_code"] == .integer(0))
        let alarm = Alarm(
            detector: .lossSpike, level: .act, step: 5, statistic: 9, threshold: 8, baseline: .init(location: -1, scale: 0.5), shards: [1],
            ranks: [0], text: "up")
        let line = Decision.warn(alarm).ledgerRecord(step: 5, generation: 0)
        #expect(line.kind == "alarm")
        #expect(
            line.fields.map(\.name) == ["detector", "level", "statistic", "threshold", "baseline", "scale", "shards", "ranks", "text"])
    }
}
