import Graphs

/// Networks by name: what benchmarks and built-in recipes train.
package enum Zoo {
    package static let names = ["mlp-small", "mlp", "cnn"]

    /// The network of that name, or nil. The sizes are those of the PyTorch side of the comparison.
    package static func network(named name: String) -> NetworkSpec? {
        switch name {
        case "mlp-small": mlp(hidden: 64)
        case "mlp": mlp(hidden: 1024)
        case "cnn": cnn
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
}
