import Collectives
import Kernels
import Testing
import Training

/// Benchmarks are run, not judged: every row has finite figures.
@Suite struct KernelBenchTests {
    /// Words that a row's name and shape contain, and how many rows do.
    private static let counts: [(words: String, rows: Int)] = [
        ("product mlp-small", 22), ("square 512×512×512", 18), ("gate mlp", 4), ("convolution 4×4×512", 14), ("28×28×1 3×3", 8),
        ("128 groups", 6), ("statistics 4×4×512", 2), ("pooled", 10), ("max pooling", 20), ("average pooling gradient", 10),
        ("attention, dropout", 4), ("attention 32 64", 4), ("lstm 128 64", 4), ("layer normalisation 256×256", 6),
        ("batch normalisation 512×512", 10), ("cross-entropy 32×10", 3), ("softmax 2048×65", 4), ("mean squared", 4),
        ("embedding 2048×384", 4), ("dropout 128×1024", 2), ("column sums 128×1024", 2), ("sum squares", 4), ("relu 16384", 4),
        ("gradient 16384", 10), ("conversion 16384", 2), ("in place", 4), ("packing 512×512", 4), ("16384 parameters", 4),
    ]

    /// Every kernel, at the shapes of one workload or one power of two, in both types where there are both.
    @Test(arguments: counts)
    func everyKernelIsMeasuredAtItsShapes(words: String, count: Int) throws {
        let bench = KernelBench(kernels: FloatKernels(try InstructionSet.effective()), seconds: 1e-5)
        var rows: [KernelBench.Row] = []
        try bench.run(filter: words) { rows.append($0) }
        #expect(rows.count == count)
        for row in rows {
            #expect(row.milliseconds > 0 && row.bytes > 0 && row.share > 0 && row.share.isFinite, "\(row.line)")
            #expect(row.json["share"]?.doubleValue == row.share && row.json["bytes"]?.doubleValue == row.bytes)
        }
    }

    /// The figures that shares rest on: operands and results, each counted once, and two operations for a multiply-add.
    @Test func bytesAndOperationsAreThoseOfTheShape() throws {
        func row(_ filter: String, _ type: StorageType) throws -> KernelBench.Row {
            var rows: [KernelBench.Row] = []
            let bench = KernelBench(kernels: FloatKernels(try InstructionSet.effective()), seconds: 1e-5)
            try bench.run(filter: filter) { rows.append($0) }
            return try #require(rows.first { $0.type == type }, "\(filter)")
        }
        let product = try row("product square 64×64×64", .bfloat16)
        #expect(product.flops == 2 * 64 * 64 * 64)
        #expect(product.bytes == 3 * 2 * 64 * 64)
        let fused = try row("bias relu mlp-small", .scalar)
        let (operands, weights) = (2.0 * 32 * 64, 64.0 * 64 + 64)
        #expect(fused.flops == 2 * 32 * 64 * 64)
        #expect(fused.bytes == 4 * (operands + weights))
        let adam = try row("adam 16384", .scalar)
        #expect(adam.flops == 0 && adam.bytes == 28 * 16_384)
        #expect(try row("momentum 16384", .scalar).bytes == 20 * 16_384)
        #expect(try row("dropout 128×1024", .bfloat16).bytes == 4 * 128 * 1024)
        // Of 50,257 rows of the table no more than the batch asks for; positions and tokens besides.
        let (rows, positions, tokens) = (1024.0 * 768 * (2 + 4), 256.0 * 768 * 4, 1024.0 * 4)
        #expect(try row("embedding 50257", .bfloat16).bytes == rows + positions + tokens)
    }

    @Test func aFilterThatMatchesNothingNamesTheKernels() throws {
        let bench = KernelBench(kernels: FloatKernels(try InstructionSet.effective()), seconds: 1e-5)
        let error = #expect(throws: UsageError.self) { try bench.run(filter: "atention") { _ in } }
        let text = try #require(error?.description)
        #expect(text.contains("atention") && text.contains("attention gradient") && text.contains("convolution and pooling"), "\(text)")
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
        // Raw counts beside the rates, in the table and in JSON.
        #expect(profile.table.hasPrefix("operation") && profile.table.contains("FLOPs") && profile.table.contains("bytes"))
        #expect(profile.json.compactMap { $0["flops"]?.intValue }.reduce(0, +) == Int(products.reduce(0) { $0 + $1.flops }))
        #expect(profile.json.compactMap { $0["bytes"]?.intValue } == profile.rows.map { Int($0.bytes) })
        let update = try #require(profile.rows.first { $0.operation == "update" })
        #expect(update.bytes > 4 * 7 * 55_050)
    }
}
