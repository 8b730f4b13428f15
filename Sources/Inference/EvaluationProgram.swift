import Graphs
import Kernels

extension ModelGraph {
    /// The most elements of one activation block: 32 MiB of fp32.
    private static let blockElements = 1 << 23

    /// Rows of a block of an evaluation: 256, or as many (a power of two) as keep the largest activation of a block moderate, which is 1
    /// for a language model of fifty thousand tokens. A function of the network alone, because blocks decide the order of additions:
    /// every rank count, the training run and `evaluate` have the same.
    package var evaluationRows: Int {
        var largest = 1
        for value in graph.values where value.extent == .rows { largest = max(largest, value.shape.elementCount) }
        var rows = 256
        while rows > 1, rows * largest > Self.blockElements { rows /= 2 }
        return rows
    }

    /// The program that evaluates, predicts and probes: the one place that says how such programs are compiled.
    package func evaluationProgram(
        kernels: FloatKernels, precision: Precision, capacity: Int? = nil, keepsUnits: Bool = false
    ) -> Program {
        Program.compile(
            self, capacity: capacity ?? evaluationRows, mode: .inference, kernels: kernels, precision: precision, keepsUnits: keepsUnits)
    }
}
