import Graphs
import Kernels

extension KernelBench {
    /// A square convolution with as much padding on each side.
    struct ConvolutionLayer {
        let (rows, side, channels, filters, kernel, stride, padding): (Int, Int, Int, Int, Int, Int, Int)
        let groups: Int

        init(_ rows: Int, _ side: Int, _ channels: Int, _ filters: Int, kernel: Int, stride: Int = 1, padding: Int, groups: Int = 1) {
            (self.rows, self.side, self.channels, self.filters) = (rows, side, channels, filters)
            (self.kernel, self.stride, self.padding, self.groups) = (kernel, stride, padding, groups)
        }

        var window: WindowShape {
            WindowShape(
                inputHeight: side, inputWidth: side, inputChannels: channels, kernelHeight: kernel, kernelWidth: kernel,
                strideHeight: stride, strideWidth: stride, padTop: padding, padLeft: padding, padBottom: padding, padRight: padding,
                outputChannels: filters, groups: groups)
        }

        var shape: String { "\(rows) × \(window)" }
    }

    /// The convolutions of ResNet-18 at a batch of 32, its three shortcuts included.
    static let resNet = [
        ConvolutionLayer(32, 32, 3, 64, kernel: 3, padding: 1), ConvolutionLayer(32, 32, 64, 64, kernel: 3, padding: 1),
        ConvolutionLayer(32, 32, 64, 128, kernel: 3, stride: 2, padding: 1), ConvolutionLayer(32, 16, 128, 128, kernel: 3, padding: 1),
        ConvolutionLayer(32, 16, 128, 256, kernel: 3, stride: 2, padding: 1), ConvolutionLayer(32, 8, 256, 256, kernel: 3, padding: 1),
        ConvolutionLayer(32, 8, 256, 512, kernel: 3, stride: 2, padding: 1), ConvolutionLayer(32, 4, 512, 512, kernel: 3, padding: 1),
        ConvolutionLayer(32, 32, 64, 128, kernel: 1, stride: 2, padding: 0),
        ConvolutionLayer(32, 16, 128, 256, kernel: 1, stride: 2, padding: 0),
        ConvolutionLayer(32, 8, 256, 512, kernel: 1, stride: 2, padding: 0),
    ]

    /// The first two convolutions of small networks for MNIST; the first is the whole of the `cnn` workload's.
    private static let mnist = [
        ConvolutionLayer(32, 28, 1, 32, kernel: 3, padding: 0), ConvolutionLayer(32, 28, 16, 32, kernel: 5, padding: 2),
    ]

    /// Powers of two in channels, a window of one pixel, and one channel to a group.
    private static let powers =
        [16, 32, 64, 256].map { ConvolutionLayer(32, 16, $0, $0, kernel: 3, padding: 1) } + [
            ConvolutionLayer(32, 16, 128, 128, kernel: 1, padding: 0),
            ConvolutionLayer(32, 16, 128, 128, kernel: 3, padding: 1, groups: 128),
        ]

    private enum Direction: String, CaseIterable {
        case forward = "convolution"
        case inputGradient = "convolution input gradient"
        case weightGradient = "convolution weight gradient"
    }

    func convolutions() -> [Case] {
        StorageType.allCases.flatMap { type -> [Case] in
            let plain = (Self.mnist + Self.resNet + Self.powers).flatMap { layer in
                Direction.allCases.map { convolution($0.rawValue, $0, layer, type) }
            }
            // Of a convolution before a batch normalisation.
            let measuring = [1, 3, 7, 8].map { convolution("convolution, statistics", .forward, Self.resNet[$0], type, measures: true) }
            // Of a second convolution in a residual block: through relu.
            let gated = [1, 7].map { convolution("convolution input gradient, gate", .inputGradient, Self.resNet[$0], type, gates: true) }
            return plain + measuring + gated
        }
    }

