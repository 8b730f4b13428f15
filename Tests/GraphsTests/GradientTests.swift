import Graphs
import Kernels
import TensorCore
import Testing

/// Gradients of every operation against central differences in double precision, plain and fused.
@Suite struct GradientTests {
    /// The largest difference between computed and measured gradient, relative to the parameter's typical gradient.
    private func worstError(_ run: CaseRun<ReferenceKernels<Double>>, rows: Int, scale: Double) -> Double {
        let step = 1e-5
        let computed = run.gradient(rows: rows, scale: scale)
        var worst = 0.0
        var position = 0
        // A buffer's place in the gradient arena holds what the batch contributes, which is no gradient.
        for entry in run.program.layout.modelOrder where entry.trainable {
            var measured: [Double] = []
            for element in entry.range {
                let value = run.parameters[element]
                run.parameters[element] = value + step
                let above = run.loss(rows: rows)
                run.parameters[element] = value - step
                let below = run.loss(rows: rows)
                run.parameters[element] = value
                measured.append(scale * (above - below) / (2 * step))
            }
            let typical = (measured.reduce(0) { $0 + $1 * $1 } / Double(measured.count)).squareRoot()
            for (index, expected) in measured.enumerated() {
                let difference = (computed[position + index] - expected).magnitude
                worst = max(worst, difference / max(typical, expected.magnitude, 1e-6))
            }
            position += entry.count
        }
        return worst
    }

    @Test(arguments: ModelCase.all, [FusionOptions.all, []])
    func gradientsMeetCentralDifferences(modelCase: ModelCase, fusion: FusionOptions) {
        let run = CaseRun(modelCase.model(), kernels: ReferenceKernels<Double>(), capacity: 5, fusion: fusion)
        let error = worstError(run, rows: 4, scale: 0.5)
        #expect(error <= 1e-6, "\(modelCase.name): relative error \(error)")
    }

    @Test func theCasesContainEveryOperation() {
        var seen = Set<Operation.Kind>()
        for modelCase in ModelCase.all {
            let model = modelCase.model()
            seen.formUnion(model.graph.nodes.map(\.operation.kind))
            for mode in [ProgramMode.training, .inference] {
                for precision in Precision.allCases {
                    for fusion in [FusionOptions.all, []] {
                        let program = Program.compile(
                            model, capacity: 1, mode: mode, kernels: ReferenceKernels<Double>(), fusion: fusion, precision: precision)
                        seen.formUnion(program.operations)
                    }
                }
            }
        }
        #expect(Set(Operation.Kind.allCases).subtracting(seen) == [])
    }

    @Test func theTableHasARuleForAllThatLayersBuild() {
        let withoutRule = Operation.Kind.allCases.filter { !$0.isDifferentiable }
        #expect(
            withoutRule == [
                .input, .target, .rowKeys, .parameter, .batchNorm, .rowSums, .embeddingGradient, .layerNormGradient, .normaliseGradient,
                .attentionGradient, .lstmGradient, .batchStatistics, .inverseDeviation, .batchContribution, .convert, .columnSums,
                .activationGradient, .convolutionInputGradient, .convolutionWeightGradient, .maxPoolGradient, .averagePoolGradient,
                .softmaxGradient, .lossGradient, .zeros, .convolutionPoolGradients, .lossWithGradient,
            ])
    }

    @Test func theFirstLayerHasNoInputGradient() {
        let program = Program.compile(
            ModelCase.all.first { $0.name.hasPrefix("dense, relu") }!.model(), capacity: 2, mode: .training,
            kernels: ReferenceKernels<Double>())
        // Forward 2, weight gradients 2, one input gradient.
        #expect(program.operations.filter { $0 == .matmul }.count == 5)
        let two = ModelCase.all.first { $0.name == "two convolutions" }!.model()
        let convolutions = Program.compile(two, capacity: 2, mode: .training, kernels: ReferenceKernels<Double>()).operations
        #expect(convolutions.filter { $0 == .convolutionInputGradient }.count == 1)
    }
}
