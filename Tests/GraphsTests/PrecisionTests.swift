import Graphs
import Kernels
import TensorCore
import Testing

/// Mixed precision and recomputation as passes: what they change, and what they must not.
@Suite struct PrecisionTests {
    /// Σ of squares of the difference over Σ of squares of the expected.
    private func distance(_ actual: [Double], _ expected: [Double]) -> Double {
        let difference = zip(actual, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return (difference / max(expected.reduce(0) { $0 + $1 * $1 }, 1e-30)).squareRoot()
    }

    /// bf16 has 8 bits of mantissa, so 2⁻⁹ per rounding; a dozen of them in a row stay within a few percent, a wrong operand does not.
    @Test(arguments: ModelCase.all)
    func mixedPrecisionIsNearTheExactGradient(modelCase: ModelCase) {
        let model = modelCase.model()
        let exact = CaseRun(model, kernels: ReferenceKernels<Double>(), capacity: 4)
        let mixed = CaseRun(model, kernels: ReferenceKernels<Double>(), capacity: 4, precision: .bf16)
        let (expected, actual) = (exact.gradient(rows: 4), mixed.gradient(rows: 4))
        let error = distance(actual, expected)
        #expect(error < 0.08, "\(modelCase.name): gradients differ by \(error)")
        let losses = distance([mixed.loss(rows: 4)], [exact.loss(rows: 4)])
        #expect(losses < 0.03, "\(modelCase.name): losses differ by \(losses)")
    }

    @Test func mixedPrecisionHalvesActivationsAndKeepsWhatCallersRead() throws {
        let model = try #require(ModelCase.all.first { $0.name.hasPrefix("two transformer") }).model()
        let (full, half) = (model.trainingGraph(.all), model.trainingGraph(.all, .bf16))
        let stored = half.graph.values.filter { $0.element == .bfloat16 }
        #expect(stored.count > 20)
        for output in half.graph.outputs + half.gradients { #expect(half.graph[output].element == .scalar) }
        // Nothing that is fixed (parameters, their gradients, sums over the batch) is stored in bf16.
        #expect(stored.allSatisfy { $0.extent == .rows })
        #expect(full.graph.values.allSatisfy { $0.element != .bfloat16 })
    }

    /// Recomputation repeats the same instructions on the same numbers.
    @Test(arguments: ["two transformer blocks with dropout", "a residual block with a shortcut"], Precision.allCases)
    func recomputationChangesNoBit(name: String, precision: Precision) throws {
        let model = try #require(ModelCase.all.first { $0.name == name }).model()
        let kept = CaseRun(model, kernels: ReferenceKernels<Double>(), capacity: 6, precision: precision)
        let again = CaseRun(model, kernels: ReferenceKernels<Double>(), capacity: 6, precision: precision, recompute: true)
        #expect(again.program.instructionCount > kept.program.instructionCount)
        if name.hasPrefix("two") { #expect(again.program.plan.arenaBytes < kept.program.plan.arenaBytes) }
        #expect(kept.gradient(rows: 6) == again.gradient(rows: 6))
        // What forward made of a segment, it made without what only the repetition stores.
        for set in InstructionSet.available {
            let kept = CaseRun(model, kernels: FloatKernels(set), capacity: 6, precision: precision)
            let again = CaseRun(model, kernels: FloatKernels(set), capacity: 6, precision: precision, recompute: true)
            #expect(kept.gradient(rows: 6) == again.gradient(rows: 6), "\(set.name)")
        }
    }

    /// A buffer's part of the gradient arena is the batch's mean and unbiased variance, weighted by its share of the global batch.
    @Test func buffersGetWhatTheBatchMeasured() throws {
        let model = try #require(ModelCase.all.first { $0.name == "batch normalisation between dense layers" }).model()
        let run = CaseRun(model, kernels: ReferenceKernels<Double>(), capacity: 5)
        let (whole, rows) = (20.0, 5)
        run.execution.forwardBackward(rows: rows, scale: 1 / whole, parameters: run.parameters, gradients: run.gradients)
        let buffers = run.program.layout.modelOrder.filter { !$0.trainable }
        #expect(buffers.count == 2)
        #expect(buffers.allSatisfy { $0.offset >= run.program.layout.trainedElements })
        let weights = run.program.layout.modelOrder[0]
        var features: [Double] = []
        run.execution.withInput { span in features = span.indices.map { span[$0] } }
        for column in 0..<5 {
            let hidden = (0..<rows).map { row in
                (0..<4).reduce(0.0) { $0 + features[row * 4 + $1] * run.parameters[weights.offset + $1 * 5 + column] }
            }
            let mean = hidden.reduce(0, +) / Double(rows)
            let variance = hidden.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows - 1)
            #expect(abs(run.gradients[buffers[0].offset + column] - mean * Double(rows) / whole) < 1e-9)
            #expect(abs(run.gradients[buffers[1].offset + column] - variance * Double(rows) / whole) < 1e-9)
        }
    }
}
