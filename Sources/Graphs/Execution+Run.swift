import Kernels
import TensorCore

/// The loop of a step: one switch, one kernel call per case.
///
/// Instructions are trivial data read in place, spans are formed once per call, nothing is allocated and no reference is counted.
/// `@specialized` gives the production kernels code of their own: callers live in other modules, so the generic entry would otherwise go
/// through witness tables.
@specialized(where K == FloatKernels)
@specialized(where K == ReferenceKernels<Double>)
func runInstructions<K: KernelSet>(
    _ instructions: [Instruction], _ range: Range<Int>, _ memory: ExecutionMemory, _ kernels: K, _ scale: K.Scalar
) {
    let runner = InstructionRunner(memory: memory, kernels: kernels, scale: scale)
    instructions.withUnsafeBufferPointer { instructions in
        for index in range {
            runner.run(instructions[index])
        }
    }
}

/// One instruction at a time: resolves operands and calls the kernel.
struct InstructionRunner<K: KernelSet> {
    let memory: ExecutionMemory
    let kernels: K
    /// What each row's loss counts in the gradient.
    let scale: K.Scalar

    @inline(__always)
    func source(_ slot: Slot) -> UnsafeBufferPointer<K.Scalar> { UnsafeBufferPointer(memory.elements(slot, K.Scalar.self)) }

    @inline(__always)
    func sink(_ slot: Slot) -> UnsafeMutableBufferPointer<K.Scalar> { memory.elements(slot, K.Scalar.self) }

    @inline(__always)
    func operand(_ slot: Slot) -> Operand<K.Scalar> { memory.operand(slot, K.Scalar.self) }

    @inline(__always)
    func destination(_ slot: Slot) -> Destination<K.Scalar> { memory.destination(slot, K.Scalar.self) }

    /// The workspace of a kernel that counts it in scalars.
    @inline(__always)
    func workspace(_ slot: Slot) -> UnsafeMutableBufferPointer<K.Scalar> {
        let scratch = memory.scratch(slot)
        return UnsafeMutableBufferPointer(
            start: scratch.base?.assumingMemoryBound(to: K.Scalar.self), count: scratch.bytes / MemoryLayout<K.Scalar>.stride)
    }

    @inline(__always)
    func run(_ instruction: Instruction) {
        switch instruction {
        case .product(let product):
            run(product)
        case .addBias, .columnSums, .rowSums, .softmax, .softmaxGradient:
            runMatrix(instruction)
        case .activate, .activationGradient, .add, .subtract, .multiply, .scale, .dropout, .zeros:
            runElementwise(instruction)
        case .convolution, .convolutionInputGradient, .convolutionWeightGradient, .convolutionPool, .convolutionPoolGradients:
            runConvolution(instruction)
        case .maxPool, .maxPoolGradient, .averagePool, .averagePoolGradient:
            runPooling(instruction)
        case .loss, .lossGradient, .lossWithGradient:
            runLoss(instruction)
        case .sequenceLoss, .convert, .embedding, .embeddingGradient, .attention, .attentionGradient, .lstm, .lstmGradient:
            runSequence(instruction)
        case .layerNorm, .layerNormGradient, .batchStatistics, .batchContribution, .inverseDeviation, .normalise, .normaliseGradient:
            runNorm(instruction)
        }
    }

    /// The random keys of the rows.
    @inline(__always)
    func keySpan(_ slot: Slot) -> UnsafeBufferPointer<UInt64> { UnsafeBufferPointer(memory.elements(slot, UInt64.self)) }

    @inline(__always)
    private func runMatrix(_ instruction: Instruction) {
        switch instruction {
        case .addBias(let rows, let columns, let x, let bias, let into, let workspace):
            let (c, w) = (sink(into), self.workspace(workspace))
            var output = c.mutableSpan
            var scratch = w.mutableSpan
            let nothing = UnsafeBufferPointer<K.Scalar>(start: nil, count: 0)
            kernels.scale(source(x).span, by: 1, into: &output)
            kernels.matmul(
                MatmulShape(.nn, m: rows.resolved(memory.rows), n: columns, k: 0), nothing.span, nothing.span, bias: source(bias).span,
                activation: .identity, accumulate: true, into: &output, workspace: &scratch)
        case .columnSums(let rows, let columns, let x, let into):
            kernels.columnSums(rows: rows.resolved(memory.rows), columns: columns, operand(x), into: destination(into))
        case .rowSums(let columns, let x, let into):
            let sums = destination(into)
            kernels.columnSums(rows: memory.rows, columns: columns, operand(x), into: sums)
            for index in columns..<sums.count { sums[index] = 0 }
        case .softmax(let rows, let columns, let x, let into):
            let c = sink(into)
            var output = c.mutableSpan
            kernels.softmax(rows: rows.resolved(memory.rows), columns: columns, source(x).span, into: &output)
        case .softmaxGradient(let rows, let columns, let y, let dy, let into):
            let c = sink(into)
            var output = c.mutableSpan
            kernels.softmaxGradient(
                rows: rows.resolved(memory.rows), columns: columns, output: source(y).span, outputGradient: source(dy).span, into: &output)
        default:
            preconditionFailure("not a matrix operation")
        }
    }

    @inline(__always)
    private func runElementwise(_ instruction: Instruction) {
        switch instruction {
        case .activate(let kind, let x, let into): kernels.activate(kind, operand(x), into: destination(into))
        case .activationGradient(let kind, let saved, let dy, let into):
            kernels.activationGradient(kind, saved: operand(saved), outputGradient: operand(dy), into: destination(into))
        case .add(let a, let b, let into): kernels.add(operand(a), operand(b), into: destination(into))
        case .subtract(let a, let b, let into):
            let c = sink(into)
            var output = c.mutableSpan
            kernels.subtract(source(a).span, source(b).span, into: &output)
        case .multiply(let a, let b, let into): kernels.multiply(operand(a), operand(b), into: destination(into))
        case .scale(let factor, let x, let into):
            let c = sink(into)
            var output = c.mutableSpan
            kernels.scale(source(x).span, by: K.Scalar(rounding: factor), into: &output)
        case .dropout(let rate, let layerKey, let columns, let keys, let x, let into):
            kernels.dropout(
                rows: memory.rows, columns: columns, rate: rate, layerKey: layerKey, rowKeys: keySpan(keys).span, operand(x),
                into: destination(into))
        case .zeros(let into):
            sink(into).update(repeating: 0)
        default:
            preconditionFailure("not an elementwise operation")
        }
    }
}
