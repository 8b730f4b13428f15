import Quality

/// What waits for the log's writer: fixed places for steps and per-rank times, a list for the few lines that are text.
///
/// Filled by the step thread, emptied by the writer, both under the log's lock. After `init` the step thread's side allocates nothing.
struct StepRing {
    enum Entry {
        case step(StepRecord)
        /// Index of a frame of per-rank times.
        case ranks(step: Int, generation: Int, steps: Int, frame: Int)
        /// The next text in order.
        case text
    }

    private var entries: [Entry]
    private var first = 0
    private(set) var count = 0
    private let ranks: Int
    /// Frames of 3 × ranks: compute, wait, data.
    private(set) var frames: [Double]
    private var framesUsed = 0
    private var nextFrame = 0
    private let frameCount = 64
    /// Sums since the last frame was handed over.
    private var sums: [Double]
    private var summedSteps = 0
    /// Of the last step that was summed.
    private var lastStep = 0
    private var lastGeneration = 0

    init(capacity: Int, ranks: Int) {
        entries = Array(repeating: .text, count: capacity)
        self.ranks = ranks
        frames = Array(repeating: 0, count: frameCount * 3 * ranks)
        sums = Array(repeating: 0, count: 3 * ranks)
    }

    var isFull: Bool { count == entries.count }
    var isHalfFull: Bool { count * 2 >= entries.count }

    /// Whether there are times that no frame holds yet.
    var hasSums: Bool { summedSteps > 0 }

    mutating func append(_ entry: Entry) {
        var place = first + count
        if place >= entries.count { place -= entries.count }
        entries[place] = entry
        count += 1
    }

    mutating func removeFirst() -> Entry {
        let entry = entries[first]
        first += 1
        if first == entries.count { first = 0 }
        count -= 1
        return entry
    }

    /// Adds one step's times. Ranks beyond the planned number are left out.
    mutating func accumulate(_ telemetry: [RankTelemetry], step: Int, generation: Int) {
        lastStep = step
        lastGeneration = generation
        for index in 0..<min(telemetry.count, ranks) {
            sums[index] += telemetry[index].computeMilliseconds
            sums[ranks + index] += telemetry[index].waitMilliseconds
            sums[2 * ranks + index] += telemetry[index].dataMilliseconds
        }
        summedSteps += 1
    }

    /// Hands the means over as an entry, if there is a place for it; else the sums go on growing until there is one.
    mutating func closeFrame() {
        guard summedSteps > 0, framesUsed < frameCount, !isFull else { return }
        let base = nextFrame * 3 * ranks
        for index in 0..<3 * ranks {
            frames[base + index] = sums[index] / Double(summedSteps)
            sums[index] = 0
        }
        append(.ranks(step: lastStep, generation: lastGeneration, steps: summedSteps, frame: nextFrame))
        summedSteps = 0
        nextFrame = (nextFrame + 1) % frameCount
        framesUsed += 1
    }

    /// The writer has read that frame.
    mutating func releaseFrame() { framesUsed -= 1 }

    /// Where a frame lies in ``frames``.
    func range(ofFrame frame: Int) -> Range<Int> { frame * 3 * ranks..<(frame + 1) * 3 * ranks }
}
