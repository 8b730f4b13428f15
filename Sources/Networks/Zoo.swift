import Graphs

/// Networks by name: what benchmarks and built-in recipes train.
package enum Zoo {
    package static let names = ["mlp-small", "mlp", "cnn", "resnet18", "lstm", "gpt-mini", "gpt2"]

    /// The network of that name, or nil. The sizes are those of the PyTorch side of the comparison.
    package static func network(named name: String) -> NetworkSpec? {
        switch name {
        case "mlp-small": mlp(hidden: 64)
        case "mlp": mlp(hidden: 1024)
        case "cnn": cnn
        case "resnet18": resnet18
        case "lstm": charLSTM
        case "gpt-mini": gpt(vocabulary: 65, length: 256, positions: 256, blocks: 6, heads: 6, width: 384)
        case "gpt2": gpt(vocabulary: 50257, length: 256, positions: 1024, blocks: 12, heads: 12, width: 768)
        default: nil
        }
    }

    /// 784-hidden-hidden-10 with ReLU.
    private static func mlp(hidden: Int) -> NetworkSpec {
        NetworkSpec(
            input: [784],
            [.dense(units: hidden, activation: .relu), .dense(units: hidden, activation: .relu), .dense(units: 10)],
            loss: .softmaxCrossEntropy)
    }

    /// 32 filters of 3×3, ReLU, pooling 2, dense 64 with ReLU, dense 10, on 28×28×1.
    private static var cnn: NetworkSpec {
        NetworkSpec(
            input: [28, 28, 1],
            [
                .conv2d(filters: 32, kernel: 3, activation: .relu), .maxPool2d(size: 2), .flatten,
                .dense(units: 64, activation: .relu), .dense(units: 10),
            ],
            loss: .softmaxCrossEntropy)
    }

    /// ResNet-18 for images of 32×32×3: a first convolution of 3×3 and no pooling before the blocks.
    private static var resnet18: NetworkSpec {
        var layers: [LayerSpec] = [convolution(64), .batchNorm2d(), .activation(.relu)]
        for (filters, stride) in [(64, 1), (128, 2), (256, 2), (512, 2)] {
            layers += [residual(filters, stride: stride, widens: stride > 1), residual(filters, stride: 1, widens: false)]
        }
        return NetworkSpec(input: [32, 32, 3], layers + [.globalAveragePool2d, .dense(units: 10)], loss: .softmaxCrossEntropy)
    }

    private static func residual(_ filters: Int, stride: Int, widens: Bool) -> LayerSpec {
        let main: [LayerSpec] = [
            convolution(filters, stride: stride), .batchNorm2d(), .activation(.relu), convolution(filters), .batchNorm2d(),
        ]
        let shortcut: [LayerSpec] =
            widens ? [.conv2d(filters: filters, kernel: 1, stride: Size2D(stride), bias: false), .batchNorm2d()] : []
        return .residual(layers: main.map { NamedLayer($0) }, shortcut: shortcut.map { NamedLayer($0) }, activation: .relu)
    }

    /// 3×3 with padding 1 and no bias, for a normalisation follows.
    private static func convolution(_ filters: Int, stride: Int = 1) -> LayerSpec {
        .conv2d(filters: filters, kernel: 3, stride: Size2D(stride), padding: 1, bias: false)
    }

    /// Two LSTM layers of 256 over 64 of 65 characters.
    private static var charLSTM: NetworkSpec {
        NetworkSpec(
            input: [64], [.embedding(vocabulary: 65, width: 256), .lstm(units: 256), .lstm(units: 256), .dense(units: 65)],
            loss: .softmaxCrossEntropy)
    }

    /// A decoder as GPT-2's: pre-norm blocks, learned positions, the head tied to the embedding.
    private static func gpt(vocabulary: Int, length: Int, positions: Int, blocks: Int, heads: Int, width: Int) -> NetworkSpec {
        NetworkSpec(
            input: [length],
            [.embedding(vocabulary: vocabulary, width: width, positions: .rows(positions))]
                + Array(repeating: .transformer(heads: heads, activation: .geluTanh), count: blocks)
                + [.layerNorm(), .head(tied: "0")],
            loss: .softmaxCrossEntropy)
    }
}
