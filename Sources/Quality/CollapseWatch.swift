/// Watches the loss while the charts are still learning its level: a network that had begun to learn and has lost it again.
///
/// Deliberately coarse, because nothing is known of the noise yet. It speaks once the smoothed loss has stayed at three times its lowest value
/// for 20 steps, though only if that lowest value was at most two thirds of the first one (something had been learned) and the loss is back
/// at half of the first one or more. The overshoot of the very first steps is therefore no collapse, nor is noise around a low level.
struct CollapseWatch: Codable, Sendable, Equatable {
    private var first: Double?
    private var smoothed = 0.0
    private var steps = 0
    private var lowest = Double.greatestFiniteMagnitude
    /// Where the loss was lowest: the last step that surely looked right.
    private(set) var lowestAt = Moment(step: 0, batch: 0)
    private var stepsAbove = 0
    private var reported = false

    private static let settling = 10
    private static let weight = 0.2
    private static let confirmationSteps = 20
    private static let rise = naturalLogarithm(3.0)
    private static let learned = naturalLogarithm(2.0 / 3.0)
    private static let severe = naturalLogarithm(0.5)

    /// Takes the logarithm of a finite loss. True once, when the collapse is certain. No allocation.
    mutating func observe(_ logLoss: Double, at moment: Moment) -> Bool {
        steps += 1
        smoothed = steps == 1 ? logLoss : smoothed + Self.weight * (logLoss - smoothed)
        let start = first ?? logLoss
        first = start
        if smoothed < lowest {
            lowest = smoothed
            lowestAt = moment
        }
        let collapsed =
            steps > Self.settling && lowest <= start + Self.learned && smoothed > lowest + Self.rise && smoothed >= start + Self.severe
        stepsAbove = collapsed ? stepsAbove + 1 : 0
        guard stepsAbove >= Self.confirmationSteps, !reported else { return false }
        reported = true
        return true
    }

    /// By what factor the smoothed loss lies above its lowest value.
    var factor: Double { exponential(min(smoothed - lowest, 700)) }
    var riseInSteps: Int { stepsAbove }
}
