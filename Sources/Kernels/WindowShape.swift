/// The geometry of a convolution or of a pooling for one sample: images [H, W, C], windows [kernelHeight, kernelWidth].
///
/// Convolution weights lie in memory as [kernelHeight, kernelWidth, inputChannels, outputChannels]. A pooling has as many output as
/// input channels.
package struct WindowShape: Hashable, Sendable, CustomStringConvertible {
    package let inputHeight: Int
    package let inputWidth: Int
    package let inputChannels: Int
    package let kernelHeight: Int
    package let kernelWidth: Int
    package let strideHeight: Int
    package let strideWidth: Int
    package let padTop: Int
    package let padLeft: Int
    package let padBottom: Int
    package let padRight: Int
    package let outputChannels: Int

    /// - Precondition: extents and strides are at least 1, paddings at least 0 and smaller than the window, and one window fits.
    package init(
        inputHeight: Int, inputWidth: Int, inputChannels: Int, kernelHeight: Int, kernelWidth: Int, strideHeight: Int = 1,
        strideWidth: Int = 1, padTop: Int = 0, padLeft: Int = 0, padBottom: Int = 0, padRight: Int = 0, outputChannels: Int
    ) {
        self.inputHeight = inputHeight
        self.inputWidth = inputWidth
        self.inputChannels = inputChannels
        self.kernelHeight = kernelHeight
        self.kernelWidth = kernelWidth
        self.strideHeight = strideHeight
        self.strideWidth = strideWidth
        self.padTop = padTop
        self.padLeft = padLeft
        self.padBottom = padBottom
        self.padRight = padRight
        self.outputChannels = outputChannels
        precondition(
            inputHeight > 0 && inputWidth > 0 && inputChannels > 0 && outputChannels > 0 && kernelHeight > 0 && kernelWidth > 0
                && strideHeight > 0 && strideWidth > 0,
            "Every extent and stride of a window shape must be at least 1: \(self)")
        precondition(
            padTop >= 0 && padBottom >= 0 && padLeft >= 0 && padRight >= 0 && padTop < kernelHeight && padBottom < kernelHeight
                && padLeft < kernelWidth && padRight < kernelWidth,
            "Padding must be at least 0 and smaller than the window: \(self)")
        precondition(
            inputHeight + padTop + padBottom >= kernelHeight && inputWidth + padLeft + padRight >= kernelWidth,
            "The window does not fit into the padded image: \(self)")
    }

    /// A pooling over the output of this convolution or pooling.
    package func pooled(
        kernelHeight: Int, kernelWidth: Int, strideHeight: Int, strideWidth: Int, padTop: Int = 0, padLeft: Int = 0, padBottom: Int = 0,
        padRight: Int = 0
    ) -> WindowShape {
        WindowShape(
            inputHeight: outputHeight, inputWidth: outputWidth, inputChannels: outputChannels, kernelHeight: kernelHeight,
            kernelWidth: kernelWidth, strideHeight: strideHeight, strideWidth: strideWidth, padTop: padTop, padLeft: padLeft,
            padBottom: padBottom, padRight: padRight, outputChannels: outputChannels)
    }

    package var outputHeight: Int { (inputHeight + padTop + padBottom - kernelHeight) / strideHeight + 1 }
    package var outputWidth: Int { (inputWidth + padLeft + padRight - kernelWidth) / strideWidth + 1 }
    /// Elements of one sample.
    package var inputCount: Int { inputHeight * inputWidth * inputChannels }
    package var outputCount: Int { outputHeight * outputWidth * outputChannels }
    /// Window positions; a winner's index is below it.
    package var windowCount: Int { kernelHeight * kernelWidth }
    /// The contraction length of a convolution.
    package var patchCount: Int { kernelHeight * kernelWidth * inputChannels }
    package var weightCount: Int { patchCount * outputChannels }

    package var description: String {
        "\(inputHeight)×\(inputWidth)×\(inputChannels) → \(outputChannels), window \(kernelHeight)×\(kernelWidth), "
            + "stride \(strideHeight)×\(strideWidth), padding \(padTop),\(padLeft),\(padBottom),\(padRight)"
    }
}
