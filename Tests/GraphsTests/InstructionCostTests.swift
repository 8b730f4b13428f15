import Graphs
import Kernels
import Networks
import TensorCore
import Testing

/// The unit that a profile holds an instruction against is the one that does its arithmetic.
@Suite struct InstructionCostTests {
    /// Two convolutions of eight channels, the second in groups of two.
    private static let grouped = ModelCase("grouped", input: [6, 6, 8]) { builder, x in
        let first = builder.convolution(x, filters: 8, kernel: 3, padding: 1, bias: false)
        let second = builder.convolution(first, filters: 8, kernel: 3, padding: 1, groups: 4, bias: false)
        return builder.dense(builder.graph.addReshape(second, [6 * 6 * 8]), 3)
    }

    private func costs(_ precision: Precision) -> [InstructionCost] {
        Program.compile(
            Self.grouped.model(), capacity: 4, mode: .training, kernels: FloatKernels(.detected), precision: precision
        ).costs
    }

    /// Groups are multiplied in scalars whatever they are stored in; the tiles' peak would be a limit of another unit.
    @Test func groupedConvolutionsAreHeldAgainstTheMultipliers() {
        let convolutions = costs(.bf16).filter { $0.shape.contains("window") }
        let groups = convolutions.filter { $0.shape.contains("4 groups") }
        // Forward, input gradient and weight gradient; nobody wants the gradient of the images.
        #expect(groups.count == 3 && convolutions.count == 5)
        #expect(groups.allSatisfy { $0.unit == .scalar })
        #expect(convolutions.filter { !$0.shape.contains("groups") }.allSatisfy { $0.unit == .bfloat16 })
    }

    @Test func inFP32NothingIsHeldAgainstTheTiles() {
        #expect(costs(.fp32).allSatisfy { $0.unit != .bfloat16 })
    }

    /// Of the grouped convolution: a quarter of the multiply-adds of a plain one, and bf16 images against fp32 weights.
    @Test func operationsAndBytesAreCounted() throws {
        let forward = try #require(costs(.fp32).first { $0.shape.contains("4 groups") && $0.phase == .forward })
        #expect(forward.flops == 4 * 2 * 36 * 8 * 9 * 2)
        #expect(forward.bytes == 4 * (2 * 4 * 36 * 8 + 9 * 2 * 8))
        let half = try #require(costs(.bf16).first { $0.shape.contains("4 groups") && $0.phase == .forward })
        #expect(half.flops == forward.flops)
        #expect(half.bytes == 2 * 2 * 4 * 36 * 8 + 4 * 9 * 2 * 8)
    }
}
