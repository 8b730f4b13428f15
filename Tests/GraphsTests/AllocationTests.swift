import CAllocationCounter
import Graphs
import Kernels
import Networks
import Optimizers
import TensorCore
import Testing

/// A step allocates nothing: counted by wrapping the C library's allocator in this executable.
@Suite struct AllocationTests {
    @Test func theCounterCounts() {
        allocation_count_begin()
        let arena = Arena<Float>(count: 1000)
        let count = allocation_count_end()
        #expect(arena.count == 1000)
        #expect(allocation_count_supported() == 0 || count >= 1)
    }

    /// One after the other: two of gpt2 at a time would hold 10 GB.
    @Test(.serialized, arguments: Zoo.names, Precision.allCases)
    func stepsOfTheZooAllocateNothing(name: String, precision: Precision) throws {
        // Rows change no call: gpt2 has a step of seconds as it is.
        let capacity = name == "gpt2" ? 1 : 4
        check(try zoo(name), capacity: capacity, precision, "\(name), \(precision)")
    }

    @Test(arguments: ModelCase.all, Precision.allCases)
    func stepsOfEveryOperationAllocateNothing(modelCase: ModelCase, precision: Precision) {
        check(modelCase.model(), capacity: 3, precision, "\(modelCase.name), \(precision)")
    }

    /// Backward computes blocks again: residual ones and transformers.
    @Test(arguments: ["resnet18", "gpt-mini"], Precision.allCases)
    func recomputedStepsAllocateNothing(name: String, precision: Precision) throws {
        let model = try zoo(name)
        let kernels = FloatKernels(InstructionSet.detected)
        let counts = [false, true].map {
            Program.compile(model, capacity: 2, mode: .training, kernels: kernels, precision: precision, recompute: $0).instructionCount
        }
        #expect(counts[1] > counts[0], "nothing of \(name) is computed again")
        check(model, capacity: 2, precision, recompute: true, "\(name), \(precision), recomputed")
    }

    /// As the trainer's step ends: the optimiser, and after each of its blocks the packed copies.
    @Test(arguments: ["mlp", "resnet18", "gpt-mini"], Precision.allCases)
    func updatesThatPackAllocateNothing(name: String, precision: Precision) throws {
        let kernels = FloatKernels(InstructionSet.detected)
        let run = CaseRun(try zoo(name), kernels: kernels, capacity: 1, precision: precision)
        let optimizer = Optimizer(OptimizerSpec(.adamw(), learningRate: 1e-3), layout: run.program.layout, kernels: kernels)
        #expect(precision == .fp32 || run.program.packedBytes > 0, "nothing of \(name) is packed")
        let (execution, parameters) = (run.execution, run.parameters)
        func update() {
            execution.beginPacking()
            optimizer.apply(
                parameters: parameters, gradients: run.gradients, learningRate: 1e-3, gradientScale: 1,
                updated: { [execution, parameters] end in execution.pack(parameters, through: end) })
        }
        update()
        allocation_count_begin()
        update()
        let count = allocation_count_end()
        #expect(count == 0, "\(name), \(precision): \(count) allocations in an update")
    }

    private func zoo(_ name: String) throws -> ModelGraph { try Network.build(try #require(Zoo.network(named: name))) }

    private func check(_ model: ModelGraph, capacity: Int, _ precision: Precision, recompute: Bool = false, _ name: String) {
        let kernels = FloatKernels(InstructionSet.detected)
        let training = CaseRun(model, kernels: kernels, capacity: capacity, precision: precision, recompute: recompute)
        let inference = CaseRun(model, kernels: kernels, capacity: capacity, precision: precision, mode: .inference)
        func step() {
            let execution = training.execution
            if execution.program.inputIsTokens {
                execution.withTokens { $0[0] = 1 }
            } else {
                execution.withInput { $0[0] = 0.5 }
            }
            execution.forwardBackward(rows: capacity, scale: 0.1, parameters: training.parameters, gradients: training.gradients)
            execution.forwardBackward(rows: 0, scale: 0.1, parameters: training.parameters, gradients: training.gradients)
            execution.forwardBackward(rows: 1, scale: 0.1, parameters: training.parameters, gradients: training.gradients)
            inference.execution.forward(rows: capacity, parameters: inference.parameters)
        }
        // The first run may instantiate generic metadata.
        step()
        allocation_count_begin()
        step()
        let count = allocation_count_end()
        #expect(count == 0, "\(name): \(count) allocations in a step")
    }
}
