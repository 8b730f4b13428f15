import DataPipeline
import Graphs
import Kernels

extension Execution where K == FloatKernels {
    /// Copies the inputs of some samples to the rows of the next run.
    func loadInputs(of dataset: Dataset, _ samples: Range<Int>) {
        let width = program.inputElements
        if program.inputIsTokens {
            withTokens { tokens in
                for (row, sample) in samples.enumerated() { dataset.copyTokens(of: sample, into: &tokens, at: row * width) }
            }
        } else {
            withInput { input in
                for (row, sample) in samples.enumerated() { dataset.copyFeatures(of: sample, into: &input, at: row * width) }
            }
        }
    }

    /// Copies what the samples' losses compare with. Traps for samples without targets.
    func loadTargets(of dataset: Dataset, _ samples: Range<Int>) {
        switch dataset.targets {
        case .classes:
            withClasses { classes in
                for (row, sample) in samples.enumerated() {
                    dataset.copyClasses(of: sample, into: &classes, at: row * dataset.labelsPerSample)
                }
            }
        case .values:
            withTargets { targets in
                for (row, sample) in samples.enumerated() {
                    dataset.copyTargets(of: sample, into: &targets, at: row * program.targetElements)
                }
            }
        case .none:
            preconditionFailure("Execution: \(dataset.name) has no targets to measure against")
        }
    }
}
