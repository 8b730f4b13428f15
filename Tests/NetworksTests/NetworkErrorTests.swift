import Graphs
import Networks
import Testing

/// Every message names the layer and the shapes, and says what to do.
@Suite struct NetworkErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let input: [Int]
        let layers: [NamedLayer]
        var loss = LossKind.softmaxCrossEntropy
        let message: String

        init(_ input: [Int], _ layers: [LayerSpec], _ message: String) {
            self.init(input, named: layers.map { NamedLayer($0) }, message)
        }

        init(_ input: [Int], named layers: [NamedLayer], _ message: String) {
            self.input = input
            self.layers = layers
            self.message = message
        }

        var testDescription: String { message }
    }

    static let cases = [
        Case(
            [28, 28, 1], [.dense(units: 10)],
            "model: layers.0 (dense): needs a flat input [N], but gets 28×28×1 (as a row it would be 784); put flatten before it"),
        Case(
            [4, 4, 1], [.conv2d(filters: 2, kernel: 3), .conv2d(filters: 2, kernel: 3)],
            "model: layers.1 (conv2d): a window of 3×3 does not fit into the input 2×2×2 with padding 0×0; use a smaller window"),
        Case(
            [8, 8, 1], [.flatten, .conv2d(filters: 2, kernel: 3)],
            "model: layers.1 (conv2d): needs an image height×width×channels, but gets 64; it has to stand before flatten and dense layers"),
        Case(
            [28, 28], [.conv2d(filters: 2, kernel: 3)],
            "model: layers.0 (conv2d): needs an image height×width×channels, but gets 28×28; write the channel too: 28×28×1"),
        Case(
            [4, 4, 1], [.maxPool2d(size: 5)],
            "model: layers.0 (maxpool2d): a window of 5×5 does not fit into the input 4×4×1 with padding 0×0; use a smaller window"),
        Case(
            [40, 40, 1], [.maxPool2d(size: 17)],
            "model: layers.0 (maxpool2d): a window of 17×17 has 289 positions; at most 256 are possible"),
        Case(
            [40, 40, 1], [.averagePool2d(size: 17, stride: 1)],
            "model: layers.0 (averagepool2d): 289 windows of 17×17 overlap; at most 256 can: use a larger stride"),
        Case(
            [4, 4, 1], [.averagePool2d(size: 2, padding: 2)],
            "model: layers.0 (averagepool2d): the padding 2×2 has to be smaller than the window 2×2"),
        Case([4, 4, 1], [.maxPool2d(size: 2, stride: 0)], "model: layers.0 (maxpool2d): the stride has to be at least 1, got 0×0"),
        Case([4], [.dense(units: 0)], "model: layers.0 (dense): the number of units has to be at least 1, got 0"),
        Case([4, 4, 1], [.conv2d(filters: -1, kernel: 3)], "model: layers.0 (conv2d): the number of filters has to be at least 1, got -1"),
        Case([4], [.dropout(rate: 1)], "model: layers.0 (dropout): the rate has to be at least 0 and below 1, got 1.0"),
        Case(
            [4, 4, 1], [.conv2d(filters: 2, kernel: 3)],
            "model: layers.0 (conv2d): gives 2×2×2 per sample, but softmax_cross_entropy needs one score per class; "
                + "add flatten and a dense layer"),
        Case([4], [.activation(.relu)], "model: no layer has parameters, so there is nothing to train; add a dense or conv2d layer"),
        Case([4], [LayerSpec](), "model: there are no layers"),
        Case(
            [28, 28], [.dense(units: 10)],
            "model: layers.0 (dense): gives 28×10 per sample, but softmax_cross_entropy needs one score per "
                + "class; add flatten and a dense layer"),
        Case(
            [2, 3], [.embedding(vocabulary: 5, width: 4)],
            "model: the input shape 2×3 does not suit an embedding, which reads one row of tokens: [256]"),
        Case(
            [8], [.dense(units: 8), .embedding(vocabulary: 5, width: 4)],
            "model: layers.1 (embedding): reads tokens, so it has to be the first layer"),
        Case(
            [8], [.embedding(vocabulary: 5, width: 4, positions: .rows(7))],
            "model: layers.0 (embedding): has 7 positions, but the input has 8 tokens; give it at least as many positions"),
        Case(
            [8], [.embedding(vocabulary: 1, width: 4)],
            "model: layers.0 (embedding): the vocabulary has to be at least 2 and below 2^31, got 1"),
        Case(
            [8], [.embedding(vocabulary: 5, width: 4), .dense(units: 3), .head(tied: "0")],
            "model: layers.2 (head): gets 8×3, but the embedding that it is tied to is 4 wide; put a dense layer of 4 units before it"),
        Case(
            [8], [.embedding(vocabulary: 5, width: 4), .head(tied: "tokens")],
            "model: layers.1 (head): is tied to `tokens`, but no embedding before it has this name or place; there is 0"),
        Case(
            [8], [.head(tied: "0")],
            "model: layers.0 (head): is tied to `0`, but no embedding before it has this name or place; the first layer has to be an "
                + "embedding"),
        Case(
            [8], [.embedding(vocabulary: 5, width: 4), .dense(units: 4)],
            "model: layers.1 (dense): gives 4 scores at every position, but the embedding knows 5 tokens; give it as many units"),
        Case([4, 6], [.attention(heads: 4)], "model: layers.0 (attention): 4 heads have to divide the width of 6"),
        Case(
            [4], [.attention(heads: 2)],
            "model: layers.0 (attention): needs a sequence positions×features, but gets 4; an embedding makes "
                + "one of tokens"),
        Case([4, 4, 1], [.lstm(units: 2)], "model: layers.0 (lstm): needs a sequence positions×features, but gets 4×4×1"),
        Case([4, 6], [.lstm(units: 0)], "model: layers.0 (lstm): the number of units has to be at least 1, got 0"),
        Case([4, 6], [.transformer(heads: 4)], "model: layers.0.attention (attention): 4 heads have to divide the width of 6"),
        Case(
            [6], [.transformer(heads: 2)],
            "model: layers.0 (transformer): needs a sequence positions×features, but gets 6; an embedding "
                + "makes one of tokens"),
        Case([4, 6], [.transformer(heads: 2, hidden: 0)], "model: layers.0 (transformer): the hidden width has to be at least 1, got 0"),
        Case(
            [4, 6], [.transformer(heads: 2, dropout: 1)],
            "model: layers.0.attention (attention): the dropout has to be at least 0 and "
                + "below 1, got 1.0"),
        Case(
            [4], [.batchNorm2d()],
            "model: layers.0 (batchnorm2d): needs an image height×width×channels, but gets 4; layernorm normalises "
                + "rows of features and sequences"),
        Case(
            [4, 4, 2], [.batchNorm2d(momentum: 0)], "model: layers.0 (batchnorm2d): the momentum has to be above 0 and at most 1, got 0.0"),
        Case([4], [.layerNorm(epsilon: 0)], "model: layers.0 (layernorm): epsilon has to be above 0, got 0.0"),
        Case(
            [4, 4, 2], [.flatten, .layerNorm()],
            "model: layers.1 (layernorm): cannot follow flatten, whose features files hold in another order; put it before flatten, or a "
                + "dense layer between"),
        Case(
            [4, 4, 3], [.conv2d(filters: 4, kernel: 3, groups: 2)],
            "model: layers.0 (conv2d): 2 groups have to divide the 3 channels of the input and the 4 filters"),
        Case(
            [4, 4, 3], [.conv2d(filters: 4, kernel: 3, dilation: 2)],
            "model: layers.0 (conv2d): a window of 3×3 (5×5 with dilation 2×2) does not fit into the input 4×4×3 with padding 0×0; use a "
                + "smaller window"),
        Case(
            [4, 4, 3], [.conv2d(filters: 4, kernel: 3, dilation: 0)], "model: layers.0 (conv2d): the dilation has to be at least 1, got 0×0"
        ),
        Case([4], [.globalAveragePool2d], "model: layers.0 (globalaveragepool2d): needs an image height×width×channels, but gets 4"),
        Case([4], [.residual(layers: [])], "model: layers.0 (residual): there are no layers in the block"),
        Case(
            [4], [.residual(layers: [NamedLayer(.dense(units: 3))])],
            "model: layers.0 (residual): its layers give 3, but its input is 4; both have to be alike"),
        Case(
            [4, 4, 2], [.residual(layers: [NamedLayer(.conv2d(filters: 3, kernel: 1))], shortcut: [NamedLayer(.maxPool2d(size: 2))])],
            "model: layers.0 (residual): its layers give 4×4×3, but its shortcut gives 2×2×2; a conv2d with kernel 1 in the shortcut, with "
                + "the stride and the filters of the layers, makes them alike"),
        Case(
            [2, 2, 2], [.flatten, .residual(layers: [NamedLayer(.dense(units: 8))])],
            "model: layers.1 (residual): after flatten its layers and its shortcut keep their features in different orders; put a dense "
                + "layer before the block"),
        Case(
            [4], [.dense(units: 4), .residual(layers: [NamedLayer(.dropout(rate: 2), name: "d")])],
            "model: layers.1.d (dropout): the rate has to be at least 0 and below 1, got 2.0"),
        Case(
            [4],
            named: [NamedLayer(.residual(layers: [NamedLayer(.dense(units: 4), name: "x")])), NamedLayer(.dense(units: 4), name: "0.x")],
            "model: layers.0.x (dense): another layer has this name; names have to differ"),
        Case(
            [4, 4], named: [NamedLayer(.attention(heads: 1)), NamedLayer(.dense(units: 4), name: "0.qkv")],
            "model: layers.0.qkv (dense): another layer has a parameter layers.0.qkv.weight too; rename one of the two layers"),
        Case([0, 4], [.dense(units: 1)], "model: the input shape [0, 4] has to be a list of numbers of at least 1, [784] or [28, 28, 1]"),
        Case([1 << 30, 1 << 30], [.flatten], "model: the input shape 1073741824×1073741824 has more than 2^40 elements"),
        Case(
            [1 << 20], [.dense(units: 1 << 21)],
            "model: layers.0 (dense): the weights 2097152×1048576 would have more than 2^40 elements"),
        Case(
            [4], named: [NamedLayer(.dense(units: 2), name: "a"), NamedLayer(.dense(units: 2), name: "a")],
            "model: layers.a (dense): another layer has this name; names have to differ"),
        Case(
            [4], named: [NamedLayer(.dense(units: 2), name: "a..b")],
            "model: layers.a..b (dense): the name may have letters, digits, _ and - only, and single dots between them"),
    ]

    @Test(arguments: cases) func impossibleNetworksAreExplained(example: Case) {
        let spec = NetworkSpec(input: example.input, layers: example.layers, loss: example.loss)
        let error = #expect(throws: NetworkError.self) { _ = try Network.build(spec) }
        #expect(error?.description == example.message)
    }
}
