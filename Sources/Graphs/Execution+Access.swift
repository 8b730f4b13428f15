import Kernels
import TensorCore

extension Execution {
    /// The features of a batch, to be written before a run: [capacity × inputElements]. Kept from run to run.
    package func withInput<R, E: Error>(_ body: (inout MutableSpan<K.Scalar>) throws(E) -> R) throws(E) -> R {
        precondition(!program.inputIsTokens, "Execution.withInput: this model reads tokens")
        return try write(program.inputSlot, body)
    }

    /// The tokens of a batch, to be written before a run: [capacity × T]. Traps for models that read features.
    package func withTokens<R, E: Error>(_ body: (inout MutableSpan<Int32>) throws(E) -> R) throws(E) -> R {
        precondition(program.inputIsTokens, "Execution.withTokens: this model reads features")
        return try write(program.inputSlot, body)
    }

    /// The labels of a batch for softmax cross-entropy: [capacity × positions]. Traps for other losses.
    package func withClasses<R, E: Error>(_ body: (inout MutableSpan<Int32>) throws(E) -> R) throws(E) -> R {
        precondition(program.loss == .softmaxCrossEntropy, "Execution.withClasses: \(program.loss.rawValue) takes values, not labels")
        return try write(program.targetSlot, body)
    }

    /// The target values of a batch for the other losses: [capacity × targetElements]. Traps for softmax cross-entropy.
    package func withTargets<R, E: Error>(_ body: (inout MutableSpan<K.Scalar>) throws(E) -> R) throws(E) -> R {
        precondition(program.loss != .softmaxCrossEntropy, "Execution.withTargets: softmax cross-entropy takes labels")
        return try write(program.targetSlot, body)
    }

    /// The keys of dropout, one per row: [capacity]. There even if the model has no dropout.
    package func withRowKeys<R, E: Error>(_ body: (inout MutableSpan<UInt64>) throws(E) -> R) throws(E) -> R {
        try write(program.rowKeysSlot, body)
    }

    /// The loss of each row of the last run: [rows].
    package func withRowLosses<R, E: Error>(_ body: (Span<K.Scalar>) throws(E) -> R) throws(E) -> R {
        try read(program.rowLossSlot, body)
    }

    /// The predictions of the last run: [rows × outputElements]. Logits where the loss contains the softmax or sigmoid.
    package func withPredictions<R, E: Error>(_ body: (Span<K.Scalar>) throws(E) -> R) throws(E) -> R {
        try read(program.predictionSlot, body)
    }

    /// The elements of a slot of either storage type, of the last run.
    func readOperand<R>(_ slot: Slot, _ body: (Operand<K.Scalar>) -> R) -> R {
        let operand = memory(rows: rows).operand(slot, K.Scalar.self)
        return withExtendedLifetime(arena) { body(operand) }
    }

    func read<T, R, E: Error>(_ slot: Slot, _ body: (Span<T>) throws(E) -> R) throws(E) -> R {
        let elements = memory(rows: rows).elements(slot, T.self)
        return try withExtendedLifetime(arena) { () throws(E) -> R in try body(UnsafeBufferPointer(elements).span) }
    }

    private func write<T, R, E: Error>(_ slot: Slot, _ body: (inout MutableSpan<T>) throws(E) -> R) throws(E) -> R {
        let elements = memory(rows: program.capacity).elements(slot, T.self)
        var span = elements.mutableSpan
        return try withExtendedLifetime(arena) { () throws(E) -> R in try body(&span) }
    }

    private func memory(rows: Int) -> ExecutionMemory {
        let base = UnsafeMutableRawPointer(arena.unsafeBase)
        return ExecutionMemory(activations: base, parameters: base, gradients: base, packed: base, rows: rows)
    }
}
