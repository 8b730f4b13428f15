import CAllocationCounter
import Quality
import Testing

@Suite("The steady state allocates nothing")
struct AllocationTests {
    @Test(.enabled(if: allocation_count_supported() == 1, "allocations are counted on glibc only"))
    func stepsWithoutDecisions() throws {
        let settings = QualitySettings(alerts: [try AlertRule(when: "loss > 50", for: 2), try AlertRule(when: "validation.f1 < 0.1")])
        var subject = controller(settings, steps: 2000, shards: 8, ranks: 4)
        var noise = Noise(13)
        var telemetry = step(1, losses: Array(repeating: 0.5, count: 8), ranks: 4)
        // Past the warm-up, the first windows of the slow-rank watch, and whatever the run-time sets up at first use.
        var calm = 0
        var allocations: Int64 = 0
        for t in 1...400 {
            refill(&telemetry, t, &noise)
            if t == 300 { subject.checkpointWritten(step: 300) }
            if t == 301 { allocation_count_begin() }
            let outcome = Vote.evaluate(telemetry)
            let isCalm = subject.observe(step: telemetry, outcome: outcome).isEmpty && DecisionCode(nil) == .none
            let isFree = subject.interventions.nextBatch(from: t) == t && subject.interventions.learningRateFactor(at: t) == 1
            if isCalm && isFree { calm += 1 }
            if t == 350 { allocations = allocation_count_end() }
        }
        #expect(calm == 399, "all but the step that promotes the checkpoint")
        #expect(allocations == 0)
    }

    private func refill(_ telemetry: inout StepTelemetry, _ t: Int, _ noise: inout Noise) {
        telemetry.step = t
        telemetry.batch = t - 1
        for index in telemetry.shards.indices { telemetry.shards[index].lossSum = 8 * (1 + 0.1 * noise.uniform()) }
        for index in telemetry.ranks.indices {
            telemetry.ranks[index].step = t
            telemetry.ranks[index].batch = t - 1
            telemetry.ranks[index].computeMilliseconds = 2 + 0.1 * noise.uniform()
        }
    }
}
