import Synchronization

/// Carries out the faults of `--inject` on one rank, below the coordinator: in the loader, in the gradient, in the applied rate.
///
/// Nothing that decides may read it. A fault that began is over once a rollback goes back past its beginning, as a real cause (a bad
/// disk block, a wrong setting) is gone once control has removed it.
package final class FaultInjector: Sendable {
    private struct Armed {
        let fault: InjectedFault
        /// The step at which it begins, counted from 1.
        let onsetStep: Int
        var over = false
    }

    private let armed: Mutex<[Armed]>
    private let rank: Int
    private let stepsPerEpoch: Int
    /// True where this rank has label faults: only then does the loader ask per sample.
    package let touchesLabels: Bool

    package init(_ faults: [InjectedFault], rank: Int, stepsPerEpoch: Int) {
        self.rank = rank
        self.stepsPerEpoch = stepsPerEpoch
        let mine = faults.filter { $0.rank == nil || $0.rank == rank }
        touchesLabels = mine.contains { if case .flipLabels = $0.kind { true } else { false } }
        armed = Mutex(
            mine.map { fault in
                switch fault.onset {
                case .step(let step): Armed(fault: fault, onsetStep: step)
                case .epoch(let epoch): Armed(fault: fault, onsetStep: (epoch - 1) * stepsPerEpoch + 1)
                }
            })
    }

    /// Whether the gradient of this rank is to be spoiled in `step`.
    /// - Complexity: O(faults); no allocation.
    package func spoilsGradient(step: Int) -> Bool {
        armed.withLock { armed in
            for one in armed where !one.over && one.onsetStep == step {
                if case .nan = one.fault.kind { return true }
            }
            return false
        }
    }

    /// What the applied learning rate is multiplied by in `step`.
    /// - Complexity: O(faults); no allocation.
    package func learningRateFactor(step: Int) -> Double {
        armed.withLock { armed in
            var factor = 1.0
            for one in armed where !one.over && one.onsetStep <= step {
                if case .learningRate(let by) = one.fault.kind { factor *= by }
            }
            return factor
        }
    }

    /// Whether the labels of the samples of `batch` (absolute, counted from 0) are to be turned.
    /// - Complexity: O(faults); no allocation.
    package func flipsLabels(batch: Int) -> Bool {
        armed.withLock { armed in
            for one in armed where !one.over && one.onsetStep <= batch + 1 {
                if case .flipLabels = one.fault.kind { return true }
            }
            return false
        }
    }

    /// A rollback went back to the state after `step`: whatever began later does not return.
    package func rolledBack(to step: Int, from reached: Int) {
        armed.withLock { armed in
            for index in armed.indices where armed[index].onsetStep > step && armed[index].onsetStep <= reached {
                armed[index].over = true
            }
        }
    }

    /// A resumed run starts after `step`: a fault of one step that lies behind it has happened already.
    package func resumed(after step: Int) {
        armed.withLock { armed in
            for index in armed.indices where armed[index].onsetStep <= step {
                if case .nan = armed[index].fault.kind { armed[index].over = true }
            }
        }
    }
}
