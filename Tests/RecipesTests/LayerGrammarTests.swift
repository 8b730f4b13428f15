import Networks
import Recipes
import Testing

@Suite struct LayerGrammarTests {
    private func layers(_ text: String, input: String = "[8, 8, 3]") throws -> [NamedLayer] {
        try Recipe.parse(recipe(input: input, layers: text, loss: "mse")).network.layers
    }

    @Test func everyLayerWithEveryKey() throws {
        let layers = try layers(
            """
            - conv2d: {filters: 4, kernel: [3, 5], stride: [1, 2], padding: [1, 2], activation: relu, bias: false}
            - maxpool2d: {size: [2, 1], stride: 1, padding: [1, 0]}
            - averagepool2d: {size: 2}
            - flatten
            - dense: {units: 6, activation: gelu_tanh, bias: false}
            - dropout: {rate: 0.25}
            - relu
            - gelu
            - gelu: {approximate: tanh}
            - gelu: none
            - sigmoid
            - tanh
            - softmax
            """)
        #expect(
            layers.map(\.spec) == [
                .conv2d(filters: 4, kernel: Size2D(3, 5), stride: Size2D(1, 2), padding: Size2D(1, 2), activation: .relu, bias: false),
                .maxPool2d(size: Size2D(2, 1), stride: 1, padding: Size2D(1, 0)), .averagePool2d(size: 2, stride: 2), .flatten,
                .dense(units: 6, activation: .geluTanh, bias: false), .dropout(rate: 0.25), .activation(.relu), .activation(.gelu),
                .activation(.geluTanh), .activation(.gelu), .activation(.sigmoid), .activation(.tanh), .softmax,
            ])
        #expect(layers.allSatisfy { $0.name == nil })
    }

    @Test func shortForms() throws {
        let layers = try layers("- conv2d: 4\n- maxpool2d: 2\n- averagepool2d: [3, 1]\n- flatten:\n- dropout\n- dropout: 0.1\n- dense: 5")
        #expect(
            layers.map(\.spec) == [
                .conv2d(filters: 4, kernel: 3), .maxPool2d(size: 2, stride: 2), .averagePool2d(size: Size2D(3, 1), stride: Size2D(3, 1)),
                .flatten,
                .dropout(rate: 0.5), .dropout(rate: 0.1), .dense(units: 5),
            ])
    }

    @Test func samePadding() throws {
        #expect(
            try layers("- conv2d: {filters: 2, kernel: [3, 5], padding: same}")[0].spec
                == .conv2d(filters: 2, kernel: Size2D(3, 5), padding: Size2D(1, 2)))
        #expect(
            refusal(recipe(layers: "- conv2d: {filters: 2, kernel: 4, padding: same}"))
                == "test, line 4: `model.layers.0.conv2d.padding` can be same only with an odd kernel and stride 1; here the kernel is "
                + "4×4 and the stride 1×1. "
                + "Give the padding as a number")
    }

    @Test func blocksAreOpened() throws {
        let layers = try layers(
            """
            - flatten
            - sequential:
                - dense: {units: 4, name: inner}
                - relu
            - repeat:
                times: 2
                layers:
                  - dense: 4
                  - sequential: {name: tail, layers: [tanh, {dense: 4}]}
            - dense: {units: 1, name: head}
            """)
        #expect(
            layers == [
                NamedLayer(.flatten), NamedLayer(.dense(units: 4), name: "1.inner"), NamedLayer(.activation(.relu), name: "1.1"),
                NamedLayer(.dense(units: 4), name: "2.0.0"), NamedLayer(.activation(.tanh), name: "2.0.tail.0"),
                NamedLayer(.dense(units: 4), name: "2.0.tail.1"),
                NamedLayer(.dense(units: 4), name: "2.1.0"), NamedLayer(.activation(.tanh), name: "2.1.tail.0"),
                NamedLayer(.dense(units: 4), name: "2.1.tail.1"),
                NamedLayer(.dense(units: 1), name: "head"),
            ])
    }

    @Test func layersAfterABlockKeepTheirPlaceAsName() throws {
        let layers = try layers("- sequential: [flatten, {dense: 2}]\n- dense: 3")
        #expect(layers.map(\.name) == ["0.0", "0.1", "1"])
    }

    @Test func layersOfImages() throws {
        let layers = try layers(
            """
            - conv2d: {filters: 6, padding: same, dilation: [2, 1], groups: 3}
            - batchnorm2d
            - batchnorm2d: {epsilon: 1e-3, momentum: 1}
            - globalaveragepool2d
            """)
        #expect(
            layers.map(\.spec) == [
                .conv2d(filters: 6, kernel: 3, padding: Size2D(2, 1), dilation: Size2D(2, 1), groups: 3), .batchNorm2d(),
                .batchNorm2d(epsilon: 1e-3, momentum: 1), .globalAveragePool2d,
            ])
    }

    @Test func layersOfSequences() throws {
        let layers = try layers(
            """
            - layernorm
            - layernorm: {epsilon: 1e-6}
            - attention: 4
            - attention: {heads: 2, causal: false, dropout: 0.1, bias: false}
            - lstm: 16
            - transformer: 4
            - transformer: {heads: 4, hidden: 20, activation: gelu_tanh, causal: false, dropout: 0.2, bias: false}
            """, input: "[5, 8]")
        #expect(
            layers.map(\.spec) == [
                .layerNorm(), .layerNorm(epsilon: 1e-6), .attention(heads: 4),
                .attention(heads: 2, causal: false, dropout: 0.1, bias: false), .lstm(units: 16), .transformer(heads: 4),
                .transformer(heads: 4, hidden: 20, activation: .geluTanh, causal: false, dropout: 0.2, bias: false),
            ])
    }

    @Test func embeddings() throws {
        func layers(_ keys: String) throws -> [NamedLayer] {
            try Recipe.parse(
                recipe(
                    input: "[6]", layers: "- embedding: {vocabulary: 9, width: 4\(keys)}\n- head: tokens\n", loss: "softmax_cross_entropy")
                    + "data: synthetic\n"
            ).network.layers
        }
        #expect(
            try layers(", name: tokens")
                == [NamedLayer(.embedding(vocabulary: 9, width: 4), name: "tokens"), NamedLayer(.head(tied: "tokens"))])
        func first(_ keys: String) throws -> LayerSpec { try layers(keys + ", name: tokens")[0].spec }
        #expect(try first(", positions: true") == .embedding(vocabulary: 9, width: 4, positions: .ofInput))
        #expect(try first(", positions: false") == .embedding(vocabulary: 9, width: 4))
        #expect(try first(", positions: 10, std: 0.02") == .embedding(vocabulary: 9, width: 4, positions: .rows(10), deviation: 0.02))
        let byPlace = try Recipe.parse(
            recipe(input: "[6]", layers: "- embedding: {vocabulary: 9, width: 4}\n- head: 0") + "data: synthetic\n")
        #expect(byPlace.network.layers[1].spec == .head(tied: "0"))
        #expect(byPlace.network.vocabulary == 9)
    }

    @Test func residualBlocksKeepTheirLists() throws {
        let layers = try layers(
            """
            - conv2d: {filters: 4, kernel: 1, name: stem}
            - repeat:
                times: 2
                layers:
                  - residual:
                      layers:
                        - sequential: [{conv2d: {filters: 6, kernel: 3, stride: 2, padding: 1}}, relu]
                        - conv2d: {filters: 6, padding: same, name: second}
                      shortcut: [{conv2d: {filters: 6, kernel: 1, stride: 2}}]
                      activation: relu
            - residual: [batchnorm2d]
            """)
        let block = LayerSpec.residual(
            layers: [
                NamedLayer(.conv2d(filters: 6, kernel: 3, stride: 2, padding: 1), name: "0.0"),
                NamedLayer(.activation(.relu), name: "0.1"), NamedLayer(.conv2d(filters: 6, kernel: 3, padding: 1), name: "second"),
            ],
            shortcut: [NamedLayer(.conv2d(filters: 6, kernel: 1, stride: 2))], activation: .relu)
        #expect(
            layers == [
                NamedLayer(.conv2d(filters: 4, kernel: 1), name: "stem"), NamedLayer(block, name: "1.0.0"),
                NamedLayer(block, name: "1.1.0"),
                NamedLayer(.residual(layers: [NamedLayer(.batchNorm2d())]), name: "2"),
            ])
        let names = try Network.build(NetworkSpec(input: [8, 8, 3], layers: layers, loss: .meanSquaredError)).parameters.map(\.name)
        #expect(names.contains("layers.1.1.0.0.0.weight"))
        #expect(names.contains("layers.1.1.0.second.bias"))
        #expect(names.contains("layers.1.1.0.shortcut.0.weight"))
        #expect(names.last == "layers.2.0.running_var")
    }

    @Test func refusalsInBlocks() {
        #expect(
            refusal(recipe(layers: "- residual: {shortcut: [relu]}")) == "test, line 4: `model.layers.0.residual.layers` is missing")
        #expect(
            refusal(recipe(layers: "- residual:\n    layers:\n      - conv2d: {filters: 3, kernel: 1}\n      - conv2d: {filter: 3}"))
                == "test, line 7: unknown key `model.layers.0.residual.layers.1.conv2d.filter`: did you mean "
                + "`model.layers.0.residual.layers.1.conv2d.filters`?")
        #expect(
            refusal(recipe(layers: "- residual:\n    layers: [{relu: {name: a}}, {tanh: {name: a}}]"))
                == "test, line 5: two layers are called `0.a`: `model.layers.0.residual.layers.0` and `model.layers.0.residual.layers.1`. "
                + "Rename one of them")
        let shape = refusal(recipe(layers: "- relu\n- residual:\n    layers:\n      - relu\n      - conv2d: {filters: 4, kernel: 9}"))
        #expect(shape.hasPrefix("test, line 8: model: layers.1.1 (conv2d): a window of 9×9 does not fit"))
        // A layer that the recipe does not have by itself is blamed on its block.
        let heads = refusal(recipe(input: "[5, 6]", layers: "- relu\n- transformer: {heads: 4}"))
        #expect(heads == "test, line 5: model: layers.1.attention (attention): 4 heads have to divide the width of 6")
        #expect(
            refusal(recipe(input: "[5]", layers: "- embedding: {vocabulary: 9, width: 4, positions: some}"))
                == "test, line 4: `model.layers.0.embedding.positions` must be true or false, or a whole number, not the text \"some\"")
        #expect(
            refusal(recipe(input: "[5]", layers: "- embedding: 9")).hasPrefix("test, line 4: `model.layers.0.embedding` must be a section"))
        #expect(
            refusal(recipe(input: "[5]", layers: "- embedding: {vocabulary: 9}"))
                == "test, line 4: `model.layers.0.embedding.width` is missing. For example - embedding: {vocabulary: 65, width: 256}")
        #expect(
            refusal(recipe(layers: "- batchnorm2d: {momentum: 0}"))
                == "test, line 4: `model.layers.0.batchnorm2d.momentum` must be above 0 and at most 1, not 0")
        #expect(
            refusal(smallest, "model.recompute=all")
                == "override model.recompute=all: unknown way to recompute `all`. Known are none and blocks")
    }

    @Test func overridesReachIntoBlocks() throws {
        let text = recipe(
            layers: "- residual:\n    layers: [{conv2d: {filters: 3, padding: same}}]\n    shortcut: [{conv2d: {filters: 3, kernel: 1}}]",
            loss: "mse")
        let changed = try Recipe.parse(
            text,
            overrides: [
                "model.layers.0.residual.layers.0.conv2d.filters=5", "model.layers.0.residual.shortcut.0.conv2d.filters=5",
                "model.recompute=blocks", "precision=bf16",
            ])
        #expect(
            changed.network.layers[0].spec
                == .residual(
                    layers: [NamedLayer(.conv2d(filters: 5, kernel: 3, padding: 1))],
                    shortcut: [NamedLayer(.conv2d(filters: 5, kernel: 1))]))
        #expect(changed.network.recompute == .blocks && changed.precision.rawValue == "bf16")
        #expect(try Recipe.parse(text).network.recompute == .none && Recipe.parse(text).precision.rawValue == "fp32")
    }

    @Test func refusals() {
        #expect(
            refusal(recipe(layers: "- dense: 3\n  activation: relu"))
                == "test, line 4: `model.layers.0` has 2 keys (dense and activation), but an entry of the list is one layer. Put what "
                + "belongs to dense into braces: "
                + "- dense: {…}")
        #expect(
            refusal(recipe(layers: "- 3")) == "test, line 4: `model.layers.0` must be a layer, not the number 3. For example - dense: 10")
        #expect(refusal(recipe(layers: "- dense: {}")) == "test, line 4: `model.layers.0.dense.units` is missing. For example - dense: 10")
        #expect(
            refusal(recipe(layers: "- dense: ten"))
                == "test, line 4: `model.layers.0.dense.units` must be a whole number, not the text \"ten\"")
        #expect(
            refusal(recipe(layers: "- dropout: 1")) == "test, line 4: `model.layers.0.dropout.rate` must be at least 0 and below 1, not 1")
        #expect(
            refusal(recipe(layers: "- conv2d: {filters: 1, kernel: [1, 2, 3]}"))
                == "test, line 4: `model.layers.0.conv2d.kernel` must be a whole number or [height, width], not a list of 3")
        #expect(
            refusal(recipe(layers: "- maxpool2d: {size: 2, padding: 2}"))
                == "test, line 4: `model.layers.0.maxpool2d.padding` is 2×2, but at most half the window of 2×2 may be padding")
        #expect(
            refusal(recipe(layers: "- dense: {units: 3, name: a b}"))
                == "test, line 4: `model.layers.0.dense.name` is `a b`, but a layer's name is made of letters, digits, _ "
                + "and -, with single dots between them. Parameters are called by it: layers.NAME.weight")
        #expect(
            refusal(recipe(layers: "- flatten\n- dense: {units: 3, name: a}\n- dense: {units: 3, name: a}"))
                == "test, line 6: two layers are called `a`: `model.layers.1` and `model.layers.2`. Rename one of them")
        #expect(
            refusal(recipe(layers: "- repeat: {times: 100, layers: [{repeat: {times: 101, layers: [relu]}}]}"))
                == "test, line 4: the network has more than 10000 layers")
        #expect(
            refusal(smallest, "model.layers=[]")
                == "override model.layers=[]: `model.layers` is an empty list. Name at least one layer: - dense: 10")
        #expect(
            refusal(smallest, "model.layers=dense")
                == "override model.layers=dense: `model.layers` must be a list of layers, not the text \"dense\". Begin each with a "
                + "dash: - dense: 10"
        )
    }

    /// The network's own words, with the line of the layer that does not fit.
    @Test func impossibleShapes() {
        let message = refusal(
            recipe(
                input: "[8, 8, 1]", layers: "- conv2d: {filters: 2, kernel: 3}\n- conv2d: {filters: 2, kernel: 9}\n- flatten\n- dense: 3"))
        #expect(message.hasPrefix("test, line 5: model: layers.1 (conv2d): "))
        #expect(message.contains("6×6") && message.contains("9×9"))
        let inBlock = refusal(recipe(input: "[8]", layers: "- dense: 4\n- sequential:\n    - relu\n    - conv2d: 2"))
        #expect(inBlock.hasPrefix("test, line 7: model: layers.1.1 (conv2d): "))
    }
}
