import Foundation
import Quality
import Testing

@Suite("Replay and saved state")
struct ReplayTests {
    /// A run with everything in it: noise, skips, hard batches, a divergence, validation checks, checkpoints.
    private struct Script {
        var noise = Noise(21)
        var number = 0
        var subject: QualityController
        var log: [String] = []

        mutating func advance(_ steps: Int) {
            for _ in 0..<steps {
                number += 1
                let isBad = number > 700 && number < 760 && subject.rollbacks == 0
                let level = isBad ? 30 : 0.02 + 2.3 * power(-Double(number) / 100)
                let hard = number % 131 == 0 ? 60.0 : 1
                var telemetry = step(
                    number, losses: [level * hard * power(0.5 * noise.normal()), level * power(0.5 * noise.normal())],
                    gradientNorm: power(noise.normal()))
                if number % 173 == 0 { telemetry.shards[0].lossSum = .nan }
                var decisions = subject.feed(telemetry)
                if number % 50 == 0 {
                    decisions += subject.observe(
                        validation: [MetricValue("loss", level), MetricValue("accuracy", 1 - level / 3)], step: number, epoch: number / 50)
                    subject.checkpointWritten(step: number)
                }
                log += decisions.map { "\(number): \($0)" }
                if let plan = decisions.rollback {
                    subject.rolledBack(by: plan, checkpointState: nil)
                    number = plan.target
                }
            }
        }
    }

    private func script() throws -> Script {
        var settings = QualitySettings(earlyStopping: EarlyStoppingSettings(patience: 50))
        settings.alerts = [try AlertRule(when: "validation.accuracy < 0.5", for: 2), try AlertRule(when: "grad_norm > 5")]
        return Script(subject: controller(settings, steps: 2000, epoch: 50, every: 50))
    }

    @Test func theSameTelemetryGivesTheSameDecisions() throws {
        var (one, other) = (try script(), try script())
        one.advance(1500)
        other.advance(1500)
        #expect(one.log == other.log)
        #expect(one.log.count > 20)
        #expect(one.subject.rollbacks == 1)
    }

    @Test(arguments: [1, 50, 99, 173, 346, 703, 706, 900, 1200])
    func savedStateGoesOnAsIfNothingHadHappened(_ cut: Int) throws {
        var whole = try script()
        var halved = try script()
        whole.advance(1500)
        halved.advance(cut)
        let data = try JSONEncoder().encode(halved.subject)
        halved.subject = try JSONDecoder().decode(QualityController.self, from: data)
        halved.advance(1500 - cut)
        #expect(halved.log == whole.log)
        #expect(halved.subject.interventions == whole.subject.interventions)
        #expect(halved.subject.best == whole.subject.best)
    }

    @Test func settingsAndInterventionsRoundTrip() throws {
        var settings = QualitySettings(onSpike: .clip, earlyStopping: EarlyStoppingSettings(minDelta: 0.1, target: 0.5))
        settings.alerts = [try AlertRule(when: "validation.f1 >= 0.5", for: 3, action: .rollback)]
        settings.detection.warmUpSteps = 33
        let data = try JSONEncoder().encode(settings)
        #expect(try JSONDecoder().decode(QualitySettings.self, from: data) == settings)
        var interventions = Interventions()
        for decision in InterventionsTests.collective { interventions.apply(decision) }
        let copy = try JSONDecoder().decode(Interventions.self, from: JSONEncoder().encode(interventions))
        #expect(copy == interventions)
    }

    @Test func settingsThatCannotBeUsedAreNamed() {
        func problem(_ change: (inout QualitySettings) -> Void) -> String {
            var settings = QualitySettings(earlyStopping: EarlyStoppingSettings())
            change(&settings)
            do {
                try settings.validate()
                return "accepted"
            } catch {
                return error.description
            }
        }
        #expect(problem { _ in } == "accepted")
        let found = [
            problem { $0.earlyStopping?.patience = 0 }, problem { $0.earlyStopping?.minDelta = -1 },
            problem { $0.earlyStopping?.startEpoch = 0 },
            problem { $0.earlyStopping?.metric = MetricName(scope: .step, name: "loss") },
            problem { $0.detection.jumpThreshold = -3 }, problem { $0.detection.confirmationSteps = 0 },
            problem { $0.detection.actResidual = 2 }, problem { $0.recovery.learningRateCut = 2 },
            problem { $0.recovery.rollbacksPerRun = -1 },
        ]
        let wanted = [
            "quality.early_stopping.patience: 0 is not a number of checks; 1 stops at the first check without improvement, and leaving "
                + "early_stopping out never stops",
            "quality.early_stopping.min_delta: -1.0 is not 0 or a positive number; it is in the unit of validation.loss",
            "quality.early_stopping.start_epoch: 0 is before the first epoch, which is 1",
            "quality.early_stopping.metric: \"loss\" is a figure of single steps, and patience counts validation checks; take validation.loss "
                + "or train.loss",
            "quality.detection.jump_threshold: -3.0 is not a positive number",
            "quality.detection.confirmation_steps: 0 is not a count; give 1 or more",
            "quality.detection.act_residual: 2.0 lies below warn_residual (5.0)",
            "quality.recovery.learning_rate_cut: 2.0 is not a factor above 0 and up to 1",
            "quality.recovery.rollbacks_per_run: -1 is negative; give 0 or more",
        ]
        #expect(found == wanted)
    }
}
