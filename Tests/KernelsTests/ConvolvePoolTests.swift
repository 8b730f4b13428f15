import Kernels
import Testing

@Suite struct ConvolvePoolTests {
    /// Whole numbers: values, winners (ties included) and all gradients equal the oracle exactly.
    @Test(arguments: Level.all)
    func everyGeometryIsExact(level: Level) {
        for (convolution, pool) in pooledConvolutions() {
            for rows in [0, 1, 3] {
                for (activation, wantsInput) in [(Activation.relu, true), (.relu, false), (.identity, true)] {
                    let run = PooledRun(convolution, pool, rows: rows, activation: activation, wantsInputGradient: wantsInput) {
                        TestNumbers($0).whole($1)
                    }
                    let (oracle, actual) = (run.results(ReferenceKernels<Double>()) { Double($0) }, run.results(level.kernels) { $0 })
                    #expect(actual.winners == oracle.winners, "\(convolution) | \(pool), rows \(rows), \(activation)")
                    for (name, (a, e)) in zip(["y", "dw", "dbias", "dx"], zip(actual.values, oracle.values)) {
                        guard let wrong = mismatch(a, e, within: 0) else { continue }
                        Issue.record("\(convolution) | \(pool), rows \(rows), \(activation): \(name)\(wrong)")
                        return
                    }
                }
            }
        }
    }

    /// A convolution and a pooling after it give the same bits forward as both in one: every element is the same chain of multiply-adds.
    @Test(arguments: Level.all)
    func fusingChangesNothingForward(level: Level) {
        for (convolution, pool) in [mnistConvolution] + pooledConvolutions() {
            let run = PooledRun(convolution, pool, rows: 2, activation: .relu, wantsInputGradient: false) { TestNumbers($0).uniform($1) }
            let (fused, apart) = (run.results(level.kernels) { $0 }, run.apart(level.kernels))
            #expect(apart.y.bits == fused.values[0].bits, "\(convolution) | \(pool)")
            #expect(apart.winners == fused.winners, "\(convolution) | \(pool)")
        }
    }

    /// The network of the MNIST recipe on real numbers.
    @Test(arguments: Level.all)
    func realNumbersAreCloseToTheOracle(level: Level) {
        let (convolution, pool) = mnistConvolution
        let run = PooledRun(convolution, pool, rows: 2, activation: .relu, wantsInputGradient: true) { TestNumbers($0).uniform($1) }
        let (fused, oracle) = (run.results(level.kernels) { $0 }, run.results(ReferenceKernels<Double>()) { Double($0) })
        // Where two cells of a window lie within rounding of each other the oracle may choose the other one; these numbers have none.
        #expect(fused.winners == oracle.winners)
        for (name, (a, e)) in zip(["y", "dw", "dbias", "dx"], zip(fused.values, oracle.values)) {
            if let wrong = mismatch(a, e, within: 2e-4) { Issue.record("\(name)\(wrong)") }
        }
    }

    @Test func fusedLevelsAgree() {
        for (convolution, pool) in pooledConvolutions() {
            let run = PooledRun(convolution, pool, rows: 2, activation: .relu, wantsInputGradient: true) { TestNumbers($0).uniform($1) }
            var first: [[UInt32]]?
            for level in Level.fused {
                let bits = run.results(level.kernels) { $0 }.values.map(\.bits)
                #expect(first == nil || first == bits, "\(level.name), \(convolution) | \(pool)")
                first = bits
            }
        }
    }

