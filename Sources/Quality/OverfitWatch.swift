/// D4: the validation loss moves away from its best while the training loss does not follow (Prechelt's generalisation loss). Warns only.
struct OverfitWatch: Codable, Sendable, Equatable {
    private var best: Double?
    private var checks = 0
    private(set) var isActive = false

    enum Change { case none, began(percent: Double, best: Double), ended }

    mutating func observe(validationLoss: Double?, trainLoss: Double?, settings: DetectionSettings) -> Change {
        guard let loss = validationLoss, loss.isFinite else { return .none }
        guard let lowest = best, loss >= lowest else {
            best = loss
            return quiet()
        }
        // Ratios of losses at or below zero mean nothing.
        guard lowest > 0 else { return quiet() }
        let percent = 100 * (loss / lowest - 1)
        guard percent > settings.overfitPercent, loss > trainLoss ?? -.infinity else { return quiet() }
        checks += 1
        guard checks == 2, !isActive else { return .none }
        isActive = true
        return .began(percent: percent, best: lowest)
    }

    private mutating func quiet() -> Change {
        checks = 0
        guard isActive else { return .none }
        isActive = false
        return .ended
    }
}
