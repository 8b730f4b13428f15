import CAllocationCounter
import Graphs
import Kernels
import Networks
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

    @Test(arguments: Zoo.names) func stepsOfTheZooAllocateNothing(name: String) throws {
        check(try Network.build(try #require(Zoo.network(named: name))), capacity: 4, name)
    }

    @Test(arguments: ModelCase.all) func stepsOfEveryOperationAllocateNothing(modelCase: ModelCase) {
        check(modelCase.model(), capacity: 3, modelCase.name)
    }

    private func check(_ model: ModelGraph, capacity: Int, _ name: String) {
        let kernels = FloatKernels(InstructionSet.detected)
        let training = CaseRun(model, kernels: kernels, capacity: capacity)
        let inference = CaseRun(model, kernels: kernels, capacity: capacity, mode: .inference)
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
