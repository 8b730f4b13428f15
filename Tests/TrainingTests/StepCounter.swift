import Synchronization

/// Counts the steps of a run from the closure that the trainer calls once per step.
final class StepCounter: Sendable {
    private let steps = Atomic<Int>(0)

    func next() -> Int { steps.add(1, ordering: .relaxed).newValue }
}
