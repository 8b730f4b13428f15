import Graphs
import Kernels
import Networks
import TensorCore
import Testing

/// What each layer makes: shapes, names, parameters and their first values.
@Suite struct LayerTests {
    private func build(_ input: [Int], _ layers: [LayerSpec], loss: LossKind = .meanSquaredError) throws -> ModelGraph {
        try Network.build(NetworkSpec(input: input, layers, loss: loss))
    }

    private func names(_ model: ModelGraph) -> [String] { model.parameters.map(\.name) }

    @Test func embeddingReadsTokens() throws {
        let spec = NetworkSpec(
            input: [6], [.embedding(vocabulary: 11, width: 4, positions: .ofInput), .dense(units: 11)], loss: .softmaxCrossEntropy)
        #expect(spec.vocabulary == 11 && spec.inputIsTokens)
        let model = try Network.build(spec)
        #expect(model.graph[model.input].element == .label)
        #expect(names(model) == ["layers.0.weight", "layers.0.positions", "layers.1.weight", "layers.1.bias"])
        #expect(model.parameters.map(\.fileShape) == [[11, 4], [6, 4], [11, 4], [11]])
        #expect(model.outputShape == [6, 11] && model.targetElements == 6)
        let numbers = NetworkSpec(input: [6], [.dense(units: 3)], loss: .softmaxCrossEntropy)
        #expect(numbers.vocabulary == nil && !numbers.inputIsTokens)
    }

    @Test func headTakesTheTableOfTheEmbedding() throws {
        let model = try Network.build(
            NetworkSpec(
                input: [6],
                layers: [
                    NamedLayer(.embedding(vocabulary: 11, width: 4), name: "tokens"), NamedLayer(.dense(units: 4)),
                    NamedLayer(.head(tied: "tokens")),
                ], loss: .softmaxCrossEntropy))
        #expect(names(model) == ["layers.tokens.weight", "layers.1.weight", "layers.1.bias"])
        #expect(model.outputShape == [6, 11])
        #expect(model.layers.map(\.flops) == [0, 2 * 6 * 16, 2 * 6 * 4 * 11])
    }

    @Test func denseWorksAtEveryPosition() throws {
        let model = try build([5, 8], [.dense(units: 3)])
        #expect(model.outputShape == [5, 3])
        #expect(model.parameters.map(\.fileShape) == [[3, 8], [3]])
        #expect(model.layers[0].flops == 5 * 2 * 8 * 3)
    }

