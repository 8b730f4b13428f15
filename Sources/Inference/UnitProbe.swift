import DataPipeline
import Graphs
import Kernels
import TensorCore

/// Looks which ReLU units never answer to a sample of data: quality as a function of the parameters.
package struct UnitProbe {
    private let program: Program
    private let execution: Execution<FloatKernels>

    /// Nil for a network without ReLU units, which there is nothing to say about.
    package init?(model: ModelGraph, kernels: FloatKernels, precision: Precision) {
        guard !model.graph.units.isEmpty else { return nil }
        program = model.evaluationProgram(kernels: kernels, precision: precision, keepsUnits: true)
        execution = Execution(program, kernels: kernels)
    }

    /// Per layer, how many units there are and how many were 0 on every one of the first `rows` samples.
    package func measure(_ dataset: Dataset, rows: Int, parameters: Arena<Float>) -> [(layer: String, units: Int, dead: Int)] {
        var activity = UnitActivity(program)
        for first in stride(from: 0, to: rows, by: program.capacity) {
            let samples = first..<min(first + program.capacity, rows)
            execution.loadInputs(of: dataset, samples)
            execution.forward(rows: samples.count, parameters: parameters, repack: first == 0)
            activity.observe(execution)
        }
        return activity.layers
    }
}
