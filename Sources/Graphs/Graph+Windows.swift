import Kernels
import TensorCore

extension Graph {
    /// Convolution of x[H,W,C] with weights [K,K,C,F]: [oh,ow,F].
    package mutating func addConvolution(_ x: ValueID, weights: ValueID, _ window: WindowShape) -> ValueID {
        checkImage(x, window, "convolution")
        let expected = Shape([window.kernelHeight, window.kernelWidth, window.inputChannels / window.groups, window.outputChannels])
        precondition(
            self[weights].extent == .fixed && self[weights].shape == expected,
            "convolution: weights of shape \(self[weights].shape), but \(window) needs \(expected)")
        return append(.convolution(window, .none), [x, weights], window.outputShape, .rows)
    }

    /// The maximum of each window of x[H,W,C]: [oh,ow,C].
    ///
    /// - Precondition: at most 256 positions per window, the number that a stored position can tell apart.
    package mutating func addMaxPool(_ x: ValueID, _ window: WindowShape) -> ValueID {
        checkImage(x, window, "max pooling")
        precondition(
            window.windowCount <= WindowShape.mostInPooling,
            "max pooling: a window of \(window.windowCount) positions; at most \(WindowShape.mostInPooling) are possible")
        let pooled = Value(shape: window.outputShape, extent: .rows)
        let positions = Value(shape: window.outputShape, extent: .rows, element: .position)
        return append(.maxPool(window), [x], [pooled, positions])[0]
    }

    /// The mean of each window of x[H,W,C]: [oh,ow,C].
    package mutating func addAveragePool(_ x: ValueID, _ window: WindowShape, countsPadding: Bool) -> ValueID {
        checkImage(x, window, "average pooling")
        return append(.averagePool(window, countsPadding: countsPadding), [x], window.outputShape, .rows)
    }

    private func checkImage(_ x: ValueID, _ window: WindowShape, _ what: String) {
        precondition(
            self[x].extent == .rows && self[x].shape == window.inputShape,
            "\(what): the input has shape \(self[x].shape), but \(window) needs \(window.inputShape) per row")
    }
}

extension WindowShape {
    /// [H, W, C].
    package var inputShape: Shape { Shape([inputHeight, inputWidth, inputChannels]) }
    /// [oh, ow, F].
    package var outputShape: Shape { Shape([outputHeight, outputWidth, outputChannels]) }
}
