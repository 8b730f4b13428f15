import DataPipeline
import Graphs
import Kernels
import TensorCore

/// Looks which ReLU units never answer to a sample of data: quality as a function of the parameters.
package struct UnitProbe {
    private let program: Program
    private let execution: Execution<FloatKernels>

    package init(model: ModelGraph, kernels: FloatKernels) {
        program = Program.compile(model, capacity: Evaluator.blockRows, mode: .inference, kernels: kernels, keepsUnits: true)
        execution = Execution(program, kernels: kernels)
    }

    /// Per layer, how many units there are and how many were 0 on every one of the first `rows` samples.
    package func measure(_ dataset: Dataset, rows: Int, parameters: Arena<Float>) -> [(layer: String, units: Int, dead: Int)] {
        var activity = UnitActivity(program)
        for first in stride(from: 0, to: rows, by: Evaluator.blockRows) {
            let samples = first..<min(first + Evaluator.blockRows, rows)
            execution.withInput { input in
                for (row, sample) in samples.enumerated() {
                    dataset.copyFeatures(of: sample, into: &input, at: row * program.inputElements)
                }
            }
            execution.forward(rows: samples.count, parameters: parameters)
            activity.observe(execution)
        }
        return activity.layers
    }
}
