import Graphs
import Kernels
import TensorCore

/// The state of a construction: the graph so far and the value that the next layer reads.
struct NetworkBuilder {
    /// The extents of an image that has been flattened. In memory the channels of a pixel lie together, in files the pixels of a channel.
    struct FlattenedImage: Equatable {
        let height: Int
        let width: Int
        let channels: Int
    }

    let loss: LossKind
    var graph = Graph()
    let input: ValueID
    /// What the next layer reads.
    var current: ValueID
    /// The image whose flattening `current` is, if it is one and the order matters: the next dense layer's file order depends on it.
    var flattened: FlattenedImage?
    /// The table of each embedding, by the layer's name.
    var tables: [(name: String, table: ValueID)] = []
    private var records: [ModelGraph.Layer] = []
    private var names = Set<String>()
    private var parameterNames = Set<String>()
    private let vocabulary: Int?
    /// The layers begun so far, those in blocks too.
    private var layerCount = 0

    /// More elements than this are a slip of the pen: 2⁴⁰ floats are 4 TiB.
    static let elementLimit = 1 << 40

    init(_ spec: NetworkSpec) throws(NetworkError) {
        guard !spec.input.isEmpty, spec.input.allSatisfy({ $0 >= 1 }) else {
            throw NetworkError(nil, "the input shape \(spec.input) has to be a list of numbers of at least 1, [784] or [28, 28, 1]")
        }
        guard NetworkBuilder.product(spec.input) != nil else {
            throw NetworkError(nil, "the input shape \(describeShape(spec.input)) has more than 2^40 elements")
        }
        guard !spec.layers.isEmpty else {
            throw NetworkError(nil, "there are no layers")
        }
        loss = spec.loss
        vocabulary = spec.vocabulary
        guard vocabulary == nil || spec.input.count == 1 else {
            throw NetworkError(
                nil, "the input shape \(describeShape(spec.input)) does not suit an embedding, which reads one row of tokens: [256]")
        }
        input = vocabulary != nil ? graph.addTokens(spec.input[0]) : graph.addInput(Shape(spec.input))
        current = input
    }

    /// The shape that the next layer reads.
    var shape: Shape { graph[current].shape }

    /// - Parameter block: what stands before the layer's own name: "layers", or the name of the block that it is in.
    mutating func add(_ layer: NamedLayer, at position: Int, in block: String, isLast: Bool) throws(NetworkError) {
        let name = try uniqueName(layer, position, block)
        let place = "\(name) (\(layer.spec.typeName))"
        let parametersBefore = graph.parameters.count
        let key = UInt64(layerCount)
        layerCount += 1
        // A block's layers have lines of their own; its line is only what comes out.
        var (flops, isBlock) = (0, false)
        switch layer.spec {
        case .dense(let units, let activation, let bias):
            flops = try addDense(units, bias, name, place)
            addActivation(activation, name, isLast)
        case .head(let tied):
            flops = try addHead(tied, place)
        case .conv2d(let filters, let kernel, let stride, let padding, let dilation, let groups, let activation, let bias):
            let window = try window(kernel, stride, padding, dilation: dilation, groups: groups, filters: filters, place)
            flops = try addConvolution(window, bias, name, place)
            addActivation(activation, name, isLast)
        case .maxPool2d(let size, let stride, let padding):
            let window = try window(size, stride ?? size, padding, filters: nil, place)
            guard window.windowCount <= WindowShape.mostInPooling else {
                throw NetworkError(
                    place, "a window of \(size) has \(window.windowCount) positions; at most \(WindowShape.mostInPooling) are possible")
            }
            current = graph.addMaxPool(current, window)
        case .averagePool2d(let size, let stride, let padding):
            let window = try window(size, stride ?? size, padding, filters: nil, place)
            guard window.windowsOverCell <= WindowShape.mostInPooling else {
                throw NetworkError(
                    place,
                    "\(window.windowsOverCell) windows of \(size) overlap; at most \(WindowShape.mostInPooling) can: use a larger stride")
            }
            current = graph.addAveragePool(current, window, countsPadding: true)
        case .globalAveragePool2d:
            try addGlobalAveragePool(place)
        case .flatten:
            flatten()
        case .dropout(let rate):
            try addDropout(rate, key, place)
        case .activation(let kind):
            addActivation(kind, name, isLast)
        case .softmax:
            if !(isLast && loss == .softmaxCrossEntropy) { current = graph.addSoftmax(current) }
        case .embedding(let vocabulary, let width, let positions, let deviation):
            try addEmbedding(vocabulary, width, positions, deviation, name, place)
        case .layerNorm(let epsilon):
            try addLayerNorm(epsilon, name, place)
        case .batchNorm2d(let epsilon, let momentum):
            try addBatchNorm(epsilon, momentum, name, place)
        case .attention(let heads, let causal, let dropout, let bias):
            flops = try addAttention(heads, causal, dropout, bias, key, name, place)
        case .lstm(let units):
            flops = try addLSTM(units, name, place)
        case .residual(let layers, let shortcut, let activation):
            isBlock = true
            try markingSegment(name, block) { (builder) throws(NetworkError) in
                try builder.addResidual(layers, shortcut, name, place)
                builder.addActivation(activation, name, isLast)
            }
        case .transformer(let heads, let hidden, let activation, let causal, let dropout, let bias):
            isBlock = true
            try markingSegment(name, block) { (builder) throws(NetworkError) in
                try builder.addTransformer(heads, hidden, activation, causal, dropout, bias, name, place)
            }
        }
        records.append(
            ModelGraph.Layer(
                name: name, type: layer.spec.typeName, outputShape: shape,
                parameters: isBlock ? [] : Array(parametersBefore..<graph.parameters.count), flops: flops))
    }

