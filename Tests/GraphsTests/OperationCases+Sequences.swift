import Graphs
import Kernels
import TensorCore

extension ModelCase {
    /// Embeddings, attention, LSTM and losses per position, in the patterns that passes fuse.
    static let sequences: [ModelCase] = [
        ModelCase("embedding, dense per position", input: [4], loss: .softmaxCrossEntropy, vocabulary: 5) { builder, tokens in
            let table = builder.parameter([5, 3])
            let x = builder.graph.addEmbedding(tokens, table: table, positions: nil)
            return builder.dense(builder.graph.addActivation(.geluTanh, builder.dense(x, 6)), 7)
        },
        ModelCase("embedding with positions and a tied head", input: [3], loss: .softmaxCrossEntropy, vocabulary: 6) { builder, tokens in
            let (table, positions) = (builder.parameter([6, 4]), builder.parameter([5, 4]))
            let x = builder.graph.addEmbedding(tokens, table: table, positions: positions)
            return builder.graph.addMatmul(builder.dense(x, 4), table, form: .nt)
        },
        ModelCase("a transformer block, causal", input: [5], loss: .softmaxCrossEntropy, vocabulary: 5) { builder, tokens in
            let x = builder.graph.addEmbedding(tokens, table: builder.parameter([5, 8]), positions: builder.parameter([5, 8]))
            return builder.dense(builder.transformer(x, heads: 2, causal: true, dropout: 0), 5)
        },
        ModelCase("two transformer blocks with dropout", input: [4], loss: .softmaxCrossEntropy, vocabulary: 5) { builder, tokens in
            var x = builder.graph.addEmbedding(tokens, table: builder.parameter([5, 6]), positions: nil)
            for _ in 0..<2 {
                let before = x
                x = builder.transformer(x, heads: 3, causal: false, dropout: 0.3)
                builder.graph.markSegment("block", from: before, to: x)
            }
            return builder.dense(x, 4)
        },
        ModelCase("two layers of LSTM", input: [4], loss: .softmaxCrossEntropy, vocabulary: 5) { builder, tokens in
            let x = builder.graph.addEmbedding(tokens, table: builder.parameter([5, 3]), positions: nil)
            return builder.dense(builder.lstm(builder.lstm(x, 4), 2), 3)
        },
        ModelCase("an LSTM over features", input: [3, 2]) { builder, x in
            builder.dense(builder.graph.addDropout(builder.lstm(x, 3), rate: 0.3, layerKey: 4), 2)
        },
    ]

    /// Normalisations, alone and in residual blocks.
    static let normalisations: [ModelCase] = [
        ModelCase("layer normalisation", input: [4]) { builder, x in
            builder.dense(builder.layerNorm(builder.dense(x, 6)), 2)
        },
        ModelCase("batch normalisation between dense layers", input: [4]) { builder, x in
            // No bias before it: its gradient would be zero but for rounding.
            let weights = builder.parameter([4, 5])
            return builder.dense(builder.batchNorm(builder.graph.addMatmul(x, weights)), 2)
        },
        ModelCase("a residual block with a shortcut", input: [6, 6, 2]) { builder, x in
            let first = builder.graph.addActivation(
                .relu, builder.batchNorm(builder.convolution(x, filters: 4, kernel: 3, padding: 1, bias: false)))
            let inner = builder.convolution(first, filters: 6, kernel: 3, stride: 2, padding: 1, bias: false)
            let activated = builder.graph.addActivation(.relu, builder.batchNorm(inner))
            let second = builder.batchNorm(builder.convolution(activated, filters: 6, kernel: 3, padding: 1, bias: false))
            let shortcut = builder.batchNorm(builder.convolution(first, filters: 6, kernel: 1, stride: 2, bias: false))
            let sum = builder.graph.addActivation(.relu, builder.graph.addSum(second, shortcut))
            builder.graph.markSegment("block", from: first, to: sum)
            return builder.dense(builder.flat(sum), 3)
        },
        ModelCase("an identity block", input: [4, 4, 3]) { builder, x in
            let first = builder.graph.addActivation(.relu, builder.convolution(x, filters: 3, kernel: 3, padding: 1))
            let inner = builder.graph.addActivation(.relu, builder.convolution(first, filters: 3, kernel: 3, padding: 1))
            let sum = builder.graph.addSum(builder.convolution(inner, filters: 3, kernel: 3, padding: 1), first)
            return builder.dense(builder.flat(builder.graph.addActivation(.relu, sum)), 2)
        },
        ModelCase("dilated and grouped convolutions", input: [7, 7, 4]) { builder, x in
            let first = builder.graph.addActivation(
                .tanh, builder.convolution(x, filters: 6, kernel: 3, padding: 2, dilation: 2, groups: 2))
            return builder.convolution(first, filters: 6, kernel: 2, stride: 2, groups: 6)
        },
    ]
}

extension CaseBuilder {
    mutating func layerNorm(_ x: ValueID) -> ValueID {
        let width = graph[x].shape.dimensions.last ?? 1
        let (gain, shift) = (parameter([width]), parameter([width]))
        return graph.addLayerNorm(x, gain: gain, shift: shift, epsilon: 1e-5)
    }

    mutating func batchNorm(_ x: ValueID) -> ValueID {
        let width = graph[x].shape.dimensions.last ?? 1
        let (gain, shift, mean, variance) = (parameter([width]), parameter([width]), buffer(width), buffer(width))
        return graph.addBatchNorm(x, gain: gain, shift: shift, mean: mean, variance: variance, epsilon: 1e-5, momentum: 0.1)
    }

    /// Pre-norm attention and a two-layer perceptron, each with a residual.
    mutating func transformer(_ x: ValueID, heads: Int, causal: Bool, dropout: Double) -> ValueID {
        let width = graph[x].shape.dimensions.last ?? 1
        let qkv = dense(layerNorm(x), 3 * width)
        let attended = graph.addAttention(qkv, heads: heads, causal: causal, dropout: dropout, layerKey: UInt64(graph.parameters.count))
        let middle = graph.addSum(x, dense(attended, width))
        let inner = graph.addActivation(.geluTanh, dense(layerNorm(middle), 2 * width))
        return graph.addSum(middle, dense(inner, width))
    }

    mutating func lstm(_ x: ValueID, _ hidden: Int) -> ValueID {
        let width = graph[x].shape.dimensions.last ?? 1
        let (wx, wh) = (parameter([width, 4 * hidden]), parameter([hidden, 4 * hidden]))
        let (bx, bh) = (parameter([4 * hidden]), parameter([4 * hidden]))
        return graph.addLSTM(x, inputWeights: wx, hiddenWeights: wh, inputBias: bx, hiddenBias: bh)
    }
}
