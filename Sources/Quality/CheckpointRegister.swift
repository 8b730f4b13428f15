/// Which checkpoints may be trusted. A checkpoint is not good because it is old but because nothing went wrong for longer than a fault
/// takes to show.
struct CheckpointRegister: Codable, Sendable, Equatable {
    struct Entry: Codable, Sendable, Equatable {
        var step: Int
        var isGood: Bool
        /// Rollbacks that went here.
        var rollbacks = 0
    }

    /// Ascending steps. Step 0, the initial weights, is good from the start.
    fileprivate(set) var entries = [Entry(step: 0, isGood: true)]

    /// A checkpoint of a step that is already known replaces it and has to prove itself anew.
    mutating func written(step: Int, isGood: Bool = false) {
        removed(step: step)
        let index = entries.firstIndex { $0.step > step } ?? entries.endIndex
        entries.insert(Entry(step: step, isGood: isGood || step == 0), at: index)
    }

    mutating func removed(step: Int) { entries.removeAll { $0.step == step } }

    /// The oldest candidate that has stood for `clean` steps since it was written and since the last firing. No allocation.
    mutating func promote(at step: Int, clean: Int, lastFiring: Int) -> Int? {
        for index in entries.indices where !entries[index].isGood {
            guard step - max(entries[index].step, lastFiring) >= clean else { continue }
            entries[index].isGood = true
            return entries[index].step
        }
        return nil
    }

    /// The newest good checkpoint before `onset` that has not been gone back to `limit` times.
    func target(before onset: Int, limit: Int) -> Int? {
        entries.last { $0.isGood && $0.step < onset && $0.rollbacks < limit }?.step
    }

    /// Notes a rollback to `target`: what was written later belongs to a past that is given up.
    mutating func rolledBack(to target: Int) -> [Int] {
        let later = entries.filter { $0.step > target }.map(\.step)
        entries.removeAll { $0.step > target }
        for index in entries.indices where entries[index].step == target { entries[index].rollbacks += 1 }
        return later
    }
}

extension CheckpointRegister {
    /// Keeps the counts of rollbacks of the checkpoints that both know.
    mutating func adoptRollbacks(of other: CheckpointRegister) {
        for index in entries.indices {
            if let same = other.entries.first(where: { $0.step == entries[index].step }) { entries[index].rollbacks = same.rollbacks }
        }
    }
}
