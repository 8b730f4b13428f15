import Graphs
import Kernels
import TensorCore

/// From what a person writes down to a graph.
package enum Network {
    /// Builds the graph of a network and its loss.
    ///
    /// Parameters are named `layers.<position or name>.<weight|bias>`; every layer counts for the position. A softmax right before softmax
    /// cross-entropy, or a sigmoid right before binary cross-entropy, is left to the loss, which computes it more accurately; predictions
    /// are then logits.
    ///
    /// - Throws: ``NetworkError`` that names the layer and the shapes that do not fit.
    package static func build(_ spec: NetworkSpec) throws(NetworkError) -> ModelGraph {
        var builder = try NetworkBuilder(spec)
        for position in spec.layers.indices {
            try builder.add(spec.layers[position], at: position, isLast: position == spec.layers.count - 1)
        }
        return try builder.finish()
    }
}

/// The state of a construction: the graph so far and the value that the next layer reads.
struct NetworkBuilder {
    let loss: LossKind
    var graph = Graph()
    let input: ValueID
    /// What the next layer reads.
    var current: ValueID
    /// The image whose flattening `current` is, if it is one: the next dense layer's file order depends on it.
    var flattened: (height: Int, width: Int, channels: Int)?
    var records: [ModelGraph.Layer] = []
    private var names = Set<String>()

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
        input = graph.addInput(Shape(spec.input))
        current = input
    }

    /// The shape that the next layer reads.
    var shape: Shape { graph[current].shape }

    mutating func add(_ layer: NamedLayer, at position: Int, isLast: Bool) throws(NetworkError) {
        let name = try uniqueName(layer, position)
        let place = "\(name) (\(layer.spec.typeName))"
        let parametersBefore = graph.parameters.count
        var flops = 0
        switch layer.spec {
        case .dense(let units, let activation, let bias):
            flops = try addDense(units, activation, bias, name, place, isLast)
        case .conv2d(let filters, let kernel, let stride, let padding, _, _, let activation, let bias):
            flops = try addConvolution(filters, kernel, stride, padding, bias, name, place)
            addActivation(activation, name, isLast)
        case .maxPool2d(let size, let stride, let padding):
            let window = try window(size, stride ?? size, padding, filters: nil, place)
            guard window.windowCount <= 256 else {
                throw NetworkError(place, "a window of \(size) has \(window.windowCount) positions; at most 256 are possible")
            }
            current = graph.addMaxPool(current, window)
        case .averagePool2d(let size, let stride, let padding):
            current = graph.addAveragePool(current, try window(size, stride ?? size, padding, filters: nil, place), countsPadding: true)
        case .flatten:
            if shape.rank == 3 { flattened = (shape[0], shape[1], shape[2]) }
            current = graph.addReshape(current, Shape([shape.elementCount]))
        case .dropout(let rate):
            guard rate >= 0, rate < 1 else {
                throw NetworkError(place, "the rate has to be at least 0 and below 1, got \(rate)")
            }
            current = graph.addDropout(current, rate: rate, layerKey: UInt64(position))
        case .activation(let kind):
            addActivation(kind, name, isLast)
        case .softmax:
            if !(isLast && loss == .softmaxCrossEntropy) { current = graph.addSoftmax(current) }
        default:
            throw NetworkError(place, "this layer is not available in this version")
        }
        records.append(
            ModelGraph.Layer(
                name: name, type: layer.spec.typeName, outputShape: shape, parameters: Array(parametersBefore..<graph.parameters.count),
                flops: flops))
    }

    consuming func finish() throws(NetworkError) -> ModelGraph {
        let last = records.last.map { "\($0.name) (\($0.type))" }
        guard !graph.parameters.isEmpty else {
            throw NetworkError(nil, "no layer has parameters, so there is nothing to train; add a dense or conv2d layer")
        }
        if loss == .softmaxCrossEntropy && shape.rank != 1 {
            throw NetworkError(
                last, "gives \(shape) per sample, but softmax_cross_entropy needs one score per class; add flatten and a dense layer")
        }
        return ModelGraph(graph: graph, input: input, prediction: current, loss: loss, layers: records)
    }

    /// Adds f(x); nothing for the identity, and nothing where the loss brings the function itself.
    mutating func addActivation(_ kind: Activation, _ name: String, _ isLast: Bool) {
        guard kind != .identity, !(isLast && kind == .sigmoid && loss == .binaryCrossEntropy) else { return }
        current = graph.addActivation(kind, current)
        if kind == .relu { graph.markUnits(current, layer: name) }
    }

    private mutating func uniqueName(_ layer: NamedLayer, _ position: Int) throws(NetworkError) -> String {
        let name = layer.name ?? String(position)
        let place = "layers.\(name) (\(layer.spec.typeName))"
        guard !name.isEmpty, name.utf8.allSatisfy(NetworkBuilder.isNameByte) else {
            throw NetworkError(place, "the name may have letters, digits, _ and - only")
        }
        guard names.insert(name).inserted else {
            throw NetworkError(place, "another layer has this name; names have to differ")
        }
        return "layers.\(name)"
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