    consuming func finish() throws(NetworkError) -> ModelGraph {
        let last = records.last.map { "\($0.name) (\($0.type))" }
        guard graph.parameters.contains(where: \.trainable) else {
            throw NetworkError(nil, "no layer has parameters, so there is nothing to train; add a dense or conv2d layer")
        }
        if loss == .softmaxCrossEntropy && !(shape.rank == 1 || vocabulary != nil && shape.rank == 2) {
            throw NetworkError(
                last, "gives \(shape) per sample, but softmax_cross_entropy needs one score per class; add flatten and a dense layer")
        }
        if loss == .softmaxCrossEntropy, shape.rank == 2, let vocabulary, shape[1] != vocabulary {
            throw NetworkError(
                last, "gives \(shape[1]) scores at every position, but the embedding knows \(vocabulary) tokens; give it as many units")
        }
        return ModelGraph(graph: graph, input: input, prediction: current, loss: loss, layers: records)
    }

    // MARK: What layers have in common

    /// Adds f(x); nothing for the identity, and nothing where the loss brings the function itself.
    mutating func addActivation(_ kind: Activation, _ name: String, _ isLast: Bool) {
        guard kind != .identity, !(isLast && kind == .sigmoid && loss == .binaryCrossEntropy) else { return }
        current = graph.addActivation(kind, current)
        if kind == .relu { graph.markUnits(current, layer: name) }
    }

    mutating func addDropout(_ rate: Double, _ key: UInt64, _ place: String) throws(NetworkError) {
        guard rate >= 0, rate < 1 else {
            throw NetworkError(place, "the rate has to be at least 0 and below 1, got \(rate)")
        }
        current = graph.addDropout(current, rate: rate, layerKey: key)
    }

    /// A parameter `layer.role`.
    ///
    /// - Parameter momentum: of a buffer, which follows what a step measured; nil for what is trained.
    mutating func addParameter(
        _ layer: String, _ role: String, _ memoryShape: [Int], _ initialiser: Initialiser, transform: FileTransform = .identity,
        momentum: Double? = nil, _ place: String
    ) throws(NetworkError) -> ValueID {
        guard NetworkBuilder.product(memoryShape) != nil else {
            let shape = describeShape(transform == .transposed ? memoryShape.reversed() : memoryShape)
            throw NetworkError(place, "the \(role == "weight" ? "weights" : role) \(shape) would have more than 2^40 elements")
        }
        let name = "\(layer).\(role)"
        guard parameterNames.insert(name).inserted else {
            throw NetworkError(place, "another layer has a parameter \(name) too; rename one of the two layers")
        }
        let description = ParameterDescription(
            name: name, role: role, memoryShape: memoryShape, transform: transform, trainable: momentum == nil, momentum: momentum ?? 0,
            initialiser: initialiser)
        return momentum == nil ? graph.addParameter(description) : graph.addBuffer(description)
    }

    // MARK: Names

    private mutating func uniqueName(_ layer: NamedLayer, _ position: Int, _ block: String) throws(NetworkError) -> String {
        let own = layer.name ?? String(position)
        let name = "\(block).\(own)"
        let place = "\(name) (\(layer.spec.typeName))"
        let parts = own.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(NetworkBuilder.isNameByte) }) else {
            throw NetworkError(place, "the name may have letters, digits, _ and - only, and single dots between them")
        }
        guard names.insert(name).inserted else {
            throw NetworkError(place, "another layer has this name; names have to differ")
        }
        return name
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// The product of extents, nil when it is beyond ``elementLimit``.
    static func product(_ extents: [Int]) -> Int? {
        var result = 1
        for extent in extents {
            let (value, overflow) = result.multipliedReportingOverflow(by: extent)
            guard !overflow, value <= elementLimit else { return nil }
            result = value
        }
        return result
    }
}
