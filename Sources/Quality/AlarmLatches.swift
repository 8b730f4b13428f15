/// Keeps an alarm from being repeated every step: a detector speaks when it first fires and is quiet again after 20 steps without firing.
struct AlarmLatches: Codable, Sendable, Equatable {
    static let quietSteps = 20

    /// Step of the last firing of each detector, 0 where it is quiet. In the order of `Detector.allCases`.
    private var lastFiring = [Int](repeating: 0, count: Detector.allCases.count)
    private(set) var active = 0

    /// True where the detector was quiet before. No allocation.
    mutating func fire(_ detector: Detector, step: Int) -> Bool {
        let isNew = lastFiring[detector.index] == 0
        if isNew { active += 1 }
        lastFiring[detector.index] = step
        return isNew
    }

    /// A detector whose alarm has just run out; call until nil. No allocation.
    mutating func expire(step: Int) -> Detector? {
        guard active > 0 else { return nil }
        for index in lastFiring.indices where lastFiring[index] > 0 && step - lastFiring[index] >= Self.quietSteps {
            lastFiring[index] = 0
            active -= 1
            return Detector.allCases[index]
        }
        return nil
    }
}

extension Detector {
    var index: Int {
        switch self {
        case .finite: 0
        case .lossSpike: 1
        case .lossDrift: 2
        case .gradientSpike: 3
        case .gradientDrift: 4
        case .oddShard: 5
        case .overfit: 6
        case .earlyStopping: 7
        case .learningRate: 8
        case .slowRank: 9
        case .alert: 10
        case .recovery: 11
        }
    }
}
