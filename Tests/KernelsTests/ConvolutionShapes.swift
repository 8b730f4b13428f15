import Kernels

/// More patch elements than one block of contraction steps.
let deepConvolution = WindowShape(
    inputHeight: 6, inputWidth: 5, inputChannels: 33, kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1, padBottom: 1, padRight: 1,
    outputChannels: 18)

/// Windows, strides, paddings (uneven ones too), channels and filters around every tail.
func smallConvolutions() -> [WindowShape] {
    var shapes: [WindowShape] = []
    for (height, width, kernelHeight, kernelWidth) in [(1, 1, 1, 1), (5, 4, 2, 3), (7, 9, 3, 3), (4, 17, 1, 5), (6, 6, 3, 1)] {
        for (strideHeight, strideWidth) in [(1, 1), (2, 1), (3, 2)] {
            for pads in [[0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 1, 0]] {
                let (channels, filters) = [(1, 1), (1, 8), (3, 17), (2, 33), (5, 4)][shapes.count % 5]
                if pads[0] >= kernelHeight || pads[2] >= kernelHeight || pads[1] >= kernelWidth || pads[3] >= kernelWidth { continue }
                shapes.append(
                    WindowShape(
                        inputHeight: height, inputWidth: width, inputChannels: channels, kernelHeight: kernelHeight,
                        kernelWidth: kernelWidth, strideHeight: strideHeight, strideWidth: strideWidth, padTop: pads[0],
                        padLeft: pads[1], padBottom: pads[2], padRight: pads[3], outputChannels: filters))
            }
        }
    }
    return shapes
}
