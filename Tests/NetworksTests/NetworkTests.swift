import Graphs
import Kernels
import Networks
import TensorCore
import Testing

@Suite struct NetworkTests {
    @Test func theConvolutionalNetworkHasTheKnownFigures() throws {
        let model = try Network.build(try #require(Zoo.network(named: "cnn")))
        let program = Program.compile(model, capacity: 32, mode: .training, kernels: ReferenceKernels<Float>())
        let summary = Network.summary(model, program: program)
        #expect(summary.parameters == 32 * 9 + 32 + 5408 * 64 + 64 + 650)
        #expect(summary.rows.map(\.name) == ["layers.0", "layers.1", "layers.2", "layers.3", "layers.4"])
        #expect(summary.rows.map(\.type) == ["conv2d", "maxpool2d", "flatten", "dense", "dense"])
        #expect(summary.rows.map(\.outputShape) == [[26, 26, 32], [13, 13, 32], [5408], [64], [10]])
        #expect(summary.rows.map(\.parameters) == [320, 0, 0, 346_176, 650])
        let convolution = 2 * 26 * 26 * 32 * 9
        #expect(summary.rows.map(\.flops) == [convolution, 0, 0, 2 * 5408 * 64, 2 * 64 * 10])
        #expect(summary.flops == summary.rows.reduce(0) { $0 + $1.flops })
        // Backward: weight gradients cost as much as forward; input gradients exist for all but the first layer.
        #expect(summary.trainingFlops == 3 * summary.flops - convolution)
        #expect(summary.arenaBytes == program.plan.arenaBytes)
        #expect(summary.table.contains("346,176"))
        #expect(summary.table.contains("347,146"))
        #expect(summary.table.split(separator: "\n").allSatisfy { !$0.hasSuffix(" ") })
        let names = model.layout.modelOrder.map(\.name)
        #expect(names == ["layers.0.weight", "layers.0.bias", "layers.3.weight", "layers.3.bias", "layers.4.weight", "layers.4.bias"])
        #expect(model.layout.modelOrder.map(\.fileShape) == [[32, 1, 3, 3], [32], [64, 5408], [64], [10, 64], [10]])
    }

    /// The map between convolution and pooling is the largest value of this network, and it is never stored.
    @Test func theMapBeforePoolingIsNotInTheArena() throws {
        let model = try Network.build(try #require(Zoo.network(named: "cnn")))
        let kernels = ReferenceKernels<Float>()
        let fused = Program.compile(model, capacity: 32, mode: .training, kernels: kernels)
        let map = 32 * 26 * 26 * 32 * 4
        #expect(fused.plan.requests.allSatisfy { $0.bytes < map })
        let plain = Program.compile(model, capacity: 32, mode: .training, kernels: kernels, fusion: [])
        #expect(plain.plan.requests.contains { $0.bytes >= map })
    }

    @Test func parametersLieInBackwardOrder() throws {
        let model = try Network.build(try #require(Zoo.network(named: "mlp-small")))
        #expect(model.layout.trainableCount == 784 * 64 + 64 + 64 * 64 + 64 + 650)
        #expect(
            model.layout.entries.map(\.name).map { String($0.prefix(8)) }
                == ["layers.2", "layers.2", "layers.1", "layers.1", "layers.0", "layers.0"])
    }

    @Test func namesStandForPositions() throws {
        let spec = NetworkSpec(
            input: [4], layers: [NamedLayer(.dense(units: 3, activation: .relu), name: "body"), NamedLayer(.dense(units: 2, bias: false))],
            loss: .softmaxCrossEntropy)
        let model = try Network.build(spec)
        #expect(model.parameters.map(\.name) == ["layers.body.weight", "layers.body.bias", "layers.1.weight"])
    }

    @Test func theLossBringsItsOwnSoftmaxAndSigmoid() throws {
        let kernels = ReferenceKernels<Float>()
        func operations(_ layers: [LayerSpec], _ loss: LossKind) throws -> [Operation.Kind] {
            let model = try Network.build(NetworkSpec(input: [3], layers, loss: loss))
            return Program.compile(model, capacity: 1, mode: .inference, kernels: kernels, fusion: []).operations
        }
        #expect(try operations([.dense(units: 2), .softmax], .softmaxCrossEntropy) == [.matmul, .addBias, .loss])
        #expect(try operations([.dense(units: 1), .activation(.sigmoid)], .binaryCrossEntropy) == [.matmul, .addBias, .loss])
        #expect(try operations([.dense(units: 1, activation: .sigmoid)], .binaryCrossEntropy) == [.matmul, .addBias, .loss])
        #expect(try operations([.dense(units: 1, activation: .sigmoid)], .meanSquaredError) == [.matmul, .addBias, .activate, .loss])
        #expect(try operations([.dense(units: 2), .softmax], .meanSquaredError) == [.matmul, .addBias, .softmax, .loss])
    }
}
