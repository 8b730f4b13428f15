import Kernels
import TensorCore

extension InstructionRunner {
    @inline(__always)
    func runConvolution(_ instruction: Instruction) {
        switch instruction {
        case .convolution(let call, let x, let weights, let riders, let into, let statistics, let workspace):
            var measured = OutputStatistics<K.Scalar>()
            if call.measures {
                measured.epsilon = statistics.epsilon
                (measured.mean, measured.inverse) = (destination(statistics.mean), destination(statistics.inverse))
            }
            kernels.convolution(
                call, rows: memory.rows, operand(x), weights: memory.weights(weights, K.Scalar.self), epilogue: epilogue(riders),
                into: destination(into), statistics: measured, workspace: memory.scratch(workspace))
        case .convolutionInputGradient(let call, let dy, let weights, let riders, let into, let workspace):
            kernels.convolutionInputGradient(
                call, rows: memory.rows, outputGradient: operand(dy), weights: memory.weights(weights, K.Scalar.self),
                epilogue: epilogue(riders), into: destination(into), workspace: memory.scratch(workspace))
        case .convolutionWeightGradient(let call, let x, let dy, let into, let bias, let workspace):
            kernels.convolutionWeightGradient(
                call, rows: memory.rows, operand(x), outputGradient: operand(dy), into: destination(into),
                biasGradient: destination(bias), workspace: memory.scratch(workspace))
        case .convolutionPool(let both, let x, let weights, let bias, let into, let positions, let workspace):
            let (c, w, p) = (sink(into), self.workspace(workspace), memory.elements(positions, UInt8.self))
            var output = c.mutableSpan
            var scratch = w.mutableSpan
            var winners = p.mutableSpan
            kernels.convolvePool(
                rows: memory.rows, convolution: both.convolution, pool: both.pool, source(x).span, weights: source(weights).span,
                bias: source(bias).span, activation: both.activation, into: &output, winners: &winners, workspace: &scratch)
        case .convolutionPoolGradients(
            let both, let x, let weights, let y, let positions, let dy, let weightGradient, let biasGradient, let inputGradient,
            let workspace):
            let (dw, db, dx, w) = (sink(weightGradient), sink(biasGradient), sink(inputGradient), self.workspace(workspace))
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
            let p = memory.elements(positions, UInt8.self)
            var winners = p.mutableSpan
            kernels.maxPool(rows: memory.rows, window, operand(x), into: destination(into), winners: &winners)
        case .maxPoolGradient(let window, let positions, let dy, let into):
            kernels.maxPoolGradient(
                rows: memory.rows, window, winners: UnsafeBufferPointer(memory.elements(positions, UInt8.self)).span,
                outputGradient: operand(dy), into: destination(into))
        case .averagePool(let window, let countsPadding, let x, let into):
            kernels.averagePool(rows: memory.rows, window, countIncludesPad: countsPadding, operand(x), into: destination(into))
        case .averagePoolGradient(let window, let countsPadding, let dy, let into):
            kernels.averagePoolGradient(
                rows: memory.rows, window, countIncludesPad: countsPadding, outputGradient: operand(dy), into: destination(into))
        default:
            preconditionFailure("not a pooling")
        }
    }
}