    @Test func normsHaveVectors() throws {
        let model = try build([4, 4, 3], [.conv2d(filters: 6, kernel: 1), .batchNorm2d(momentum: 0.2), .layerNorm()])
        #expect(
            names(model).dropFirst(2) == [
                "layers.1.weight", "layers.1.bias", "layers.1.running_mean", "layers.1.running_var", "layers.2.weight", "layers.2.bias",
            ])
        #expect(model.parameters.dropFirst(2).allSatisfy { $0.fileShape == [6] })
        #expect(model.parameters.map(\.trainable) == [true, true, true, true, false, false, true, true])
        #expect(model.parameters[4].momentum == 0.2)
        let summary = Network.summary(
            model, program: Program.compile(model, capacity: 2, mode: .training, kernels: ReferenceKernels<Float>()))
        #expect(summary.rows.map(\.parameters) == [24, 12, 12])
        #expect(summary.parameters == 48)
    }

    @Test func groupsAndDilation() throws {
        let model = try build([9, 9, 4], [.conv2d(filters: 6, kernel: 3, padding: 2, dilation: Size2D(2, 1), groups: 2, bias: false)])
        #expect(model.outputShape == [9, 11, 6])
        #expect(model.parameters[0].fileShape == [6, 2, 3, 3])
        #expect(model.parameters[0].initialiser == .uniform(fanIn: 18))
    }

    @Test func globalAveragePoolMakesARow() throws {
        let model = try build([7, 5, 3], [.globalAveragePool2d, .dense(units: 2)])
        #expect(model.layers[0].outputShape == [3])
        #expect(model.parameters[0].fileShape == [2, 3] && model.parameters[0].transform == .transposed)
    }

    @Test func attentionHoldsItsProjections() throws {
        let model = try build([5, 12], [.attention(heads: 3), .attention(heads: 2, bias: false)])
        #expect(
            names(model) == [
                "layers.0.qkv.weight", "layers.0.qkv.bias", "layers.0.proj.weight", "layers.0.proj.bias", "layers.1.qkv.weight",
                "layers.1.proj.weight",
            ])
        #expect(model.parameters.map(\.fileShape) == [[36, 12], [36], [12, 12], [12], [36, 12], [12, 12]])
        // Projections, and two causal products of T×T×D.
        #expect(model.layers[0].flops == 5 * 2 * 12 * 48 + 2 * 5 * 5 * 12)
    }

    @Test func lstm() throws {
        let model = try build([5, 3], [.lstm(units: 4)])
        #expect(model.parameters.map(\.fileShape) == [[16, 3], [16, 4], [16], [16]])
        #expect(model.parameters.map(\.memoryShape) == [[3, 16], [4, 16], [16], [16]])
        #expect(model.parameters.allSatisfy { $0.initialiser == .uniform(fanIn: 4) })
        #expect(model.outputShape == [5, 4])
    }

    @Test func residualBlocksNest() throws {
        let inner = LayerSpec.residual(layers: [NamedLayer(.dense(units: 6)), NamedLayer(.activation(.tanh))], activation: .relu)
        let model = try build(
            [4],
            [
                .dense(units: 6),
                .residual(
                    layers: [NamedLayer(inner), NamedLayer(.dense(units: 3), name: "last")],
                    shortcut: [NamedLayer(.dense(units: 3, bias: false))]),
            ])
        #expect(
            names(model).dropFirst(2) == [
                "layers.1.0.0.weight", "layers.1.0.0.bias", "layers.1.last.weight", "layers.1.last.bias", "layers.1.shortcut.0.weight",
            ])
        #expect(
            model.layers.map(\.name) == [
                "layers.0", "layers.1.0.0", "layers.1.0.1", "layers.1.0", "layers.1.last", "layers.1.shortcut.0", "layers.1",
            ])
        #expect(model.layers.map(\.type) == ["dense", "dense", "tanh", "residual", "dense", "dense", "residual"])
        // Only whole entries of the list are computed again, not what lies in them.
        #expect(model.graph.segments.map(\.name) == ["layers.1"])
        #expect(model.graph.units.map(\.layer) == ["layers.1.0"])
        #expect(model.outputShape == [3])
    }

    @Test func transformerHasGPTsParts() throws {
        let model = try build([5, 8], [.transformer(heads: 2, hidden: 12, dropout: 0.1)])
        #expect(
            names(model).map { $0.dropFirst("layers.0.".count) } == [
                "ln1.weight", "ln1.bias", "attention.qkv.weight", "attention.qkv.bias", "attention.proj.weight", "attention.proj.bias",
                "ln2.weight", "ln2.bias", "fc.weight", "fc.bias", "out.weight", "out.bias",
            ])
        #expect(model.layers.map(\.type) == ["layernorm", "attention", "dropout", "layernorm", "dense", "dense", "dropout", "transformer"])
        #expect(model.outputShape == [5, 8])
        let keys = model.graph.nodes.compactMap { node -> UInt64? in
            switch node.operation {
            case .dropout(_, let key): key
            case .attention(let call): call.layerKey
            default: nil
            }
        }
        #expect(keys.count == 3 && Set(keys).count == 3, "every source of chance has a stream of its own")
        #expect(model.graph.segments.map(\.name) == ["layers.0"])
    }

    /// The rest of a table of positions that is longer than the sequence has no part in anything.
    @Test func longTablesOfPositions() throws {
        func run(_ positions: LayerSpec.PositionTable) throws -> (loss: Double, gradient: [Double]) {
            let spec = NetworkSpec(
                input: [3], [.embedding(vocabulary: 5, width: 4, positions: positions), .dense(units: 5)], loss: .softmaxCrossEntropy)
            let model = try Network.build(spec)
            let kernels = ReferenceKernels<Double>()
            let program = Program.compile(model, capacity: 2, mode: .training, kernels: kernels)
            let execution = Execution(program, kernels: kernels)
            let single = Arena<Float>(count: model.layout.elementCount)
            Network.initialise(model.layout, seed: 3, into: single)
            let parameters = Arena<Double>(count: single.count)
            let gradients = Arena<Double>(count: single.count)
            gradients.fill(.nan)
            for entry in model.layout.entries {
                for index in entry.range { parameters[index] = Double(single[index]) }
            }
            execution.withTokens { tokens in for index in 0..<6 { tokens[index] = Int32(index % 5) } }
            execution.withClasses { classes in for index in 0..<6 { classes[index] = Int32(index % 3) } }
            execution.forwardBackward(rows: 2, scale: 0.5, parameters: parameters, gradients: gradients)
            let entry = try #require(model.layout["layers.0.positions"])
            let loss = execution.withRowLosses { $0[0] + $0[1] }
            return (loss, gradients.array(entry.range))
        }
        let exact = try run(.ofInput)
        let long = try run(.rows(7))
        #expect(exact.gradient.count == 12 && long.gradient.count == 28)
        #expect(exact.gradient.allSatisfy { $0 != 0 })
        #expect(Array(long.gradient[..<12]) == exact.gradient && long.loss == exact.loss)
        #expect(long.gradient[12...].allSatisfy { $0 == 0 })
    }
}
