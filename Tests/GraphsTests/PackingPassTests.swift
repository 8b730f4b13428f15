import Graphs
import Kernels
import TensorCore
import Testing

/// Weights packed block by block behind an update are those packed at once.
@Suite struct PackingPassTests {
    @Test(arguments: ["two transformer blocks with dropout", "a residual block with a shortcut"], Precision.allCases)
    func blocksGiveTheSameStep(name: String, precision: Precision) throws {
        let model = try #require(ModelCase.all.first { $0.name == name }).model()
        for set in InstructionSet.available {
            let whole = CaseRun(model, kernels: FloatKernels(set), capacity: 4, precision: precision)
            let blocks = CaseRun(model, kernels: FloatKernels(set), capacity: 4, precision: precision)
            let before = (whole.gradient(rows: 4), blocks.gradient(rows: 4))
            #expect(before.0 == before.1)
            for run in [whole, blocks] {
                for index in 0..<run.program.layout.trainedElements { run.parameters[index] *= 0.75 }
            }
            let elements = blocks.program.layout.elementCount
            blocks.execution.beginPacking()
            for end in stride(from: 37, to: elements, by: 333) { blocks.execution.pack(blocks.parameters, through: end) }
            blocks.execution.pack(blocks.parameters, through: elements)
            let (expected, actual) = (whole.gradient(rows: 4), blocks.gradient(rows: 4, repack: false))
            #expect(expected == actual, "\(set.name)")
            #expect(expected != before.0)
        }
    }

    /// Blocks that complete no part of a place ask none: what many small blocks cost does not grow with their number times the places'.
    @Test(arguments: ["two transformer blocks with dropout", "a residual block with a shortcut"])
    func placesAreAskedWhenAPartCanBeReady(name: String) throws {
        let model = try #require(ModelCase.all.first { $0.name == name }).model()
        let run = CaseRun(model, kernels: FloatKernels(.detected), capacity: 4, precision: .bf16)
        let (execution, elements) = (run.execution, run.program.layout.elementCount)
        execution.pack(run.parameters)
        let places = execution.packing.questions
        #expect(places > 1)
        execution.beginPacking()
        for end in 0...elements { execution.pack(run.parameters, through: end) }
        // Once before it begins, once when it has begun, and once for its one part; a matrix may lie packed in two orders, each of which asks
        // for both.
        #expect(execution.packing.questions <= 4 * places, "\(execution.packing.questions) questions to \(places) places")
        let asked = execution.packing.questions
        execution.pack(run.parameters, through: elements)
        #expect(execution.packing.questions == asked)
    }
}
