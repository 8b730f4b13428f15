import Graphs
import Kernels
import TensorCore
import Testing

@Suite struct ExecutionTests {
    private let modelCase = ModelCase.all.first { $0.name.hasPrefix("convolution, relu, max pooling") }!

    @Test(arguments: ModelCase.all) func noRowsGiveZeroGradients(modelCase: ModelCase) {
        let run = CaseRun(modelCase.model(), kernels: ReferenceKernels<Double>(), capacity: 4)
        run.gradients.fill(.nan)
        #expect(run.gradient(rows: 0).allSatisfy { $0 == 0 })
        #expect(run.rowLosses().isEmpty)
        #expect(run.predictions().isEmpty)
    }

    /// Rows beyond the run's are neither read nor counted, and the capacity of the program changes nothing.
    @Test(arguments: ModelCase.all) func rowsBeyondAreIgnored(modelCase: ModelCase) {
        let model = modelCase.model()
        let large = CaseRun(model, kernels: ReferenceKernels<Double>(), capacity: 7)
        let small = CaseRun(model, kernels: ReferenceKernels<Double>(), capacity: 3)
        if large.program.inputIsTokens {
            // Reading such a token would trap.
            large.execution.withTokens { span in
                for index in 3 * large.program.inputElements..<span.count { span[index] = -1 }
            }
        } else {
            large.execution.withInput { span in
                for index in 3 * large.program.inputElements..<span.count { span[index] = .nan }
            }
        }
        #expect(large.gradient(rows: 3) == small.gradient(rows: 3))
        #expect(large.predictions() == small.predictions())
        #expect(large.rowLosses() == small.rowLosses())
    }

    @Test func gradientsOfShardsAddUp() {
        let model = modelCase.model()
        let whole = CaseRun(model, kernels: ReferenceKernels<Double>(), capacity: 5)
        let expected = whole.gradient(rows: 5, scale: 0.2)
        let part = CaseRun(model, kernels: ReferenceKernels<Double>(), capacity: 5)
        let head = part.gradient(rows: 2, scale: 0.2)
        let elements = whole.program.inputElements
        let outputs = whole.program.targetElements
        let features = whole.execution.withInput { span in span.indices.map { span[$0] } }
        let targets = whole.execution.withTargets { span in span.indices.map { span[$0] } }
        part.execution.withInput { span in
            for index in 0..<3 * elements { span[index] = features[2 * elements + index] }
        }
        part.execution.withTargets { span in
            for index in 0..<3 * outputs { span[index] = targets[2 * outputs + index] }
        }
        let tail = part.gradient(rows: 3, scale: 0.2)
        for index in expected.indices {
            #expect((head[index] + tail[index] - expected[index]).magnitude <= 1e-12 * max(1, expected[index].magnitude))
        }
    }

    @Test(arguments: InstructionSet.available) func floatsMeetDoubles(level: InstructionSet) {
        for modelCase in ModelCase.all {
            let model = modelCase.model()
            let exact = CaseRun(model, kernels: ReferenceKernels<Double>(), capacity: 4)
            let run = CaseRun(model, kernels: FloatKernels(level), capacity: 4)
            let (expected, computed) = (exact.gradient(rows: 4), run.gradient(rows: 4))
            let size = max(expected.map(\.magnitude).max() ?? 0, 1e-3)
            let difference = zip(expected, computed).map { ($0 - Double($1)).magnitude }.max() ?? 0
            #expect(difference <= 1e-4 * size, "\(modelCase.name) at \(level.name): \(difference) of \(size)")
        }
    }

    @Test func paddingBetweenParametersStaysZero() {
        let run = CaseRun(modelCase.model(), kernels: ReferenceKernels<Float>(), capacity: 4)
        _ = run.gradient(rows: 4)
        var isPadding = [Bool](repeating: true, count: run.gradients.count)
        for entry in run.program.layout.entries {
            for index in entry.range { isPadding[index] = false }
        }
        for index in isPadding.indices where isPadding[index] {
            #expect(run.gradients[index] == 0)
        }
    }

    @Test func gradientsAreAnnouncedInMemoryOrder() {
        let model = modelCase.model()
        let program = Program.compile(model, capacity: 4, mode: .training, kernels: ReferenceKernels<Float>())
        #expect(program.layout.entries.first?.name == "layers.4.weight" || program.layout.entries.first?.name == "layers.5.weight")
        var (entry, element, instruction) = (0, 0, -1)
        for milestone in program.gradientOrder {
            #expect(milestone.entries.lowerBound == entry && milestone.elements.lowerBound == element)
            #expect(milestone.instruction > instruction)
            (entry, element, instruction) = (milestone.entries.upperBound, milestone.elements.upperBound, milestone.instruction)
        }
        #expect(entry == program.layout.entries.count && element == program.layout.elementCount)
        #expect(instruction == program.instructionCount - 1)
    }

    @Test func wrongUseTrapsWithAMessage() async {
        await #expect(processExitsWith: .failure) {
            let run = CaseRun(ModelCase.all[0].model(), kernels: ReferenceKernels<Float>(), capacity: 2)
            _ = run.gradient(rows: 3)
        }
        await #expect(processExitsWith: .failure) {
            let run = CaseRun(ModelCase.all[0].model(), kernels: ReferenceKernels<Float>(), capacity: 2, mode: .inference)
            _ = run.gradient(rows: 1)
        }
        await #expect(processExitsWith: .failure) {
            var builder = CaseBuilder()
            let x = builder.graph.addInput([3])
            let weights = builder.parameter([4, 2])
            _ = builder.graph.addMatmul(x, weights)
        }
    }
}
