import Graphs
import Kernels
import Networks
import TensorCore
import Testing

@Suite struct UnitActivityTests {
    /// Units are held dead by a large negative bias, in a fused convolution and in a dense layer.
    @Test(arguments: Precision.allCases) func unitsThatAreNeverAboveZeroAreCounted(precision: Precision) throws {
        let spec = NetworkSpec(
            input: [6, 6, 1],
            [
                .conv2d(filters: 4, kernel: 3, activation: .relu), .maxPool2d(size: 2), .flatten, .dense(units: 5, activation: .relu),
                .dense(units: 2),
            ], loss: .softmaxCrossEntropy)
        let model = try Network.build(spec)
        let kernels = ReferenceKernels<Float>()
        let program = Program.compile(
            model, capacity: 8, mode: .inference, kernels: kernels, precision: precision, keepsUnits: true)
        #expect(program.operations.first == .convolutionPool)
        let parameters = Arena<Float>(count: program.layout.elementCount)
        for entry in program.layout.entries where entry.role == "bias" {
            for element in entry.range { parameters[element] = 1 }
        }
        let convolution = try #require(program.layout["layers.0.bias"])
        let dense = try #require(program.layout["layers.3.bias"])
        parameters[convolution.offset + 2] = -1
        parameters[dense.offset + 0] = -1
        parameters[dense.offset + 4] = 0
        let execution = Execution(program, kernels: kernels)
        var activity = UnitActivity(program)
        #expect(activity.layers.map(\.dead) == [0, 0])
        execution.forward(rows: 8, parameters: parameters)
        activity.observe(execution)
        execution.forward(rows: 3, parameters: parameters)
        activity.observe(execution)
        #expect(activity.rows == 11)
        #expect(activity.layers.map(\.layer) == ["layers.0", "layers.3"])
        #expect(activity.layers.map(\.units) == [4, 5])
        #expect(activity.layers.map(\.dead) == [1, 2])
        #expect((activity.deadFraction - 3.0 / 9).magnitude < 1e-12)
    }

    @Test func unitsAreKeptWhateverIsFused() throws {
        let model = try Network.build(try #require(Zoo.network(named: "mlp-small")))
        for fusion in [FusionOptions.all, []] {
            let kernels = ReferenceKernels<Float>()
            let program = Program.compile(model, capacity: 2, mode: .inference, kernels: kernels, fusion: fusion, keepsUnits: true)
            #expect(program.units.map(\.units) == [64, 64])
            let execution = Execution(program, kernels: kernels)
            let parameters = Arena<Float>(count: program.layout.elementCount)
            var activity = UnitActivity(program)
            execution.forward(rows: 2, parameters: parameters)
            activity.observe(execution)
            #expect(activity.deadFraction == 1)
        }
    }
}
