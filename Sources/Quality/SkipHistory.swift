/// D0: which of the last 1,000 updates were skipped because something was not finite.
struct SkipHistory: Codable, Sendable, Equatable {
    static let window = 1000

    private var bits = [UInt64](repeating: 0, count: (Self.window + 63) / 64)
    private var cursor = 0
    private(set) var skipped = 0
    /// Skips without an update between them, and where they began.
    private(set) var consecutive = 0
    private(set) var first = Moment(step: 0, batch: 0)

    /// O(1), no allocation.
    mutating func record(skipped skip: Bool, at moment: Moment) {
        let (word, bit) = (cursor / 64, UInt64(1) << UInt64(cursor % 64))
        if bits[word] & bit != 0 { skipped -= 1 }
        if skip {
            bits[word] |= bit
            skipped += 1
            if consecutive == 0 { first = moment }
            consecutive += 1
        } else {
            bits[word] &= ~bit
            consecutive = 0
        }
        cursor = (cursor + 1) % Self.window
    }

    /// Whether this skip is one too many: the run of skips has just reached its limit (or a multiple), or more of the window was skipped
    /// than the share allows.
    func isTooMuch(settings: DetectionSettings) -> Bool {
        guard consecutive > 0 else { return false }
        return consecutive % settings.consecutiveSkips == 0 || Double(skipped) > settings.skippedShare * Double(Self.window)
    }
}