    private func convolution(
        _ name: String, _ direction: Direction, _ layer: ConvolutionLayer, _ type: StorageType, measures: Bool = false, gates: Bool = false
    ) -> Case {
        let window = layer.window
        var call = ConvolutionCall(window, type: type, packedWeights: true)
        call.measures = measures
        return Case(
            kernel: name, shape: layer.shape, type: type, flops: layer.rows * window.convolutionFlops,
            multipliesScalars: !call.usesTiles
        ) { [kernels, call] memory in
            let (rows, channels) = (layer.rows, window.outputChannels)
            let (x, y) = (memory.result(rows * window.inputCount, type), memory.result(rows * window.outputCount, type))
            let workspace = memory.scratch(kernels.convolutionWorkspace(call))
            if direction == .weightGradient {
                let (dw, db) = (memory.result(window.weightCount), memory.result(channels))
                return {
                    kernels.convolutionWeightGradient(
                        call, rows: rows, x.operand, outputGradient: y.operand, into: dw, biasGradient: db, workspace: workspace)
                }
            }
            let backward = direction == .inputGradient
            let weights = memory.weights(
                window.weightCount, type, packedBytes: kernels.packedBytes(call, forInputGradient: backward)
            ) { kernels.pack(call, forInputGradient: backward, weights: $0, into: $1) }
            var epilogue = Epilogue<Float>()
            if backward {
                if gates {
                    epilogue.gate = .open
                    epilogue.gateData = memory.operand(rows * window.inputCount, type)
                }
                return { [epilogue] in
                    kernels.convolutionInputGradient(
                        call, rows: rows, outputGradient: y.operand, weights: weights, epilogue: epilogue, into: x, workspace: workspace)
                }
            }
            var statistics = OutputStatistics<Float>()
            if measures { (statistics.mean, statistics.inverse) = (memory.result(channels), memory.result(channels)) }
            return { [epilogue, statistics] in
                kernels.convolution(
                    call, rows: rows, x.operand, weights: weights, epilogue: epilogue, into: y, statistics: statistics,
                    workspace: workspace)
            }
        }
    }

    /// Convolution, activation and pooling in one call, which knows fp32 only: the `cnn` workload's (nobody wants the gradient of its
    /// images) and layers inside of a network.
    func pooledConvolutions() -> [Case] {
        let inner = [Self.mnist[1], Self.powers[0], Self.powers[1], Self.powers[2]]
        return [(Self.mnist[0], false)].flatMap { pooled($0.0, wantsInput: $0.1) } + inner.flatMap { pooled($0, wantsInput: true) }
    }

    private func pooled(_ layer: ConvolutionLayer, wantsInput: Bool) -> [Case] {
        let window = layer.window
        let pool = window.pooled(kernelHeight: 2, kernelWidth: 2, strideHeight: 2, strideWidth: 2)
        let (rows, shape) = (layer.rows, "\(layer.shape), pooled 2×2")
        return [false, true].map { backward in
            Case(
                kernel: backward ? "convolution and pooling gradients" : "convolution and pooling", shape: shape, type: .scalar,
                flops: rows * window.convolutionFlops * (backward && wantsInput ? 2 : 1)
            ) { [kernels] memory in
                let (x, y) = (memory.floats(rows * window.inputCount), memory.floats(rows * pool.outputCount))
                let weights = memory.floats(window.weightCount, moved: backward && !wantsInput ? 0 : nil)
                let (bias, winners) = (memory.floats(window.outputChannels), memory.winners(rows * pool.outputCount))
                let workspace = memory.floatScratch(kernels.convolvePoolWorkspace(convolution: window, pool: pool))
                let forward = {
                    var y = y.mutableSpan
                    var winners = winners.mutableSpan
                    var workspace = workspace.mutableSpan
                    kernels.convolvePool(
                        rows: rows, convolution: window, pool: pool, x.span, weights: weights.span, bias: bias.span, activation: .relu,
                        into: &y, winners: &winners, workspace: &workspace)
                }
                guard backward else { return forward }
                // Winners have to be a forward pass's own.
                forward()
                let (dy, dw) = (memory.floats(rows * pool.outputCount), memory.floats(window.weightCount))
                let dx = memory.floats(wantsInput ? rows * window.inputCount : 0)
                return {
                    var dw = dw.mutableSpan
                    var db = bias.mutableSpan
                    var dx = dx.mutableSpan
                    var workspace = workspace.mutableSpan
                    kernels.convolvePoolGradients(
                        rows: rows, convolution: window, pool: pool, x.span, weights: weights.span, activation: .relu, output: y.span,
                        winners: winners.span, outputGradient: dy.span, weightGradient: &dw, biasGradient: &db, inputGradient: &dx,
                        workspace: &workspace)
                }
            }
        }
    }
}
