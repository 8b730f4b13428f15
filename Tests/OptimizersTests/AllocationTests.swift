import CAllocationCounter
import Kernels
import Optimizers
import TensorCore
import TestSupport
import Testing

@Suite("A step of the optimiser allocates nothing")
struct AllocationTests {
    @Test("Update, norm, clip factor and rate", arguments: OptimizerTests.kinds)
    func update(_ kind: OptimizerSpec.Kind) {
        guard allocation_count_supported() == 1 else { return skip("allocations are not counted on this system") }
        let layout = twoParameters(weights: 10_000, biases: 100)
        let kernels = FloatKernels(InstructionSet.detected)
        let optimizer = Optimizer(
            OptimizerSpec(kind, weightDecay: 0.01, weightDecayExclude: ["bias"]), layout: layout, kernels: kernels)
        let norm = GlobalNorm(kernels: kernels)
        let schedule = LearningRateSchedule(
            ScheduleSpec(.cosine(), warmupSteps: 2), base: 0.01, totalSteps: 10, stepsPerEpoch: 5)
        let parameters = Arena<Float>(count: layout.elementCount)
        let gradients = Arena<Float>(count: layout.elementCount)
        gradients.fill(0.5, layout["layers.0.weight"]!.range)
        func step(_ number: Int) {
            let scale = clipFactor(norm: norm.squared(gradients).squareRoot(), limit: 1)
            optimizer.apply(
                parameters: parameters, gradients: gradients, learningRate: schedule.rate(step: number), gradientScale: scale)
        }
        step(0)
        allocation_count_begin()
        for number in 1..<6 { step(number) }
        let count = allocation_count_end()
        #expect(count == 0, "\(kind.name): \(count) allocations in five steps")
        #expect(parameters[layout["layers.0.weight"]!.offset] < 0)
    }
}
