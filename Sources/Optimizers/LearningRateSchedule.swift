#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The learning rate as a function of the step: a value without state, so that any step can be asked for, after a resume or a rollback too.
///
/// What does depend on the past, the cuts of reduce-on-plateau, comes in as an argument from ``PlateauState``.
package struct LearningRateSchedule: Sendable {
    package let spec: ScheduleSpec
    /// The optimiser's learning rate, before the schedule.
    package let base: Double
    /// The planned length of the run.
    package let totalSteps: Int
    package let stepsPerEpoch: Int

    /// - Parameters:
    ///   - totalSteps: the planned length; only the cosine reads it.
    ///   - stepsPerEpoch: batches in an epoch, the short one at the end included.
    package init(_ spec: ScheduleSpec, base: Double, totalSteps: Int, stepsPerEpoch: Int) {
        precondition(
            totalSteps >= 0 && stepsPerEpoch >= 1, "LearningRateSchedule: \(totalSteps) steps with \(stepsPerEpoch) in an epoch")
        self.spec = spec
        self.base = base
        self.totalSteps = totalSteps
        self.stepsPerEpoch = stepsPerEpoch
    }

    /// The rate of a step.
    ///
    /// - Parameters:
    ///   - step: counted from 0.
    ///   - plateauFactor: what ``PlateauState`` says; 1 for the other kinds.
    /// - Complexity: O(log step); no allocation.
    package func rate(step: Int, plateauFactor: Double = 1) -> Double {
        precondition(step >= 0, "LearningRateSchedule: step \(step); steps count from 0")
        let warmUp = step < spec.warmupSteps ? Double(step + 1) / Double(spec.warmupSteps) : 1
        return base * warmUp * decay(step) * plateauFactor
    }

    private func decay(_ step: Int) -> Double {
        switch spec.kind {
        case .constant, .reduceOnPlateau:
            return 1
        case .step(let every, let unit, let gamma):
            return power(gamma, step / (unit == .epochs ? every * stepsPerEpoch : every))
        case .cosine(let minimumFactor):
            if step < spec.warmupSteps { return 1 }
            let length = totalSteps - spec.warmupSteps
            let position = step - spec.warmupSteps
            if position >= length { return minimumFactor }
            return minimumFactor + (1 - minimumFactor) * (1 + cos(Double.pi * Double(position) / Double(length))) / 2
        }
    }
}

/// `base` to a whole power by repeated squaring: multiplications only, so the result is the same on every machine, whatever its libm.
///
/// - Complexity: O(log exponent).
func power(_ base: Double, _ exponent: Int) -> Double {
    var result = 1.0
    var square = base
    var rest = exponent
    while rest > 0 {
        if rest & 1 == 1 { result *= square }
        square *= square
        rest >>= 1
    }
    return result
}
