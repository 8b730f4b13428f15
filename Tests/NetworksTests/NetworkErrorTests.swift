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
        Case([0, 4], [.dense(units: 1)], "model: the input shape [0, 4] has to be a list of numbers of at least 1, [784] or [28, 28, 1]"),
        Case([1 << 30, 1 << 30], [.flatten], "model: the input shape 1073741824×1073741824 has more than 2^40 elements"),
        Case(
            [1 << 20], [.dense(units: 1 << 21)],
            "model: layers.0 (dense): the weights 2097152×1048576 would have more than 2^40 elements"),
        Case(
            [4], named: [NamedLayer(.dense(units: 2), name: "a"), NamedLayer(.dense(units: 2), name: "a")],
            "model: layers.a (dense): another layer has this name; names have to differ"),
        Case(
            [4], named: [NamedLayer(.dense(units: 2), name: "a.b")],
            "model: layers.a.b (dense): the name may have letters, digits, _ and - only"),
    ]

    @Test(arguments: cases) func impossibleNetworksAreExplained(example: Case) {
        let spec = NetworkSpec(input: example.input, layers: example.layers, loss: example.loss)
        let error = #expect(throws: NetworkError.self) { _ = try Network.build(spec) }
        #expect(error?.description == example.message)
    }
}