    /// Sums that overflow, or cancel to NaN, in the middle image: the quick way for tame numbers is not taken, and its neighbours are as ever.
    @Test func hugeNumbersChangeNoOtherImage() {
        for (convolution, pool) in pooledConvolutions() {
            var run = PooledRun(convolution, pool, rows: 3, activation: .relu, wantsInputGradient: false) { TestNumbers($0).uniform($1) }
            let plain = Level.all.map { $0.kernels }.map { run.results($0) { $0 } }
            for i in 0..<convolution.inputCount { run.x[convolution.inputCount + i] *= 3e38 }
            var first: (y: [Bool], winners: [UInt8])?
            for (level, plain) in zip(Level.all, plain) where level.kernels.instructionSet >= .avx2 {
                let huge = run.results(level.kernels) { $0 }
                let y = huge.values[0]
                let numbers = (y: y.map { $0.isFinite }, winners: huge.winners)
                let alike = first == nil || (first!.y == numbers.y && first!.winners == numbers.winners)
                #expect(alike, "\(level.name), \(convolution) | \(pool)")
                first = numbers
                for image in [0, 2] {
                    let part = image * pool.outputCount..<(image + 1) * pool.outputCount
                    #expect(Array(y[part]).bits == Array(plain.values[0][part]).bits)
                    #expect(huge.winners[part] == plain.winners[part])
                }
            }
        }
    }

    @Test(arguments: Level.all)
    func aNaNInTheImageReachesEveryWindowThatSeesIt(level: Level) {
        let (convolution, pool) = pooledConvolutions()[0]
        var run = PooledRun(convolution, pool, rows: 1, activation: .relu, wantsInputGradient: false) { TestNumbers($0).uniform($1) }
        run.x[0] = .nan
        let y = run.results(level.kernels) { $0 }.values[0]
        #expect(y[0..<convolution.outputChannels].allSatisfy { $0.isNaN })
        #expect(y.last?.isNaN == false)
    }
}

private let mnistConvolution: (WindowShape, WindowShape) = {
    let convolution = WindowShape(
        inputHeight: 28, inputWidth: 28, inputChannels: 1, kernelHeight: 3, kernelWidth: 3, outputChannels: 32)
    return (convolution, convolution.pooled(kernelHeight: 2, kernelWidth: 2, strideHeight: 2, strideWidth: 2))
}()

/// Convolutions under poolings that tile, leave a rest, overlap, and are padded. The last two: a long contraction, uneven paddings.
private func pooledConvolutions() -> [(WindowShape, WindowShape)] {
    func convolution(_ height: Int, _ width: Int, _ channels: Int, _ kernel: Int, _ stride: Int, _ pad: Int, _ filters: Int) -> WindowShape
    {
        WindowShape(
            inputHeight: height, inputWidth: width, inputChannels: channels, kernelHeight: kernel, kernelWidth: kernel,
            strideHeight: stride, strideWidth: stride, padTop: pad, padLeft: pad, padBottom: pad, padRight: pad, outputChannels: filters)
    }
    let convolutions = [
        convolution(8, 8, 1, 3, 1, 0, 32), convolution(9, 11, 1, 3, 1, 0, 5), convolution(7, 8, 3, 3, 1, 1, 17),
        convolution(9, 9, 2, 2, 2, 0, 16),
        convolution(8, 9, 1, 5, 1, 2, 33), convolution(6, 6, 2, 1, 1, 0, 8), deepConvolution,
        WindowShape(
            inputHeight: 7, inputWidth: 9, inputChannels: 3, kernelHeight: 2, kernelWidth: 3, strideHeight: 1, strideWidth: 2, padTop: 0,
            padLeft: 1, padBottom: 1, padRight: 0, outputChannels: 17),
    ]
    var pairs: [(WindowShape, WindowShape)] = []
    for c in convolutions {
        for (kernel, stride, pad) in [(2, 2, 0), (3, 2, 1), (2, 1, 0), (1, 2, 0), (3, 3, 0)] {
            if c.outputHeight + 2 * pad < kernel || c.outputWidth + 2 * pad < kernel { continue }
            pairs.append(
                (
                    c,
                    c.pooled(
                        kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride, padTop: pad, padLeft: pad,
                        padBottom: pad, padRight: pad)
                ))
        }
    }
    return pairs
}

