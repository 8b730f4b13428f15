/// D1 and D2: spikes and drifts of the loss, on the logarithm, with the gradient's norm as a second witness.
///
/// A firing opens a confirmation window; only if the loss is still up at its end is there an incident. The gradient's norm can open a
/// window, but only the loss confirms it: large gradients by themselves harm nobody.
struct SpikeWatch: Codable, Sendable, Equatable {
    /// What one step brought.
    struct Verdict {
        var loss: ResidualStream.Reading
        var gradient: ResidualStream.Reading
        /// Act-level statistics this step, confirmed or not.
        var fired = false
        /// A confirmed rise, reported once.
        var incident: Incident?
    }

    struct Incident: Equatable {
        var cause: InterventionCause
        /// The last step that looked right.
        var onset: Moment
        /// Mean residual over the window and its length in steps.
        var meanResidual: Double
        var steps: Int
        /// By what factor the loss has grown (geometric mean over the window against the baseline).
        var factor: Double
    }

    private struct Window: Codable, Equatable {
        var cause: InterventionCause
        var onset: Moment
        var steps = 0
        var residualSum = 0.0
        var riseSum = 0.0
        var smallestResidual = Double.greatestFiniteMagnitude
        /// Average with weight 0.2 of the residuals: whether the rise is still there after many steps.
        var recentResidual = 0.0
        /// Passed the first test: the rise has persisted.
        var persistent = false
        /// Reported; kept open so that the same rise is not reported again.
        var reported = false
    }

    private(set) var loss: ResidualStream
    private(set) var gradient: ResidualStream
    private var window: Window?
    private var collapse = CollapseWatch()

    /// Residual below which a jump counts as healed, and mean residual that a drift must keep.
    private static let healed = 3.0
    private static let persistentMean = 1.5
    /// Losses and norms at or below this have no useful logarithm.
    private static let smallest = 1e-12

    init(warmUp: Int, floor: Double) {
        loss = ResidualStream(warmUp: warmUp, floor: floor)
        gradient = ResidualStream(warmUp: warmUp, floor: floor)
    }

    /// Whether a firing is waiting for its confirmation.
    var isUndecided: Bool { window != nil }

    /// - Precondition: both figures are finite. A loss that is zero or negative is taken for 1e-12. No allocation.
    mutating func observe(loss x: Double, gradientNorm: Double, at moment: Moment, settings: DetectionSettings) -> Verdict {
        let lossReading = loss.observe(naturalLogarithm(max(x, Self.smallest)), at: moment, settings: settings)
        let gradientReading = gradient.observe(naturalLogarithm(max(gradientNorm, Self.smallest)), at: moment, settings: settings)
        var verdict = Verdict(loss: lossReading, gradient: gradientReading)
        guard let residual = lossReading.residual, let gradientResidual = gradientReading.residual else {
            if collapse.observe(naturalLogarithm(max(x, Self.smallest)), at: moment) {
                verdict.fired = true
                verdict.incident = Incident(
                    cause: .spike, onset: collapse.lowestAt, meanResidual: 0, steps: collapse.riseInSteps, factor: collapse.factor)
            }
            return verdict
        }

        let lossFires =
            residual > settings.actResidual || loss.jumpEvidence > settings.jumpThreshold || loss.rampEvidence > settings.rampThreshold
        let gradientFires = gradientResidual > settings.actResidual || gradient.jumpEvidence > settings.jumpThreshold
        verdict.fired = lossFires || gradientFires
        if window == nil {
            if verdict.fired { window = open(lossFires: lossFires, residual: residual, settings: settings) }
        } else {
            verdict.incident = advance(residual: residual, rise: lossReading.rise, settings: settings)
        }
        absorb(at: moment, settings: settings)
        return verdict
    }

    private func open(lossFires: Bool, residual: Double, settings: DetectionSettings) -> Window {
        let isJump = residual > settings.actResidual || loss.jumpEvidence > settings.jumpThreshold || !lossFires
        var onset = isJump ? loss.jump.onset : loss.ramp.onset
        if !lossFires, gradient.jump.onset.step < onset.step { onset = gradient.jump.onset }
        return Window(cause: isJump ? .spike : .drift, onset: onset)
    }

    /// One more step of an open window.
    private mutating func advance(residual: Double, rise: Double, settings: DetectionSettings) -> Incident? {
        guard var open = window else { return nil }
        open.steps += 1
        open.residualSum += residual
        open.riseSum += rise
        open.smallestResidual = min(open.smallestResidual, residual)
        open.recentResidual = open.steps == 1 ? residual : open.recentResidual + 0.2 * (residual - open.recentResidual)
        window = open
        guard open.steps >= settings.confirmationSteps else { return nil }
        let mean = open.residualSum / Double(open.steps)
        if !open.persistent {
            let chartsAgree = loss.jumpEvidence > settings.jumpThreshold || loss.rampEvidence > settings.rampThreshold
            guard open.smallestResidual >= Self.healed || (mean >= Self.persistentMean && chartsAgree) else {
                window = nil
                return nil
            }
            window?.persistent = true
        } else if open.recentResidual < Self.persistentMean {
            window = nil
            return nil
        }
        guard !open.reported else { return nil }
        let meanRise = open.riseSum / Double(open.steps)
        guard meanRise >= naturalLogarithm(settings.minimumRise) else { return nil }
        let level = loss.location + meanRise
        let isSevere = level >= (loss.start ?? level) + naturalLogarithm(settings.severeFraction)
        guard isSevere || open.steps >= settings.mildConfirmationSteps else { return nil }
        window?.reported = true
        return Incident(
            cause: open.cause, onset: open.onset, meanResidual: mean, steps: open.steps, factor: exponential(min(meanRise, 700)))
    }

    /// A level that nobody acted upon for long enough becomes the baseline, or the watch would be blind from then on.
    private mutating func absorb(at moment: Moment, settings: DetectionSettings) {
        let patience = 2 * settings.mildConfirmationSteps
        if loss.frozenSteps > patience {
            loss.rebase(at: moment)
            window = nil
        }
        if gradient.frozenSteps > patience { gradient.rebase(at: moment) }
    }
}
