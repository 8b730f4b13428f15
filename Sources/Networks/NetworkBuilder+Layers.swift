import Graphs
import Kernels
import TensorCore

extension NetworkBuilder {
    /// Adds x·W + b and the activation. Returns the floating-point operations per sample.
    mutating func addDense(
        _ units: Int, _ activation: Activation, _ bias: Bool, _ name: String, _ place: String, _ isLast: Bool
    ) throws(NetworkError) -> Int {
        guard units >= 1 else { throw NetworkError(place, "the number of units has to be at least 1, got \(units)") }
        guard shape.rank == 1 else {
            throw NetworkError(
                place, "needs a flat input [N], but gets \(shape) (as a row it would be \(shape.elementCount)); put flatten before it")
        }
        let inputs = shape.elementCount
        guard NetworkBuilder.product([inputs, units]) != nil else {
            throw NetworkError(place, "the weights \(units)×\(inputs) would have more than 2^40 elements")
        }
        var transform = FileTransform.transposed
        if let image = flattened, image.channels > 1, image.height * image.width > 1 {
            transform = .flattenedTransposed(height: image.height, width: image.width, channels: image.channels)
        }
        flattened = nil
        let weights = graph.addParameter(
            ParameterDescription(
                name: name + ".weight", role: "weight", memoryShape: [inputs, units], transform: transform, fanIn: inputs))
        current = graph.addMatmul(current, weights)
        if bias { addBias(units, fanIn: inputs, name) }
        addActivation(activation, name, isLast)
        return 2 * inputs * units
    }

    /// Adds x ∗ W + b. Returns the floating-point operations per sample.
    mutating func addConvolution(
        _ filters: Int, _ kernel: Size2D, _ stride: Size2D, _ padding: Size2D, _ bias: Bool, _ name: String, _ place: String
    ) throws(NetworkError) -> Int {
        guard filters >= 1 else { throw NetworkError(place, "the number of filters has to be at least 1, got \(filters)") }
        let window = try window(kernel, stride, padding, filters: filters, place)
        let memoryShape = [kernel.height, kernel.width, window.inputChannels, filters]
        guard NetworkBuilder.product(memoryShape) != nil else {
            throw NetworkError(place, "the weights \(describeShape(memoryShape)) would have more than 2^40 elements")
        }
        let weights = graph.addParameter(
            ParameterDescription(
                name: name + ".weight", role: "weight", memoryShape: memoryShape, transform: .convolution, fanIn: window.patchCount))
        current = graph.addConvolution(current, weights: weights, window)
        if bias { addBias(filters, fanIn: window.patchCount, name) }
        return window.convolutionFlops
    }

    private mutating func addBias(_ count: Int, fanIn: Int, _ name: String) {
        let bias = graph.addParameter(
            ParameterDescription(name: name + ".bias", role: "bias", memoryShape: [count], transform: .identity, fanIn: fanIn))
        current = graph.addBias(current, bias)
    }

    /// The geometry of a convolution (`filters`) or pooling (nil) over the current image, or what does not fit.
    func window(_ size: Size2D, _ stride: Size2D, _ padding: Size2D, filters: Int?, _ place: String) throws(NetworkError) -> WindowShape {
        guard shape.rank == 3 else {
            throw NetworkError(
                place,
                "needs an image height×width×channels, but gets \(shape)"
                    + (shape.rank == 2 ? "; write the channel too: \(shape)×1" : "; it has to stand before flatten and dense layers"))
        }
        guard size.height >= 1, size.width >= 1 else { throw NetworkError(place, "the window has to be at least 1×1, got \(size)") }
        guard stride.height >= 1, stride.width >= 1 else { throw NetworkError(place, "the stride has to be at least 1, got \(stride)") }
        guard padding.height >= 0, padding.width >= 0 else {
            throw NetworkError(place, "the padding has to be at least 0, got \(padding)")
        }
        guard padding.height < size.height, padding.width < size.width else {
            throw NetworkError(place, "the padding \(padding) has to be smaller than the window \(size)")
        }
        guard shape[0] + 2 * padding.height >= size.height, shape[1] + 2 * padding.width >= size.width else {
            throw NetworkError(
                place, "a window of \(size) does not fit into the input \(shape) with padding \(padding); use a smaller window")
        }
        return WindowShape(
            inputHeight: shape[0], inputWidth: shape[1], inputChannels: shape[2], kernelHeight: size.height, kernelWidth: size.width,
            strideHeight: stride.height, strideWidth: stride.width, padTop: padding.height, padLeft: padding.width,
            padBottom: padding.height, padRight: padding.width, outputChannels: filters ?? shape[2])
    }
}
