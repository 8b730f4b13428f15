import Graphs
import Kernels
import TensorCore

extension NetworkBuilder {
    /// Adds the rows of a table that tokens name, and those of a table of positions.
    mutating func addEmbedding(
        _ vocabulary: Int, _ width: Int, _ positions: LayerSpec.PositionTable, _ deviation: Double, _ name: String, _ place: String
    ) throws(NetworkError) {
        guard current == input, graph[current].element == .label else {
            throw NetworkError(place, "reads tokens, so it has to be the first layer")
        }
        guard vocabulary >= 2, vocabulary <= Int(Int32.max) else {
            throw NetworkError(place, "the vocabulary has to be at least 2 and below 2^31, got \(vocabulary)")
        }
        guard width >= 1 else { throw NetworkError(place, "the width has to be at least 1, got \(width)") }
        guard deviation >= 0, deviation.isFinite else { throw NetworkError(place, "std has to be at least 0, got \(deviation)") }
        let length = shape[0]
        let table = try addParameter(name, "weight", [vocabulary, width], .normal(deviation: deviation), place)
        tables.append((name, table))
        let rows: Int? =
            switch positions {
            case .none: nil
            case .ofInput: length
            case .rows(let count): count
            }
        var added: ValueID?
        if let rows {
            guard rows >= length else {
                throw NetworkError(place, "has \(rows) positions, but the input has \(length) tokens; give it at least as many positions")
            }
            added = try addParameter(name, "positions", [rows, width], .normal(deviation: deviation), place)
        }
        current = graph.addEmbedding(current, table: table, positions: added)
    }

    /// Adds queries, keys and values, attention, and the product that mixes its heads. Returns the floating-point operations per sample.
    mutating func addAttention(
        _ heads: Int, _ causal: Bool, _ dropout: Double, _ bias: Bool, _ key: UInt64, _ name: String, _ place: String
    ) throws(NetworkError) -> Int {
        let (length, width) = try sequence(place)
        guard heads >= 1, width % heads == 0 else {
            throw NetworkError(place, "\(heads) heads have to divide the width of \(width)")
        }
        guard dropout >= 0, dropout < 1 else {
            throw NetworkError(place, "the dropout has to be at least 0 and below 1, got \(dropout)")
        }
        try addProduct(3 * width, bias, name + ".qkv", place)
        current = graph.addAttention(current, heads: heads, causal: causal, dropout: dropout, layerKey: key)
        try addProduct(width, bias, name + ".proj", place)
        let call = AttentionCall(length: length, heads: heads, size: width / heads, causal: causal)
        return 2 * length * width * 4 * width + call.flops(products: 2)
    }

    /// Adds one layer of LSTM. Returns the floating-point operations per sample.
    mutating func addLSTM(_ units: Int, _ name: String, _ place: String) throws(NetworkError) -> Int {
        let (length, width) = try sequence(place)
        guard units >= 1 else { throw NetworkError(place, "the number of units has to be at least 1, got \(units)") }
        let first = Initialiser.uniform(fanIn: units)
        guard let gates = NetworkBuilder.product([4, units]), NetworkBuilder.product([max(width, units), gates]) != nil else {
            throw NetworkError(place, "the weights for \(units) units would have more than 2^40 elements")
        }
        let inputWeights = try addParameter(name, "weight_ih", [width, gates], first, transform: .transposed, place)
        let hiddenWeights = try addParameter(name, "weight_hh", [units, gates], first, transform: .transposed, place)
        let inputBias = try addParameter(name, "bias_ih", [gates], first, place)
        let hiddenBias = try addParameter(name, "bias_hh", [gates], first, place)
        current = graph.addLSTM(
            current, inputWeights: inputWeights, hiddenWeights: hiddenWeights, inputBias: inputBias, hiddenBias: hiddenBias)
        return LSTMCall(length: length, inputs: width, hidden: units).flops
    }

    private func sequence(_ place: String) throws(NetworkError) -> (length: Int, width: Int) {
        guard shape.rank == 2 else {
            throw NetworkError(
                place,
                "needs a sequence positions×features, but gets \(shape)"
                    + (shape.rank == 1 ? "; an embedding makes one of tokens" : ""))
        }
        return (shape[0], shape[1])
    }
}
