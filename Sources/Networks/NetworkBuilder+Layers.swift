import Graphs
import Kernels
import TensorCore

extension NetworkBuilder {
    /// Adds x·W + b, at every position of a sequence alike. Returns the floating-point operations per sample.
    mutating func addDense(_ units: Int, _ bias: Bool, _ name: String, _ place: String) throws(NetworkError) -> Int {
        guard units >= 1 else { throw NetworkError(place, "the number of units has to be at least 1, got \(units)") }
        guard shape.rank == 1 || shape.rank == 2 else {
            throw NetworkError(
                place, "needs a flat input [N], but gets \(shape) (as a row it would be \(shape.elementCount)); put flatten before it")
        }
        var transform = FileTransform.transposed
        if let image = flattened {
            transform = .flattenedTransposed(height: image.height, width: image.width, channels: image.channels)
        }
        let inputs = shape.elementCount / positions
        try addProduct(units, bias, name, transform: transform, place)
        flattened = nil
        return 2 * positions * inputs * units
    }

    /// The positions of a sequence; 1 for a row of features.
    var positions: Int { shape.rank == 2 ? shape[0] : 1 }

    /// Adds the product with a weight matrix and a bias, with PyTorch's first values.
    mutating func addProduct(
        _ units: Int, _ bias: Bool, _ name: String, transform: FileTransform = .transposed, _ place: String
    ) throws(NetworkError) {
        let inputs = shape.elementCount / positions
        guard NetworkBuilder.product([inputs, units]) != nil else {
            throw NetworkError(place, "the weights \(units)×\(inputs) would have more than 2^40 elements")
        }
        current = graph.addMatmul(
            current, try addParameter(name, "weight", [inputs, units], .uniform(fanIn: inputs), transform: transform, place))
        if bias { try addBias(units, fanIn: inputs, name, place) }
    }

    private mutating func addBias(_ count: Int, fanIn: Int, _ name: String, _ place: String) throws(NetworkError) {
        current = graph.addBias(current, try addParameter(name, "bias", [count], .uniform(fanIn: fanIn), place))
    }

    /// Adds x·Wᵀ with the table of an embedding. Returns the floating-point operations per sample.
    mutating func addHead(_ tied: String, _ place: String) throws(NetworkError) -> Int {
        guard let table = tables.first(where: { $0.name == "layers.\(tied)" })?.table else {
            let known = tables.map { $0.name.dropFirst("layers.".count) }.joined(separator: ", ")
            throw NetworkError(
                place,
                "is tied to `\(tied)`, but no embedding before it has this name or place"
                    + (known.isEmpty ? "; the first layer has to be an embedding" : "; there is \(known)"))
        }
        let extents = graph[table].shape
        guard (1...2).contains(shape.rank), shape.elementCount / positions == extents[1] else {
            throw NetworkError(
                place,
                "gets \(shape), but the embedding that it is tied to is \(extents[1]) wide; "
                    + "put a dense layer of \(extents[1]) units before it"
            )
        }
        let flops = 2 * positions * extents[0] * extents[1]
        current = graph.addMatmul(current, table, form: .nt)
        return flops
    }

    /// Adds x ∗ W + b. Returns the floating-point operations per sample.
    mutating func addConvolution(_ window: WindowShape, _ bias: Bool, _ name: String, _ place: String) throws(NetworkError) -> Int {
        let memoryShape = [window.kernelHeight, window.kernelWidth, window.inputChannels / window.groups, window.outputChannels]
        let weights = try addParameter(
            name, "weight", memoryShape, .uniform(fanIn: window.patchCount), transform: .convolution, place)
        current = graph.addConvolution(current, weights: weights, window)
        if bias { try addBias(window.outputChannels, fanIn: window.patchCount, name, place) }
        return window.convolutionFlops
    }

    /// [H,W,C] to [C].
    mutating func addGlobalAveragePool(_ place: String) throws(NetworkError) {
        guard shape.rank == 3 else { throw NetworkError(place, "needs an image height×width×channels, but gets \(shape)") }
        let whole = Size2D(shape[0], shape[1])
        current = graph.addAveragePool(current, try window(whole, whole, 0, filters: nil, place), countsPadding: true)
        current = graph.addReshape(current, Shape([shape.elementCount]))
    }

    mutating func flatten() {
        if shape.rank == 3, shape[2] > 1, shape[0] * shape[1] > 1 {
            flattened = FlattenedImage(height: shape[0], width: shape[1], channels: shape[2])
        }
        current = graph.addReshape(current, Shape([shape.elementCount]))
    }

    /// The geometry of a convolution (`filters`) or pooling (nil) over the current image, or what does not fit.
    func window(
        _ size: Size2D, _ stride: Size2D, _ padding: Size2D, dilation: Size2D = 1, groups: Int = 1, filters: Int?, _ place: String
    ) throws(NetworkError) -> WindowShape {
        if let filters, filters < 1 { throw NetworkError(place, "the number of filters has to be at least 1, got \(filters)") }
        guard shape.rank == 3 else {
            throw NetworkError(
                place,
                "needs an image height×width×channels, but gets \(shape)"
                    + (shape.rank == 2 ? "; write the channel too: \(shape)×1" : "; it has to stand before flatten and dense layers"))
        }
        guard size.height >= 1, size.width >= 1 else { throw NetworkError(place, "the window has to be at least 1×1, got \(size)") }
        guard stride.height >= 1, stride.width >= 1 else { throw NetworkError(place, "the stride has to be at least 1, got \(stride)") }
        guard dilation.height >= 1, dilation.width >= 1 else {
            throw NetworkError(place, "the dilation has to be at least 1, got \(dilation)")
        }
        guard padding.height >= 0, padding.width >= 0 else {
            throw NetworkError(place, "the padding has to be at least 0, got \(padding)")
        }
        // What the window covers, gaps included.
        let span = Size2D((size.height - 1) * dilation.height + 1, (size.width - 1) * dilation.width + 1)
        let spoken = span == size ? "\(size)" : "\(size) (\(span) with dilation \(dilation))"
        guard padding.height < span.height, padding.width < span.width else {
            throw NetworkError(place, "the padding \(padding) has to be smaller than the window \(spoken)")
        }
        guard shape[0] + 2 * padding.height >= span.height, shape[1] + 2 * padding.width >= span.width else {
            throw NetworkError(
                place, "a window of \(spoken) does not fit into the input \(shape) with padding \(padding); use a smaller window")
        }
        let outputs = filters ?? shape[2]
        guard groups >= 1, shape[2] % groups == 0, outputs % groups == 0 else {
            throw NetworkError(
                place, "\(groups) groups have to divide the \(shape[2]) channels of the input and the \(outputs) filters")
        }
        return WindowShape(
            inputHeight: shape[0], inputWidth: shape[1], inputChannels: shape[2], kernelHeight: size.height, kernelWidth: size.width,
            strideHeight: stride.height, strideWidth: stride.width, padTop: padding.height, padLeft: padding.width,
            padBottom: padding.height, padRight: padding.width, outputChannels: outputs, dilationHeight: dilation.height,
            dilationWidth: dilation.width, groups: groups)
    }
}
