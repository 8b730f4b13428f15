import Graphs
import Kernels
import TensorCore

extension ModelCase {
    /// Convolutions with dilation and strides at once, unequal along the axes, with uneven padding and groups.
    static let dilations: [ModelCase] = [
        dilated("both dilated and strided", (7, 6), (2, 3), (3, 3), stride: (2, 2), dilation: (2, 2), pads: [2, 2, 2, 2]),
        dilated("unequal dilations", (6, 8), (2, 2), (3, 2), stride: (1, 1), dilation: (2, 3), pads: [2, 1, 2, 1]),
        dilated("uneven padding, dilated", (6, 5), (2, 2), (3, 3), stride: (1, 1), dilation: (2, 1), pads: [4, 0, 1, 2]),
        dilated("all unequal", (9, 7), (2, 3), (3, 2), stride: (3, 2), dilation: (2, 3), pads: [1, 2, 3, 0]),
        dilated("groups, unequal strides", (7, 7), (4, 6), (3, 3), stride: (3, 1), dilation: (1, 1), pads: [1, 1, 1, 1], groups: 2),
        dilated("groups, dilated and strided", (6, 8), (4, 4), (3, 3), stride: (1, 2), dilation: (2, 1), pads: [2, 1, 2, 1], groups: 2),
        dilated("depthwise, dilated and strided", (8, 7), (3, 3), (3, 3), stride: (2, 1), dilation: (1, 3), pads: [0, 3, 2, 1], groups: 3),
        dilated("a stride beyond the dilation", (8, 8), (2, 2), (3, 3), stride: (3, 3), dilation: (2, 2), pads: [4, 0, 0, 4]),
    ]

    /// After a convolution whose weights need the gradient of the second one's input.
    private static func dilated(
        _ name: String, _ size: (Int, Int), _ channels: (Int, Int), _ kernel: (Int, Int), stride: (Int, Int), dilation: (Int, Int),
        pads: [Int], groups: Int = 1
    ) -> ModelCase {
        ModelCase("a convolution: " + name, input: [size.0, size.1, 1]) { builder, x in
            let first = builder.graph.addActivation(.tanh, builder.convolution(x, filters: channels.0, kernel: 1))
            return builder.convolution(
                first,
                WindowShape(
                    inputHeight: size.0, inputWidth: size.1, inputChannels: channels.0, kernelHeight: kernel.0, kernelWidth: kernel.1,
                    strideHeight: stride.0, strideWidth: stride.1, padTop: pads[0], padLeft: pads[1], padBottom: pads[2],
                    padRight: pads[3], outputChannels: channels.1, dilationHeight: dilation.0, dilationWidth: dilation.1, groups: groups))
        }
    }
}
