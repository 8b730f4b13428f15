import Kernels
import TensorCore

extension InstructionRunner {
    @inline(__always)
    func runConvolution(_ instruction: Instruction) {
        switch instruction {
        case .convolution(let window, let x, let weights, let bias, let activation, let into, let workspace):
            let (c, w) = (sink(into), sink(workspace))
            var output = c.mutableSpan
            var scratch = w.mutableSpan
            kernels.convolve(
                rows: memory.rows, window, source(x).span, weights: source(weights).span, bias: source(bias).span, activation: activation,
                into: &output, workspace: &scratch)
        case .convolutionInputGradient(let window, let dy, let weights, let into, let workspace):
            let (c, w) = (sink(into), sink(workspace))
            var output = c.mutableSpan
            var scratch = w.mutableSpan
            kernels.convolutionInputGradient(
                rows: memory.rows, window, outputGradient: source(dy).span, weights: source(weights).span, into: &output,
                workspace: &scratch)
        case .convolutionWeightGradient(let window, let x, let dy, let into, let workspace):
            let (c, w) = (sink(into), sink(workspace))
            var output = c.mutableSpan
            var scratch = w.mutableSpan
            kernels.convolutionWeightGradient(
                rows: memory.rows, window, source(x).span, outputGradient: source(dy).span, into: &output, workspace: &scratch)
        case .convolutionPool(let both, let x, let weights, let bias, let into, let positions, let workspace):
            let (c, w, p) = (sink(into), sink(workspace), memory.elements(positions, UInt8.self))
            var output = c.mutableSpan
            var scratch = w.mutableSpan
            var winners = p.mutableSpan
            kernels.convolvePool(
                rows: memory.rows, convolution: both.convolution, pool: both.pool, source(x).span, weights: source(weights).span,
                bias: source(bias).span, activation: both.activation, into: &output, winners: &winners, workspace: &scratch)
        case .convolutionPoolGradients(
            let both, let x, let weights, let y, let positions, let dy, let weightGradient, let biasGradient, let inputGradient,
            let workspace):
            let (dw, db, dx, w) = (sink(weightGradient), sink(biasGradient), sink(inputGradient), sink(workspace))
            var weightOutput = dw.mutableSpan
            var biasOutput = db.mutableSpan
            var inputOutput = dx.mutableSpan
            var scratch = w.mutableSpan
            kernels.convolvePoolGradients(
                rows: memory.rows, convolution: both.convolution, pool: both.pool, source(x).span, weights: source(weights).span,
                activation: both.activation, output: source(y).span,
                winners: UnsafeBufferPointer(memory.elements(positions, UInt8.self)).span, outputGradient: source(dy).span,
                weightGradient: &weightOutput, biasGradient: &biasOutput, inputGradient: &inputOutput, workspace: &scratch)
        default:
            preconditionFailure("not a convolution")
        }
    }

    @inline(__always)
    func runPooling(_ instruction: Instruction) {
        switch instruction {
        case .maxPool(let window, let x, let into, let positions):
            let (c, p) = (sink(into), memory.elements(positions, UInt8.self))
            var output = c.mutableSpan
            var winners = p.mutableSpan
            kernels.maxPool(rows: memory.rows, window, source(x).span, into: &output, winners: &winners)
        case .maxPoolGradient(let window, let positions, let dy, let into):
            let c = sink(into)
            var output = c.mutableSpan
            kernels.maxPoolGradient(
                rows: memory.rows, window, winners: UnsafeBufferPointer(memory.elements(positions, UInt8.self)).span,
                outputGradient: source(dy).span, into: &output)
        case .averagePool(let window, let countsPadding, let x, let into):
            let c = sink(into)
            var output = c.mutableSpan
            kernels.averagePool(rows: memory.rows, window, countIncludesPad: countsPadding, source(x).span, into: &output)
        case .averagePoolGradient(let window, let countsPadding, let dy, let into):
            let c = sink(into)
            var output = c.mutableSpan
            kernels.averagePoolGradient(
                rows: memory.rows, window, countIncludesPad: countsPadding, outputGradient: source(dy).span, into: &output)
        default:
            preconditionFailure("not a pooling")
        }
    }
}
