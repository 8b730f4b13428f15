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
    package let dilationHeight: Int
    package let dilationWidth: Int
    /// Each group of inputChannels/groups channels feeds outputChannels/groups; 1 is the plain convolution.
    package let groups: Int

    /// - Precondition: extents and strides are at least 1, paddings at least 0 and smaller than the window, and one window fits.
    package init(
        inputHeight: Int, inputWidth: Int, inputChannels: Int, kernelHeight: Int, kernelWidth: Int, strideHeight: Int = 1,
        strideWidth: Int = 1, padTop: Int = 0, padLeft: Int = 0, padBottom: Int = 0, padRight: Int = 0, outputChannels: Int,
        dilationHeight: Int = 1, dilationWidth: Int = 1, groups: Int = 1
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
        self.dilationHeight = dilationHeight
        self.dilationWidth = dilationWidth
        self.groups = groups
        precondition(
            inputHeight > 0 && inputWidth > 0 && inputChannels > 0 && outputChannels > 0 && kernelHeight > 0 && kernelWidth > 0
                && strideHeight > 0 && strideWidth > 0,
            "Every extent and stride of a window shape must be at least 1: \(self)")
        precondition(
            dilationHeight > 0 && dilationWidth > 0 && groups > 0 && inputChannels % groups == 0 && outputChannels % groups == 0,
            "Dilation and groups must be at least 1, and groups divide both channel counts: \(self)")
        precondition(
            padTop >= 0 && padBottom >= 0 && padLeft >= 0 && padRight >= 0 && padTop < spanHeight && padBottom < spanHeight
                && padLeft < spanWidth && padRight < spanWidth,
            "Padding must be at least 0 and smaller than the window: \(self)")
        precondition(
            inputHeight + padTop + padBottom >= spanHeight && inputWidth + padLeft + padRight >= spanWidth,
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

    /// The extent that a window covers, its gaps included.
    package var spanHeight: Int { (kernelHeight - 1) * dilationHeight + 1 }
    package var spanWidth: Int { (kernelWidth - 1) * dilationWidth + 1 }
    package var outputHeight: Int { (inputHeight + padTop + padBottom - spanHeight) / strideHeight + 1 }
    package var outputWidth: Int { (inputWidth + padLeft + padRight - spanWidth) / strideWidth + 1 }
    /// Elements of one sample.
    package var inputCount: Int { inputHeight * inputWidth * inputChannels }
    package var outputCount: Int { outputHeight * outputWidth * outputChannels }
    /// Window positions; a winner's index is below it.
    package var windowCount: Int { kernelHeight * kernelWidth }
    /// The most windows that one input cell lies in.
    package var windowsOverCell: Int {
        min((kernelHeight + strideHeight - 1) / strideHeight, outputHeight)
            * min((kernelWidth + strideWidth - 1) / strideWidth, outputWidth)
    }
    /// Of a pooling: positions of a window of which one wins, or windows over a cell whose averages are sent back.
    package static let mostInPooling = 256
    /// The contraction length of a convolution.
    package var patchCount: Int { kernelHeight * kernelWidth * (inputChannels / groups) }
    /// Whether the plain kernels, which know neither gaps nor groups, can do it.
    package var isPlain: Bool { dilationHeight == 1 && dilationWidth == 1 && groups == 1 }
    package var weightCount: Int { patchCount * outputChannels }

    package var description: String {
        "\(inputHeight)×\(inputWidth)×\(inputChannels) → \(outputChannels), window \(kernelHeight)×\(kernelWidth), "
            + "stride \(strideHeight)×\(strideWidth), padding \(padTop),\(padLeft),\(padBottom),\(padRight)"
            + (isPlain ? "" : ", dilation \(dilationHeight)×\(dilationWidth), \(groups) groups")
    }
}
