import Optimizers
import Testing

@Suite("Learning-rate schedules")
struct ScheduleTests {
    @Test("Every step's rate is PyTorch's")
    func recordedRates() throws {
        let all: ScheduleFigures = try recorded("schedules.json")
        #expect(all.schedules.count >= 8)
        for figures in all.schedules {
            let schedule = LearningRateSchedule(
                figures.spec, base: all.base, totalSteps: all.steps, stepsPerEpoch: all.stepsPerEpoch)
            for (step, rate) in figures.rates.enumerated() {
                let found = schedule.rate(step: step)
                #expect(relativeDistance(found, rate) < 1e-10, "\(figures.case), step \(step): \(found), PyTorch has \(rate)")
            }
        }
    }

    @Test("Reduce-on-plateau counts as PyTorch does")
    func recordedPlateaus() throws {
        let all: ScheduleFigures = try recorded("schedules.json")
        #expect(all.plateaus.count >= 9)
        for figures in all.plateaus {
            let settings = PlateauSettings(
                factor: figures.factor, patience: figures.patience, threshold: figures.threshold, cooldown: figures.cooldown,
                minimumRate: figures.minLr)
            var state = PlateauState(settings, base: all.base, higherIsBetter: figures.mode == "max")
            let schedule = LearningRateSchedule(
                ScheduleSpec(.reduceOnPlateau(settings)), base: all.base, totalSteps: 100, stepsPerEpoch: 1)
            for (index, (value, rate)) in zip(figures.values, figures.rates).enumerated() {
                let factor = state.observe(value ?? .nan)
                let found = schedule.rate(step: index, plateauFactor: factor)
                #expect(relativeDistance(found, rate) < 1e-10, "\(figures.case), value \(index): \(found), PyTorch has \(rate)")
            }
        }
    }

    @Test("The first step of a warm-up is a small one, its last has the whole rate")
    func warmUp() {
        let schedule = LearningRateSchedule(ScheduleSpec(.constant, warmupSteps: 4), base: 0.2, totalSteps: 10, stepsPerEpoch: 5)
        #expect((0..<6).map { schedule.rate(step: $0) } == [0.05, 0.1, 0.2 * 0.75, 0.2, 0.2, 0.2])
    }

    @Test("Beyond the planned end the cosine stays at its low end")
    func beyondTheEnd() {
        let schedule = LearningRateSchedule(
            ScheduleSpec(.cosine(minimumFactor: 0.25), warmupSteps: 2), base: 1, totalSteps: 10, stepsPerEpoch: 5)
        #expect(schedule.rate(step: 10) == 0.25)
        #expect(schedule.rate(step: 1000) == 0.25)
        #expect(schedule.rate(step: 9) > 0.25)
        #expect(schedule.rate(step: 2) == 1)
        let onlyWarmUp = LearningRateSchedule(ScheduleSpec(.cosine(), warmupSteps: 10), base: 1, totalSteps: 10, stepsPerEpoch: 5)
        #expect(onlyWarmUp.rate(step: 9) == 1)
        #expect(onlyWarmUp.rate(step: 10) == 0)
    }

    @Test("A plateau's state survives saving in mid-count")
    func plateauIsAValue() {
        var one = PlateauState(PlateauSettings(factor: 0.5, patience: 1), base: 0.1, higherIsBetter: false)
        _ = one.observe(1)
        _ = one.observe(1)
        var other = one
        #expect(other.badObservations == 1)
        #expect(one.observe(1) == 0.5)
        #expect(other == PlateauState(after: [1, 1], PlateauSettings(factor: 0.5, patience: 1)))
        #expect(other.observe(0.5) == 1)
    }

    @Test("Numbers that cannot work are refused with the key and the reason")
    func validation() {
        let wrong: [(ScheduleSpec, String)] = [
            (
                ScheduleSpec(.step(every: 0)),
                "schedule.every: 0 does not work: it counts epochs and has to be at least 1"
            ),
            (
                ScheduleSpec(.step(every: 1, gamma: 0)),
                "schedule.gamma: 0.0 does not work: it multiplies the rate and has to be a finite number > 0"
            ),
            (
                ScheduleSpec(.cosine(minimumFactor: 1.5)),
                "schedule.minimum_factor: 1.5 does not work: it is the share of the base rate that is left at the end, from 0 to 1"
            ),
            (ScheduleSpec(.constant, warmupSteps: -1), "schedule.warmup_steps: -1 does not work: it has to be at least 0"),
            (
                ScheduleSpec(.reduceOnPlateau(PlateauSettings(factor: 1))),
                "schedule.factor: 1.0 does not work: it multiplies the rate at each cut and has to be between 0 and 1"
            ),
            (
                ScheduleSpec(.reduceOnPlateau(PlateauSettings(patience: -1))),
                "schedule.patience: -1 does not work: it counts validations and has to be at least 0"
            ),
        ]
        for (spec, message) in wrong {
            let error = #expect(throws: OptimizerError.self) { try spec.validate() }
            #expect(error?.description == message)
        }
        for kind: ScheduleSpec.Kind in [.constant, .step(every: 3), .cosine(), .reduceOnPlateau(PlateauSettings())] {
            #expect(throws: Never.self) { try ScheduleSpec(kind, warmupSteps: 5).validate() }
            #expect(ScheduleSpec.names.contains(ScheduleSpec(kind).name))
        }
    }
}

extension PlateauState {
    fileprivate init(after values: [Double], _ settings: PlateauSettings) {
        self.init(settings, base: 0.1, higherIsBetter: false)
        for value in values { _ = observe(value) }
    }
}
