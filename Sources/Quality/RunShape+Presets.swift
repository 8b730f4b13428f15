extension RunShape {
    /// A tenth of the run, between 20 and `most` steps.
    private func tenth(most: Int) -> Int { min(most, max(20, totalSteps / 10)) }

    func warmUpSteps(_ settings: DetectionSettings) -> Int { settings.warmUpSteps ?? tenth(most: 100) }
    func probationSteps(_ settings: RecoverySettings) -> Int { settings.probationSteps ?? tenth(most: 200) }
    /// Long enough for a fault written into a checkpoint to have shown itself.
    func promotionSteps(_ settings: RecoverySettings) -> Int {
        settings.promotionSteps ?? max(20, min(tenth(most: 60), 2 * max(checkpointInterval, 1)))
    }
    func skippedBatches(_ settings: RecoverySettings) -> Int { settings.skippedBatches ?? max(20, stepsPerEpoch / 20) }
}
