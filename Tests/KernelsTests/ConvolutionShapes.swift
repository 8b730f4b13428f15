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

/// Dilation with strides, of different sizes along both axes, with uneven padding; groups with unequal strides. Every row of the table:
/// input, channels and filters, groups, window, strides, dilations, padding at the top, left, bottom and right.
func dilatedConvolutions() -> [WindowShape] {
    let table: [((Int, Int), (Int, Int), Int, (Int, Int), (Int, Int), (Int, Int), [Int])] = [
        ((9, 8), (5, 20), 1, (3, 3), (2, 2), (2, 2), [2, 2, 2, 2]), ((11, 9), (18, 33), 1, (3, 2), (3, 2), (2, 3), [1, 2, 3, 0]),
        ((8, 10), (8, 8), 4, (3, 3), (1, 2), (2, 1), [2, 1, 2, 1]), ((7, 12), (32, 48), 1, (3, 3), (2, 3), (1, 2), [1, 2, 1, 2]),
        ((10, 7), (20, 20), 20, (3, 3), (2, 1), (1, 3), [0, 3, 2, 1]), ((6, 6), (64, 32), 1, (2, 2), (2, 2), (3, 3), [1, 1, 1, 1]),
        ((13, 5), (3, 18), 1, (3, 3), (2, 1), (4, 1), [3, 0, 1, 1]), ((9, 9), (36, 12), 2, (3, 3), (3, 1), (1, 1), [1, 1, 1, 1]),
        ((8, 8), (40, 16), 1, (3, 3), (3, 3), (2, 2), [4, 0, 0, 4]),
    ]
    return table.map { input, channels, groups, window, stride, dilation, pads in
        WindowShape(
            inputHeight: input.0, inputWidth: input.1, inputChannels: channels.0, kernelHeight: window.0, kernelWidth: window.1,
            strideHeight: stride.0, strideWidth: stride.1, padTop: pads[0], padLeft: pads[1], padBottom: pads[2], padRight: pads[3],
            outputChannels: channels.1, dilationHeight: dilation.0, dilationWidth: dilation.1, groups: groups)
    }
}
