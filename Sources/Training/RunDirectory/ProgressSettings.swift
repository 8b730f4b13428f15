/// How a run is shown while it goes on.
package struct ProgressSettings: Sendable {
    package enum Mode: String, Sendable, CaseIterable {
        /// A live line on a terminal, plain lines elsewhere.
        case auto
        case bar
        case plain
        case none
    }

    package var mode: Mode
    package var totalSteps: Int
    package var stepsPerEpoch: Int
    package var epochs: Int
    /// The steps that were done before, on a resume.
    package var firstStep: Int
    /// Seconds between plain lines.
    package var plainInterval: Double

    package init(
        mode: Mode = .auto, totalSteps: Int, stepsPerEpoch: Int, epochs: Int, firstStep: Int = 0, plainInterval: Double = 10
    ) {
        self.mode = mode
        self.totalSteps = totalSteps
        self.stepsPerEpoch = max(1, stepsPerEpoch)
        self.epochs = epochs
        self.firstStep = firstStep
        self.plainInterval = plainInterval
    }
}
