/// One figure of training followed over the steps, on the logarithm: where it usually lies (`location`), how much it usually varies
/// (`scale`), and two one-sided CUSUM charts of the residual r = (x − location) / scale.
///
/// - location: exponential average with weight 0.05 of residuals winsorised to ±4, so that one outlier moves it by 0.2 scales at most.
/// - scale: the larger of the mean absolute deviation and the upper semi-deviation (weight 0.02 each), never below a floor. The second
///   matters late in training, where most batches cost next to nothing and a few cost much: the bulk alone would call these outliers.
/// - correlation: neighbouring residuals that resemble each other carry a chart away without anything being wrong (at a correlation of 0.6
///   a tenth of the run length is left), so its thresholds grow by (1 + φ) / (1 − φ), with φ the estimate less its own uncertainty.
/// - start: nothing is judged during the warm-up; it ends with the median of the newest values and the MAD of first differences, which a
///   falling loss does not inflate.
/// - while a chart is above half its threshold the baseline stands still, or it would learn the fault.
///
/// All stored figures are finite: the caller lets nothing else in.
struct ResidualStream: Codable, Sendable, Equatable {
    /// What one observation looks like against the baseline before it.
    struct Reading {
        /// nil during the warm-up.
        var residual: Double?
        /// x − location, in the unit of x.
        var rise: Double
    }

    /// A one-sided CUSUM S ← max(0, S + r − slack), and the last step at which it was 0: the estimate of the onset.
    struct Chart: Codable, Sendable, Equatable {
        var sum = 0.0
        var onset = Moment(step: 0, batch: 0)

        mutating func add(_ residual: Double, slack: Double, at moment: Moment) {
            sum = max(0, sum + residual - slack)
            if sum == 0 { onset = moment }
        }
    }

    private static let winsor = 4.0
    private static let locationWeight = 0.05
    private static let scaleWeight = 0.02
    private static let correlationWeight = 0.01
    private static let correlationUncertainty = 0.2
    /// Ratio of standard deviation to mean absolute deviation, and to the median absolute deviation, of a Gaussian.
    private static let fromMeanDeviation = 1.2533141373155003
    private static let fromMedianDeviation = 1.482602218505602

    private let warmUpLength: Int
    private let floor: Double
    private var warmUp: [Double]
    private(set) var location = 0.0
    private var deviation = 0.0
    private var upperSquare = 0.0
    // Winsorised residuals: mean, previous one, squared deviation and product of neighbours' deviations.
    private var mean = 0.0
    private var previous = 0.0
    private var square = 1.0
    private var product = 0.0
    private var observations = 0
    private(set) var jump = Chart()
    private(set) var ramp = Chart()
    /// Average of recent values with weight 0.2, whatever they are: where the stream would be taken to lie now.
    private(set) var recent = 0.0
    /// Consecutive observations during which the baseline stood still.
    private(set) var frozenSteps = 0
    /// Median of the first values: what an untrained model scores.
    private(set) var start: Double?

    init(warmUp length: Int, floor: Double) {
        warmUpLength = max(length, 4)
        self.floor = floor
        warmUp = []
        warmUp.reserveCapacity(warmUpLength)
    }

    var isWarm: Bool { observations >= warmUpLength }

    /// Estimated from few observations a scale is uncertain; it is widened by 10 / n.
    var scale: Double {
        let spread = max(Self.fromMeanDeviation * deviation, (2 * upperSquare).squareRoot())
        return max(floor, spread) * (1 + 10 / Double(max(observations, 10)))
    }

    /// By how much the charts' thresholds are wider than for independent residuals. 1 or more.
    var widening: Double {
        let correlation = min(max(0, product / square - Self.correlationUncertainty), 0.75)
        return (1 + correlation) / (1 - correlation)
    }

    /// The jump chart's sum in units of independent residuals: what thresholds are compared with.
    var jumpEvidence: Double { jump.sum / widening }
    var rampEvidence: Double { ramp.sum / widening }

    var baseline: Alarm.Baseline { Alarm.Baseline(location: location, scale: scale) }

    /// Judges `x` against the baseline, then learns from it. No allocation.
    mutating func observe(_ x: Double, at moment: Moment, settings: DetectionSettings) -> Reading {
        guard isWarm else {
            prepare(x, at: moment)
            return Reading(residual: nil, rise: 0)
        }
        observations += 1
        let scale = self.scale
        let rise = x - location
        let residual = rise / scale
        recent += 0.2 * (x - recent)
        let winsorised = min(max(residual, -Self.winsor), Self.winsor)
        jump.add(winsorised, slack: settings.jumpSlack, at: moment)
        ramp.add(winsorised, slack: settings.rampSlack, at: moment)
        if jumpEvidence > settings.jumpThreshold / 2 || rampEvidence > settings.rampThreshold / 2 {
            frozenSteps += 1
        } else {
            frozenSteps = 0
            let step = scale * winsorised
            location += Self.locationWeight * step
            deviation += Self.scaleWeight * (abs(step) - deviation)
            let above = max(0, min(residual, 2 * Self.winsor)) * scale
            upperSquare += Self.scaleWeight * (above * above - upperSquare)
            learnCorrelation(winsorised)
        }
        return Reading(residual: residual, rise: rise)
    }

    private mutating func learnCorrelation(_ residual: Double) {
        let weight = Self.correlationWeight
        mean += weight * (residual - mean)
        let deviation = residual - mean
        square += weight * (deviation * deviation - square)
        square = max(square, 1e-6)
        product += weight * (deviation * previous - product)
        previous = deviation
    }

    /// Takes the present level for the usual one: used where a rise is there to stay and nobody acts on it.
    mutating func rebase(at moment: Moment) {
        location = recent
        jump = Chart(sum: 0, onset: moment)
        ramp = Chart(sum: 0, onset: moment)
        frozenSteps = 0
    }

    private mutating func prepare(_ x: Double, at moment: Moment) {
        warmUp.append(x)
        observations += 1
        if observations == min(warmUpLength, 20) { start = median(of: warmUp[...]) }
        guard isWarm else { return }
        location = median(of: warmUp.suffix(20))
        recent = location
        var steps = warmUp.indices.dropFirst().map { warmUp[$0] - warmUp[$0 - 1] }
        let middle = median(of: steps[...])
        for index in steps.indices { steps[index] = abs(steps[index] - middle) }
        let spread = Self.fromMedianDeviation * median(of: steps[...]) / 2.0.squareRoot()
        deviation = spread / Self.fromMeanDeviation
        upperSquare = spread * spread / 2
        jump.onset = moment
        ramp.onset = moment
        warmUp = []
    }
}

/// A step and the batch it read.
struct Moment: Codable, Sendable, Equatable {
    var step: Int
    var batch: Int
}

/// The upper median. - Precondition: not empty. O(n log n).
func median(of values: ArraySlice<Double>) -> Double {
    values.sorted()[values.count / 2]
}
