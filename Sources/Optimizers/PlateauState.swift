/// The memory of reduce-on-plateau, with the counting of PyTorch's `ReduceLROnPlateau` (relative threshold):
///
/// 1. A value improves on the best so far when it is below best · (1 − threshold), or above best · (1 + threshold) where higher is better.
///    The first finite value always does; NaN and infinities never do.
/// 2. An improvement becomes the best and sets the count of bad observations to 0; anything else adds 1 to it.
/// 3. During a cool-down the count is held at 0, and the cool-down shortens by one.
/// 4. When the count exceeds `patience` (so at the (patience + 1)-th bad observation in a row), the rate is multiplied by `factor`, not below
///    `minimumRate`; the count restarts and the cool-down begins. Cuts of less than 1e-8 are not made.
///
/// One quirk is kept with the rest: on a metric whose best is negative, the relative threshold works the wrong way round and lets slightly
/// worse values pass for improvements. Set the threshold to 0 for such a metric.
///
/// Codable: it is part of what a checkpoint holds.
package struct PlateauState: Sendable, Equatable, Codable {
    package let settings: PlateauSettings
    /// Whether a higher value of the metric is a better one.
    package let higherIsBetter: Bool
    /// The rate before any cut; cuts are remembered relative to it.
    package let base: Double

    /// What the schedule's rate is to be multiplied by.
    package private(set) var factor = 1.0
    /// The best value so far; nil before the first.
    package private(set) var best: Double?
    /// Observations in a row without improvement.
    package private(set) var badObservations = 0
    /// Observations that will still not be counted.
    package private(set) var cooldownLeft = 0

    /// Cuts smaller than this are not worth making: PyTorch's `eps`.
    private static let smallestCut = 1e-8

    package init(_ settings: PlateauSettings, base: Double, higherIsBetter: Bool) {
        self.settings = settings
        self.base = base
        self.higherIsBetter = higherIsBetter
    }

    /// Takes in one value of the metric, and returns the factor that holds from now on.
    package mutating func observe(_ value: Double) -> Double {
        if improves(value) {
            best = value
            badObservations = 0
        } else {
            badObservations += 1
        }
        if cooldownLeft > 0 {
            cooldownLeft -= 1
            badObservations = 0
        }
        if badObservations > settings.patience {
            cut()
            cooldownLeft = settings.cooldown
            badObservations = 0
        }
        return factor
    }

    private func improves(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        guard let best else { return true }
        return higherIsBetter ? value > best * (1 + settings.threshold) : value < best * (1 - settings.threshold)
    }

    private mutating func cut() {
        let old = base * factor
        let new = max(old * settings.factor, settings.minimumRate)
        if old - new > Self.smallestCut { factor = new / base }
    }
}
