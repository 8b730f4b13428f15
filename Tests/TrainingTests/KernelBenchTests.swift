import Collectives
import Kernels
import Testing
import Training

/// Benchmarks are run, not judged: every row has finite figures.
@Suite struct KernelBenchTests {
    @Test(arguments: ["product mlp-small", "attention", "lstm", "layer normalisation", "packing"])
    func rowsAreThere(filter: String) throws {
        let bench = KernelBench(kernels: FloatKernels(try InstructionSet.effective()), seconds: 1e-4)
        var rows: [KernelBench.Row] = []
        bench.run(filter: filter) { rows.append($0) }
        #expect(rows.count >= 2)
        #expect(Set(rows.map(\.type)) == Set(StorageType.allCases))
        for row in rows {
            #expect(row.milliseconds > 0 && row.bytes > 0 && row.share > 0 && row.share.isFinite, "\(row.line)")
            #expect(row.json["share"]?.doubleValue == row.share)
        }
    }

    @Test func aProfileNamesEveryInstructionAndTheUpdate() throws {
        let bench = try StepBench("mlp-small", precision: "bf16")
        let row = try bench.run(steps: 2, warmup: 1, split: false, profiles: true, on: SingleMemberGroup())
        let profile = try #require(row.profile)
        #expect(profile.rows.contains { $0.operation == "update" })
        #expect(profile.rows.contains { $0.operation == "gradient norm" && $0.bytes > 0 })
        let products = profile.rows.filter { $0.flops > 0 }
        // Three layers: forward, weight gradients, and input gradients of all but the first.
        #expect(products.reduce(0) { $0 + $1.calls } == 8)
        #expect(products.reduce(0) { $0 + $1.flops } == 2.0 * 32 * Double(3 * (784 * 64 + 64 * 64 + 64 * 10) - 784 * 64))
        #expect(profile.table.split(separator: "\n").count == profile.rows.count + 1)
    }
}
