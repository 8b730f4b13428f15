import Graphs
import Kernels

extension KernelBench {
    /// The convolutions of ResNet-18 at a batch of 32, and of the small network for MNIST.
    private static let windows: [(rows: Int, side: Int, channels: Int, filters: Int, kernel: Int, stride: Int)] = [
        (32, 32, 3, 64, 3, 1), (32, 32, 64, 64, 3, 1), (32, 32, 64, 128, 3, 2), (32, 16, 128, 128, 3, 1), (32, 16, 128, 256, 3, 2),
        (32, 8, 256, 256, 3, 1), (32, 8, 256, 512, 3, 2), (32, 4, 512, 512, 3, 1), (32, 32, 64, 128, 1, 2), (32, 28, 16, 32, 5, 1),
    ]

    func convolutions() -> [Maker] {
        StorageType.allCases.flatMap { type in
            Self.windows.flatMap { one in
                let window = WindowShape(
                    inputHeight: one.side, inputWidth: one.side, inputChannels: one.channels, kernelHeight: one.kernel,
                    kernelWidth: one.kernel, strideHeight: one.stride, strideWidth: one.stride, padTop: one.kernel / 2,
                    padLeft: one.kernel / 2, padBottom: one.kernel / 2, padRight: one.kernel / 2, outputChannels: one.filters)
                return ["convolution", "convolution input gradient", "convolution weight gradient"].map { name in
                    Maker(name: name) { [self] in convolution(name, window, rows: one.rows, type) }
                }
            }
        }
    }

    private func convolution(_ name: String, _ window: WindowShape, rows: Int, _ type: StorageType) -> Case {
        let kernels = kernels
        let call = ConvolutionCall(window, type: type, packedWeights: true)
        let memory = BenchMemory()
        let (x, y) = (
            memory.destination(rows * window.inputCount, type, random: true),
            memory.destination(rows * window.outputCount, type, random: true)
        )
        let plain = memory.destination(window.weightCount, .scalar, random: true)
        let forInput = name.hasSuffix("input gradient")
        let packed = memory.scratch(kernels.packedBytes(call, forInputGradient: forInput))
        kernels.pack(call, forInputGradient: forInput, weights: plain.operand, into: packed)
        let weights = WeightOperand<Float>(base: packed.base.map { UnsafeRawPointer($0) }, count: packed.bytes, isPacked: true)
        let workspace = memory.scratch(kernels.convolutionWorkspace(call))
        let size = type == .scalar ? 4.0 : 2.0
        return Case(
            kernel: name, shape: "\(rows) × \(window)", type: type, flops: Double(rows * window.convolutionFlops),
            bytes: size * Double(rows * (window.inputCount + window.outputCount) + window.weightCount)
        ) {
            withExtendedLifetime(memory) {
                if forInput {
                    kernels.convolutionInputGradient(
                        call, rows: rows, outputGradient: y.operand, weights: weights, epilogue: Epilogue(), into: x, workspace: workspace)
                } else if name.hasSuffix("weight gradient") {
                    kernels.convolutionWeightGradient(
                        call, rows: rows, x.operand, outputGradient: y.operand, into: plain, biasGradient: .absent, workspace: workspace)
                } else {
                    kernels.convolution(
                        call, rows: rows, x.operand, weights: weights, epilogue: Epilogue(), into: y, workspace: workspace)
                }
            }
        }
    }
}