/// The operands of a pooled convolution, and one run forward and back.
struct PooledRun {
    let convolution: WindowShape
    let pool: WindowShape
    let rows: Int
    let activation: Activation
    let wantsInputGradient: Bool
    var x: [Float]
    let weights: [Float]
    let bias: [Float]
    let dy: [Float]

    init(
        _ convolution: WindowShape, _ pool: WindowShape, rows: Int, activation: Activation, wantsInputGradient: Bool,
        numbers: (UInt64, Int) -> [Float]
    ) {
        self.convolution = convolution
        self.pool = pool
        self.rows = rows
        self.activation = activation
        self.wantsInputGradient = wantsInputGradient
        x = numbers(31, rows * convolution.inputCount)
        weights = numbers(32, convolution.weightCount)
        bias = numbers(33, convolution.outputChannels)
        dy = numbers(34, rows * pool.outputCount)
    }

    /// y, dw, dbias, dx; and the winners.
    func results<Kernels: KernelSet>(
        _ kernels: Kernels, convert: (Float) -> Kernels.Scalar
    ) -> (values: [[Kernels.Scalar]], winners: [UInt8]) {
        let (x, weights, bias, dy) = (x.map(convert), weights.map(convert), bias.map(convert), dy.map(convert))
        var y = [Kernels.Scalar](repeating: .nan, count: rows * pool.outputCount)
        var winners = [UInt8](repeating: 255, count: y.count)
        var dw = [Kernels.Scalar](repeating: .nan, count: convolution.weightCount)
        var dbias = [Kernels.Scalar](repeating: .nan, count: convolution.outputChannels)
        var dx = [Kernels.Scalar](repeating: .nan, count: wantsInputGradient ? rows * convolution.inputCount : 0)
        var workspace = [Kernels.Scalar](
            repeating: .nan, count: kernels.convolvePoolWorkspace(convolution: convolution, pool: pool))
        var scratch = workspace.mutableSpan
        var out = y.mutableSpan
        var winnerSpan = winners.mutableSpan
        kernels.convolvePool(
            rows: rows, convolution: convolution, pool: pool, x.span, weights: weights.span, bias: bias.span, activation: activation,
            into: &out, winners: &winnerSpan, workspace: &scratch)
        var dwSpan = dw.mutableSpan
        var dbiasSpan = dbias.mutableSpan
        var dxSpan = dx.mutableSpan
        kernels.convolvePoolGradients(
            rows: rows, convolution: convolution, pool: pool, x.span, weights: weights.span, activation: activation, output: y.span,
            winners: winners.span, outputGradient: dy.span, weightGradient: &dwSpan, biasGradient: &dbiasSpan, inputGradient: &dxSpan,
            workspace: &scratch)
        return ([y, dw, dbias, dx], winners)
    }

    /// What a convolution and a pooling give one after the other.
    func apart(_ kernels: FloatKernels) -> (y: [Float], winners: [UInt8]) {
        let call = ConvolutionCall(convolution)
        let (x, weights, bias) = (StoredValues(x), StoredValues(weights), StoredValues(bias))
        let map = StoredValues<Float>(results: rows * convolution.outputCount)
        let y = StoredValues<Float>(results: rows * pool.outputCount)
        let workspace = StoredValues<Float>(results: (kernels.convolutionWorkspace(call) + 3) / 4)
        var epilogue = Epilogue<Float>()
        (epilogue.bias, epilogue.activation) = (bias.operand, activation)
        kernels.convolution(
            call, rows: rows, x.operand, weights: WeightOperand(base: weights.operand.base, count: weights.count, isPacked: false),
            epilogue: epilogue, into: map.destination,
            workspace: Scratch(base: workspace.destination.base, bytes: workspace.count * 4))
        var winners = [UInt8](repeating: 255, count: y.count)
        var span = winners.mutableSpan
        kernels.maxPool(rows: rows, pool, map.operand, into: y.destination, winners: &span)
        return (y.values, winners)
    }
}
