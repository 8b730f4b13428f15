import Kernels
import TensorCore

/// Carries out an ``OptimizerSpec`` on the flat arenas of one layout: holds the states and applies one update at a time.
///
/// The arenas of parameters, gradients and states have one layout, so an update is one pass over memory; with weight decay excluded
/// somewhere it is one pass per run of neighbours that share their decay. Padding stays zero: its gradient is zero, and no recurrence
/// moves a zero with a zero gradient and zero state.
///
/// Not `Sendable`: one thread applies updates, and everything that reads the arenas waits for it.
package final class Optimizer {
    package let spec: OptimizerSpec
    package let layout: ParameterLayout

    /// The states by PyTorch's names, in the order of the recurrences: what a checkpoint saves and a resume fills, with ``updates``.
    /// Empty for plain SGD.
    package let state: [(name: String, arena: Arena<Float>)]

    /// How many updates have been applied: t of the recurrences. A resume or a rollback sets it together with the states.
    package var updates = 0

    let kernels: FloatKernels
    /// Slices that share their weight decay; together they cover what is trained, in order.
    let runs: [Run]
    /// The states as the recurrences use them; those that a kind does not have are empty, which tells the kernels so.
    let slots: Slots

    struct Run {
        let range: Range<Int>
        let weightDecay: Double
    }

    struct Slots {
        /// SGD's and RMSProp's momentum, Adam's first moment.
        let first: Arena<Float>
        /// Sums or averages of squares.
        let second: Arena<Float>
        /// Centered RMSProp's average gradient.
        let third: Arena<Float>
    }

    /// Allocates the states, zeroed (Adagrad's sum at its initial value). Traps on numbers that ``OptimizerSpec/validate()`` refuses.
    ///
    /// - Complexity: O(elements); everything that updates need is allocated here.
    package init(_ spec: OptimizerSpec, layout: ParameterLayout, kernels: FloatKernels) {
        do { try spec.validate() } catch { preconditionFailure("Optimizer: \(error)") }
        self.spec = spec
        self.layout = layout
        self.kernels = kernels
        runs = Self.runs(of: layout, spec)

        let absent = Arena<Float>(count: 0)
        var state: [(name: String, arena: Arena<Float>)] = []
        func arena(_ name: String, when present: Bool = true) -> Arena<Float> {
            guard present else { return absent }
            let arena = Arena<Float>(count: layout.elementCount)
            state.append((name, arena))
            return arena
        }
        switch spec.kind {
        case .sgd(let momentum, _, _):
            slots = Slots(first: arena("momentum_buffer", when: momentum != 0), second: absent, third: absent)
        case .adagrad(_, let initialAccumulator, _):
            let sum = arena("sum")
            // Padding stays at zero in every arena.
            for entry in layout.entries where entry.trainable { sum.fill(Float(initialAccumulator), entry.range) }
            slots = Slots(first: absent, second: sum, third: absent)
        case .rmsprop(_, _, let momentum, let centered):
            let squares = arena("square_avg")
            let average = arena("grad_avg", when: centered)
            slots = Slots(first: arena("momentum_buffer", when: momentum != 0), second: squares, third: average)
        case .adam, .adamw:
            let mean = arena("exp_avg")
            slots = Slots(first: mean, second: arena("exp_avg_sq"), third: absent)
        }
        self.state = state
    }

    /// Joins neighbours in memory that share their decay.
    private static func runs(of layout: ParameterLayout, _ spec: OptimizerSpec) -> [Run] {
        var runs: [Run] = []
        let trained = layout.entries.filter(\.trainable)
        for (index, entry) in trained.enumerated() {
            let end = index + 1 < trained.count ? trained[index + 1].offset : layout.trainedElements
            let decay = spec.decays(entry) ? spec.weightDecay : 0
            if let last = runs.last, last.weightDecay == decay {
                runs[runs.count - 1] = Run(range: last.range.lowerBound..<end, weightDecay: decay)
            } else {
                runs.append(Run(range: entry.offset..<end, weightDecay: decay))
            }
        }
        return runs
    }
}
