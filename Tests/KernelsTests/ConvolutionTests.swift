import Kernels
import Testing

@Suite struct ConvolutionTests {
    /// Whole numbers, so every level must equal the oracle exactly; images end at unreadable pages.
    @Test(arguments: Level.all)
    func everyGeometryIsExact(level: Level) {
        for shape in smallConvolutions() {
            for rows in [0, 1, 3] {
                let failures = convolutionMismatch(level.kernels, shape, rows: rows)
                if let failures {
                    Issue.record("\(shape), rows \(rows): \(failures)")
                    return
                }
            }
        }
    }

    /// Real numbers against double, with the rounding bound of the longest chain.
    @Test(arguments: Level.all)
    func largerConvolutionsMeetTheRoundingBound(level: Level) {
        let shape = WindowShape(
            inputHeight: 14, inputWidth: 13, inputChannels: 10, kernelHeight: 3, kernelWidth: 3, padTop: 1, padLeft: 1, padBottom: 1,
            padRight: 1, outputChannels: 20)
        let rows = 2
        let run = ConvolutionRun(shape, rows: rows, numbers: { TestNumbers($0).uniform($1) })
        let oracle = run.results(ReferenceKernels<Double>(), activation: .gelu) { Double($0) }
        let actual = run.results(level.kernels, activation: .gelu) { $0 }
        // All operands are below 1, so a chain of k terms errs by less than k·(k+2)/2²⁴; typical errors are far below.
        func bound(_ k: Int) -> Double { Double(k).squareRoot() * Double(k) * 0x1p-24 }
        let bounds = [bound(shape.patchCount), bound(shape.outputChannels * 9), bound(rows * shape.outputHeight * shape.outputWidth)]
        for ((name, a), (e, bound)) in zip(zip(["y", "dx", "dw"], actual), zip(oracle, bounds)) {
            if let wrong = mismatch(a, e, within: bound) { Issue.record("\(name)\(wrong)") }
        }
    }

    /// A sample's result does not depend on the other samples of the call.
    @Test(arguments: Level.all)
    func samplesDoNotDependOnTheirNeighbours(level: Level) {
        let shape = smallConvolutions()[5]
        let rows = 4
        let run = ConvolutionRun(shape, rows: rows, numbers: { TestNumbers($0).uniform($1) })
        let whole = run.results(level.kernels, activation: .relu) { $0 }
        for r in 0..<rows {
            var one = run
            one.rows = 1
            one.x = Array(run.x[r * shape.inputCount..<(r + 1) * shape.inputCount])
            one.dy = Array(run.dy[r * shape.outputCount..<(r + 1) * shape.outputCount])
            let part = one.results(level.kernels, activation: .relu) { $0 }
            #expect(part[0].bits == Array(whole[0][r * shape.outputCount..<(r + 1) * shape.outputCount]).bits)
            #expect(part[1].bits == Array(whole[1][r * shape.inputCount..<(r + 1) * shape.inputCount]).bits)
        }
    }

    @Test func fusedLevelsAgree() {
        for shape in [smallConvolutions()[3], smallConvolutions()[7], deepConvolution] {
            let run = ConvolutionRun(shape, rows: 2, numbers: { TestNumbers($0).uniform($1) })
            var first: [[UInt32]]?
            for level in Level.fused {
                let bits = run.results(level.kernels, activation: .relu) { $0 }.map(\.bits)
                #expect(first == nil || first == bits, "\(level.name), \(shape)")
                first = bits
            }
        }
    }

    /// More patch elements than one block of contraction steps.
    @Test(arguments: Level.all)
    func deepConvolutionsAreExact(level: Level) {
        if let wrong = convolutionMismatch(level.kernels, deepConvolution, rows: 2) { Issue.record("\(wrong)") }
    }
}

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

/// The operands of a convolution and its gradients, and one run of all three.
struct ConvolutionRun {
    let shape: WindowShape
    var rows: Int
    var x: [Float]
    let weights: [Float]
    let bias: [Float]
    var dy: [Float]

    init(_ shape: WindowShape, rows: Int, numbers: (UInt64, Int) -> [Float]) {
        self.shape = shape
        self.rows = rows
        x = numbers(21, rows * shape.inputCount)
        weights = numbers(22, shape.weightCount)
        bias = numbers(23, shape.outputChannels)
        dy = numbers(24, rows * shape.outputCount)
    }

    /// y, dx, dw.
    func results<Kernels: KernelSet>(
        _ kernels: Kernels, activation: Activation, convert: (Float) -> Kernels.Scalar
    ) -> [[Kernels.Scalar]] {
        let (x, weights, bias, dy) = (x.map(convert), weights.map(convert), bias.map(convert), dy.map(convert))
        var y = [Kernels.Scalar](repeating: .nan, count: rows * shape.outputCount)
        var dx = [Kernels.Scalar](repeating: .nan, count: rows * shape.inputCount)
        var dw = [Kernels.Scalar](repeating: .nan, count: shape.weightCount)
        var workspace = [Kernels.Scalar](repeating: .nan, count: kernels.convolutionWorkspace(shape))
        var scratch = workspace.mutableSpan
        var out = y.mutableSpan
        kernels.convolve(
            rows: rows, shape, x.span, weights: weights.span, bias: bias.span, activation: activation, into: &out, workspace: &scratch)
        var back = dx.mutableSpan
        kernels.convolutionInputGradient(
            rows: rows, shape, outputGradient: dy.span, weights: weights.span, into: &back, workspace: &scratch)
        var gradient = dw.mutableSpan
        kernels.convolutionWeightGradient(rows: rows, shape, x.span, outputGradient: dy.span, into: &gradient, workspace: &scratch)
        return [y, dx, dw]
    }
}

/// Exact comparison on whole numbers; what differs, or nil.
private func convolutionMismatch(_ kernels: FloatKernels, _ shape: WindowShape, rows: Int) -> String? {
    var run = ConvolutionRun(shape, rows: rows, numbers: { TestNumbers($0).whole($1) })
    let oracle = run.results(ReferenceKernels<Double>(), activation: .relu) { Double($0) }
    let memory = GuardedMemory<Float>(capacity: max(run.x.count, 1))
    // The image at the end of its page; the arrays inside `results` are copies, so hold it for the forward pass here.
    let held = memory.hold(run.x)
    var y = [Float](repeating: .nan, count: rows * shape.outputCount)
    var workspace = [Float](repeating: .nan, count: kernels.convolutionWorkspace(shape))
    var out = y.mutableSpan
    var scratch = workspace.mutableSpan
    kernels.convolve(
        rows: rows, shape, held.span, weights: run.weights.span, bias: run.bias.span, activation: .relu, into: &out, workspace: &scratch)
    if let wrong = mismatch(y, oracle[0], within: 0) { return "y\(wrong)" }
    run.rows = rows
    let actual = run.results(kernels, activation: .relu) { $0 }
    for (name, (a, e)) in zip(["y", "dx", "dw"], zip(actual, oracle)) {
        if let wrong = mismatch(a, e, within: 0) { return "\(name)\(wrong)" }
    }
    return nil
}
