import Graphs
import Kernels
import TensorCore

extension ModelCase {
    /// Cases that together contain every operation, alone and in the patterns that passes fuse.
    static let all: [ModelCase] = activations + products + windows + dilations + elementwise + losses + sequences + normalisations

    private static let activations: [ModelCase] = Activation.allCases.map { kind in
        ModelCase("dense, \(kind), dense", input: [5]) { builder, x in
            let hidden = builder.graph.addActivation(kind, builder.dense(x, 7))
            return builder.dense(hidden, 3)
        }
    }

    private static let products: [ModelCase] = [
        ModelCase("matmul nt", input: [4]) { builder, x in
            let hidden = builder.dense(x, 5)
            let weights = builder.parameter([3, 5])
            return builder.graph.addMatmul(hidden, weights, form: .nt)
        },
        ModelCase("matmul with leading extents", input: [3, 4]) { builder, x in
            let hidden = builder.graph.addActivation(.tanh, builder.dense(x, 5))
            return builder.dense(hidden, 2)
        },
        ModelCase("matmul tn over the batch", input: [4]) { builder, x in
            let (a, b) = (builder.dense(x, 3), builder.dense(x, 2))
            let product = builder.graph.addMatmul(a, b, form: .tn)
            return builder.graph.addMatmul(a, product)
        },
        ModelCase("matmul of parameters", input: [4]) { builder, x in
            // [4,3] from tn, nt, tt and nn products in turn.
            let (a, b) = (builder.parameter([5, 4]), builder.parameter([5, 6]))
            let first = builder.graph.addMatmul(a, b, form: .tn)
            let c = builder.parameter([2, 6])
            let second = builder.graph.addMatmul(first, c, form: .nt)
            let (d, e) = (builder.parameter([7, 2]), builder.parameter([3, 7]))
            let third = builder.graph.addMatmul(d, e, form: .tt)
            let weights = builder.graph.addMatmul(second, third)
            return builder.graph.addMatmul(x, weights)
        },
        ModelCase("a parameter used twice", input: [4]) { builder, x in
            let weights = builder.parameter([4, 4])
            let hidden = builder.graph.addActivation(.tanh, builder.graph.addMatmul(x, weights))
            return builder.graph.addMatmul(hidden, weights)
        },
        ModelCase("a parameter that nothing reads", input: [4]) { builder, x in
            _ = builder.parameter([3, 3])
            return builder.dense(x, 2)
        },
    ]

    private static let windows: [ModelCase] = [
        ModelCase("two convolutions", input: [6, 5, 2]) { builder, x in
            let hidden = builder.graph.addActivation(.tanh, builder.convolution(x, filters: 3, kernel: 3, padding: 1))
            return builder.convolution(hidden, filters: 2, kernel: 2, stride: 2, bias: false)
        },
        ModelCase("convolution, gelu, convolution", input: [5, 5, 1]) { builder, x in
            let hidden = builder.graph.addActivation(.gelu, builder.convolution(x, filters: 2, kernel: 2))
            return builder.convolution(hidden, filters: 2, kernel: 3)
        },
        ModelCase("convolution, relu, max pooling, twice, dense", input: [10, 10, 2]) { builder, x in
            var map = builder.graph.addActivation(.relu, builder.convolution(x, filters: 3, kernel: 3))
            map = builder.graph.addMaxPool(map, builder.pooling(map, size: 2, stride: 2))
            map = builder.graph.addActivation(.relu, builder.convolution(map, filters: 4, kernel: 2))
            map = builder.graph.addMaxPool(map, builder.pooling(map, size: 2, stride: 1))
            return builder.dense(builder.flat(map), 3)
        },
        ModelCase("convolution without bias, overlapping max pooling", input: [7, 6, 1]) { builder, x in
            let first = builder.convolution(x, filters: 2, kernel: 2, bias: false)
            let map = builder.convolution(builder.graph.addActivation(.tanh, first), filters: 3, kernel: 2, bias: false)
            return builder.graph.addMaxPool(map, builder.pooling(map, size: 3, stride: 2, padding: 1))
        },
        ModelCase("max pooling alone", input: [6, 6, 2]) { builder, x in
            let map = builder.graph.addActivation(.sigmoid, builder.convolution(x, filters: 3, kernel: 3, padding: 1))
            return builder.graph.addMaxPool(map, builder.pooling(map, size: 3, stride: 2, padding: 1))
        },
        ModelCase("average pooling that counts padding", input: [5, 5, 2]) { builder, x in
            let map = builder.convolution(x, filters: 3, kernel: 2)
            return builder.graph.addAveragePool(map, builder.pooling(map, size: 3, stride: 2, padding: 1), countsPadding: true)
        },
        ModelCase("average pooling that leaves padding out", input: [5, 5, 2]) { builder, x in
            let map = builder.convolution(x, filters: 3, kernel: 2)
            return builder.graph.addAveragePool(map, builder.pooling(map, size: 3, stride: 2, padding: 1), countsPadding: false)
        },
    ]

    private static let elementwise: [ModelCase] = [
        ModelCase("sums, differences, products, factors", input: [4]) { builder, x in
            let (a, b) = (builder.dense(x, 3), builder.dense(x, 3))
            let sum = builder.graph.addSum(a, b)
            let difference = builder.graph.addDifference(builder.graph.addProduct(a, sum), b)
            return builder.graph.addScaling(builder.graph.addProduct(difference, difference), by: -0.3)
        },
        ModelCase("the difference of parameters", input: [3]) { builder, x in
            let (a, b) = (builder.parameter([3, 2]), builder.parameter([3, 2]))
            return builder.graph.addMatmul(x, builder.graph.addDifference(a, b))
        },
        ModelCase("the sum of parameters", input: [3]) { builder, x in
            // Both get the same gradient, each in a place of its own.
            let (a, b) = (builder.parameter([3, 2]), builder.parameter([3, 2]))
            return builder.graph.addMatmul(x, builder.graph.addSum(a, b))
        },
        ModelCase("softmax in the middle", input: [4]) { builder, x in
            builder.dense(builder.graph.addSoftmax(builder.dense(x, 5)), 2)
        },
        ModelCase("dropout twice", input: [6]) { builder, x in
            let hidden = builder.graph.addActivation(.tanh, builder.dense(x, 20))
            let second = builder.dense(builder.graph.addDropout(hidden, rate: 0.4, layerKey: 1), 12)
            return builder.dense(builder.graph.addDropout(second, rate: 0.2, layerKey: 3), 2)
        },
        ModelCase("reshape of a parameter and of rows", input: [6]) { builder, x in
            let weights = builder.graph.addReshape(builder.parameter([4, 6]), [6, 4])
            let matrix = builder.graph.addReshape(builder.graph.addMatmul(x, weights), [2, 2])
            return builder.dense(matrix, 3)
        },
        ModelCase("identity activation", input: [3]) { builder, x in
            builder.graph.addActivation(.identity, builder.dense(x, 2))
        },
    ]

    private static let losses: [ModelCase] = LossKind.allCases.map { loss in
        ModelCase("loss \(loss.rawValue)", input: [5], loss: loss) { builder, x in
            builder.dense(builder.graph.addActivation(.tanh, builder.dense(x, 6)), 4)
        }
    }
}
