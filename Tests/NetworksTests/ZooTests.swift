import Graphs
import Kernels
import Networks
import TensorCore
import Testing

/// The workloads that are compared with PyTorch are the same networks: the figures are those of its own modules.
@Suite struct ZooTests {
    /// `sum(p.numel() for p in model.parameters())`, tied weights once, and of buffers those of floating-point type.
    static let figures: [(name: String, parameters: Int, buffers: Int)] = [
        ("mlp-small", 55_050, 0), ("mlp", 1_863_690, 0), ("cnn", 347_146, 0), ("resnet18", 11_173_962, 9_600), ("lstm", 1_086_017, 0),
        ("gpt-mini", 10_770_816, 0), ("gpt2", 124_439_808, 0),
    ]

    @Test func theNamesAreThoseOfTheFigures() { #expect(Zoo.names == Self.figures.map(\.name)) }

    @Test(arguments: figures.indices) func parametersAreAsManyAsPyTorchs(index: Int) throws {
        let figure = Self.figures[index]
        let model = try Network.build(try #require(Zoo.network(named: figure.name)))
        #expect(model.layout.trainableCount == figure.parameters)
        #expect(model.parameters.filter { !$0.trainable }.reduce(0) { $0 + $1.count } == figure.buffers)
    }

    @Test func residualNetwork() throws {
        let model = try Network.build(try #require(Zoo.network(named: "resnet18")))
        #expect(model.inputShape == [32, 32, 3] && model.outputShape == [10])
        let shapes = Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0.fileShape) })
        #expect(shapes["layers.0.weight"] == [64, 3, 3, 3])
        #expect(shapes["layers.1.running_var"] == [64])
        #expect(shapes["layers.3.0.weight"] == [64, 64, 3, 3])
        #expect(shapes["layers.3.shortcut.0.weight"] == nil)
        #expect(shapes["layers.5.0.weight"] == [128, 64, 3, 3])
        #expect(shapes["layers.5.shortcut.0.weight"] == [128, 64, 1, 1])
        #expect(shapes["layers.5.shortcut.1.bias"] == [128])
        #expect(shapes["layers.10.4.weight"] == [512])
        #expect(shapes["layers.12.weight"] == [10, 512])
        #expect(model.layers.first { $0.name == "layers.6" }?.outputShape == [16, 16, 128])
        #expect(model.layers.first { $0.name == "layers.10" }?.type == "residual")
        #expect(model.graph.segments.map(\.name) == (3...10).map { "layers.\($0)" })
        // The statistics of all twenty normalisations are gathered behind convolutions.
        for precision in Precision.allCases {
            let program = Program.compile(model, capacity: 2, mode: .training, kernels: FloatKernels(.swift), precision: precision)
            #expect(program.operations.filter { $0 == .batchContribution }.count == 20)
            #expect(!program.operations.contains(.batchStatistics))
        }
        // Statistics for the running averages do not keep what is computed again: the maps of the blocks' insides are gone.
        for precision in Precision.allCases {
            let arenas = [false, true].map { recompute in
                Program.compile(
                    model, capacity: 2, mode: .training, kernels: FloatKernels(.swift), precision: precision, recompute: recompute
                ).plan.arenaBytes
            }
            #expect(Double(arenas[1]) < 0.75 * Double(arenas[0]), "\(precision): \(arenas)")
        }
        // PyTorch's counter (torch.utils.flop_counter) says 1,110,845,440 for one image.
        #expect(model.layers.reduce(0) { $0 + $1.flops } == 1_110_845_440)
    }

    @Test func languageModel() throws {
        let model = try Network.build(try #require(Zoo.network(named: "gpt2")))
        #expect(model.inputShape == [256] && model.outputShape == [256, 50257])
        let shapes = Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0.fileShape) })
        #expect(shapes["layers.0.weight"] == [50257, 768])
        #expect(shapes["layers.0.positions"] == [1024, 768])
        #expect(shapes["layers.1.ln1.weight"] == [768])
        #expect(shapes["layers.12.attention.qkv.weight"] == [2304, 768])
        #expect(shapes["layers.12.attention.proj.bias"] == [768])
        #expect(shapes["layers.12.fc.weight"] == [3072, 768])
        #expect(shapes["layers.12.out.weight"] == [768, 3072])
        #expect(shapes["layers.13.bias"] == [768])
        #expect(shapes.keys.contains { $0.hasPrefix("layers.14") } == false)
        #expect(shapes.count == 2 + 12 * 12 + 2)
        #expect(model.graph.segments.map(\.name) == (1...12).map { "layers.\($0)" })
    }

    @Test func recurrentNetwork() throws {
        let model = try Network.build(try #require(Zoo.network(named: "lstm")))
        #expect(
            model.parameters.map(\.name) == [
                "layers.0.weight", "layers.1.weight_ih", "layers.1.weight_hh", "layers.1.bias_ih", "layers.1.bias_hh", "layers.2.weight_ih",
                "layers.2.weight_hh", "layers.2.bias_ih", "layers.2.bias_hh", "layers.3.weight", "layers.3.bias",
            ])
        #expect(model.parameters[1].fileShape == [1024, 256] && model.parameters[3].fileShape == [1024])
        #expect(model.layers.map(\.outputShape) == [[64, 256], [64, 256], [64, 256], [64, 65]])
        #expect(model.layers.map(\.flops) == [0, 64 * 2 * 512 * 1024, 64 * 2 * 512 * 1024, 64 * 2 * 256 * 65])
    }

    /// The lines of the table add up to what the program does, blocks and all.
    @Test(arguments: ["resnet18", "lstm", "gpt-mini"]) func theSummaryAddsUp(name: String) throws {
        let model = try Network.build(try #require(Zoo.network(named: name)))
        let program = Program.compile(model, capacity: 1, mode: .training, kernels: ReferenceKernels<Float>())
        let summary = Network.summary(model, program: program)
        #expect(summary.flops == summary.rows.reduce(0) { $0 + $1.flops })
        #expect(summary.parameters == summary.rows.reduce(0) { $0 + $1.parameters })
        #expect(summary.parameters == model.layout.trainableCount)
    }
}
