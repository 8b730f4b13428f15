/// What the metrics log has to know of the run.
package struct MetricsLogSettings: Sendable {
    /// Every how many steps a line is written; skipped steps always have one.
    package var everySteps: Int
    package var ranks: Int
    package var totalSteps: Int
    package var stepsPerEpoch: Int
    package var epochs: Int
    /// Over how many steps the times of each rank are averaged into one line; nil for about 400 lines per run.
    package var rankEverySteps: Int?
    /// Whether TensorBoard event files are written.
    package var tensorBoard: Bool

    package init(
        everySteps: Int = 1, ranks: Int, totalSteps: Int, stepsPerEpoch: Int, epochs: Int, rankEverySteps: Int? = nil,
        tensorBoard: Bool = true
    ) {
        precondition(everySteps >= 1, "MetricsLogSettings: every \(everySteps) steps; 1 is every step")
        self.everySteps = everySteps
        self.ranks = ranks
        self.totalSteps = totalSteps
        self.stepsPerEpoch = stepsPerEpoch
        self.epochs = epochs
        self.rankEverySteps = rankEverySteps
        self.tensorBoard = tensorBoard
    }

    var rankInterval: Int { max(1, rankEverySteps ?? totalSteps / 400) }
}
