import Graphs
import Kernels
import TensorCore
import Testing

@Suite struct FusionTests {
    @Test(arguments: ModelCase.all)
    func fusedAndPlainAgree(modelCase: ModelCase) {
        let model = modelCase.model()
        let plain = CaseRun(model, kernels: ReferenceKernels<Double>(), capacity: 4, fusion: [])
        let fused = CaseRun(model, kernels: ReferenceKernels<Double>(), capacity: 4)
        let (plainGradient, fusedGradient) = (plain.gradient(rows: 4, scale: 0.25), fused.gradient(rows: 4, scale: 0.25))
        #expect(distance(plainGradient, fusedGradient) < 1e-12)
        #expect(distance(plain.predictions(), fused.predictions()) < 1e-12)
        #expect(distance(plain.rowLosses(), fused.rowLosses()) < 1e-12)
        #expect(fused.program.instructionCount <= plain.program.instructionCount)
        // A convolution and its pooling apart: the ReLU between them has moved behind the pooling.
        let apart = CaseRun(model, kernels: ReferenceKernels<Double>(), capacity: 4, fusion: [.epilogues, .lossGradient])
        #expect(!apart.program.operations.contains(.convolutionPool))
        #expect(distance(apart.gradient(rows: 4, scale: 0.25), fusedGradient) < 1e-12)
        #expect(distance(apart.predictions(), fused.predictions()) < 1e-12)
    }

    /// The ReLU of a map that is pooled passes over the pooled map only, forward and backward.
    @Test func reluFollowsThePooling() {
        let model = ModelCase("cnn", input: [6, 6, 1], loss: .softmaxCrossEntropy) { builder, x in
            let map = builder.graph.addActivation(.relu, builder.convolution(x, filters: 3, kernel: 3))
            return builder.dense(builder.flat(builder.graph.addMaxPool(map, builder.pooling(map, size: 2, stride: 2))), 3)
        }.model()
        let program = Program.compile(
            model, capacity: 2, mode: .training, kernels: ReferenceKernels<Double>(), fusion: [.epilogues, .lossGradient])
        #expect(Array(program.operations.prefix(4)) == [.convolution, .maxPool, .activate, .matmul])
    }

    /// Dropout and batch normalisation are meant to differ.
    @Test(
        arguments: ModelCase.all.filter { modelCase in
            !modelCase.model().graph.nodes.contains { [.dropout, .batchNorm].contains($0.operation.kind) }
                && !modelCase.name.contains("dropout")
        })
    func inferenceAndTrainingAgreeWithoutDropout(modelCase: ModelCase) {
        let model = modelCase.model()
        let training = CaseRun(model, kernels: ReferenceKernels<Double>(), capacity: 4)
        let inference = CaseRun(model, kernels: ReferenceKernels<Double>(), capacity: 4, mode: .inference)
        #expect(inference.program.gradientOrder.isEmpty)
        #expect(training.program.layout == inference.program.layout)
        _ = training.gradient(rows: 3)
        _ = inference.loss(rows: 3)
        #expect(distance(training.predictions(), inference.predictions()) < 1e-12)
        #expect(distance(training.rowLosses(), inference.rowLosses()) < 1e-12)
    }

    @Test func dropoutIsGoneInInference() {
        let model = ModelCase.all.first { $0.name == "dropout twice" }!.model()
        let program = Program.compile(model, capacity: 2, mode: .inference, kernels: ReferenceKernels<Double>())
        #expect(program.operations == [.matmul, .matmul, .matmul, .loss])
    }

    @Test func theUsualPatternsBecomeFewInstructions() {
        let model = ModelCase("cnn", input: [6, 6, 1], loss: .softmaxCrossEntropy) { builder, x in
            var map = builder.graph.addActivation(.relu, builder.convolution(x, filters: 3, kernel: 3))
            map = builder.graph.addMaxPool(map, builder.pooling(map, size: 2, stride: 2))
            let hidden = builder.graph.addActivation(.relu, builder.dense(builder.flat(map), 4))
            return builder.dense(hidden, 3)
        }.model()
        let program = Program.compile(model, capacity: 2, mode: .training, kernels: ReferenceKernels<Double>())
        #expect(
            program.operations == [
                .convolutionPool, .matmul, .matmul, .lossWithGradient, .matmul, .matmul, .matmul, .matmul, .convolutionPoolGradients,
            ])
    }

    /// In training a product with GELU stores its slope, and the next input gradient is multiplied by it on its way out.
    @Test func geluStoresItsSlopeInTraining() {
        let model = ModelCase.all.first { $0.name.hasPrefix("dense, gelu,") }!.model()
        let kernels = ReferenceKernels<Double>()
        #expect(
            Program.compile(model, capacity: 1, mode: .training, kernels: kernels).operations == [
                .matmul, .matmul, .lossWithGradient, .matmul, .matmul, .matmul,
            ])
        #expect(Program.compile(model, capacity: 1, mode: .inference, kernels: kernels).operations.prefix(2) == [.matmul, .matmul])
    }

    /// A convolution gathers the statistics of the normalisation behind it; a dense layer leaves them a pass of their own.
    @Test func statisticsRideOnConvolutions() {
        let block = ModelCase.all.first { $0.name == "a residual block with a shortcut" }!.model()
        let dense = ModelCase.all.first { $0.name == "batch normalisation between dense layers" }!.model()
        func statistics(_ model: ModelGraph, _ fusion: FusionOptions, recompute: Bool = false) -> Int {
            Program.compile(
                model, capacity: 2, mode: .training, kernels: ReferenceKernels<Double>(), fusion: fusion, recompute: recompute
            ).operations.filter { $0 == .batchStatistics }.count
        }
        #expect(statistics(block, []) == 4)
        #expect(statistics(block, .all) == 0)
        #expect(statistics(block, .all, recompute: true) == 0)
        #expect(statistics(dense, .all) == 1)
    }

    private func distance(_ a: [Double], _ b: [Double]) -> Double {
        guard a.count == b.count else { return .infinity }
        return zip(a, b).map { ($0 - $1).magnitude / max(1, $0.magnitude) }.max() ?? 0
    }
}
