/// Embeddings, and elementwise operations on either storage type. The count of elementwise operations is that of the output, which may be
/// exactly the memory of an input of the same type. Arithmetic is in scalars.
package protocol MixedKernels<Scalar>: Sendable {
    associatedtype Scalar: KernelScalar

    /// y[r, c] = table[index[r], c] + positions[r mod length, c]; `positions` may be absent. Traps on an index outside 0..<vocabulary.
    func embedding(
        rows: Int, length: Int, columns: Int, vocabulary: Int, index: Span<Int32>, table: Operand<Scalar>, positions: Operand<Scalar>,
        into y: Destination<Scalar>)
    /// gradient[index[r], c] += dy[r, c] in ascending r, to what is there if `accumulates`, else to zeros.
    func embeddingGradient(
        rows: Int, columns: Int, vocabulary: Int, index: Span<Int32>, outputGradient: Operand<Scalar>, accumulates: Bool,
        into gradient: Destination<Scalar>)

    func convert(_ x: Operand<Scalar>, into y: Destination<Scalar>)
    func activate(_ kind: Activation, _ x: Operand<Scalar>, into y: Destination<Scalar>)
    /// dx = dy·f′. `saved` is y for identity, relu, sigmoid and tanh, and x for the GELUs. Where relu's y is ≤ 0
    /// the result is 0, whatever dy.
    func activationGradient(
        _ kind: Activation, saved: Operand<Scalar>, outputGradient: Operand<Scalar>, into dx: Destination<Scalar>)
    func add(_ a: Operand<Scalar>, _ b: Operand<Scalar>, into c: Destination<Scalar>)
    func multiply(_ a: Operand<Scalar>, _ b: Operand<Scalar>, into c: Destination<Scalar>)
    /// y[r, c] = x[r, c]·(0 or 1/(1−rate)), the choice being word c of `CounterRandom(seed: rowKeys[r], stream: layerKey)`: 0 where
    /// the word is below rate·2³². Identical at every level. The gradient is the same call on dy.
    /// - Precondition: 0 ≤ rate < 1.
    func dropout(
        rows: Int, columns: Int, rate: Double, layerKey: UInt64, rowKeys: Span<UInt64>, _ x: Operand<Scalar>,
        into y: Destination<Scalar>)
    /// sums[c] = Σ over rows of x[r, c] in ascending r: the gradient of a bias.
    func columnSums(rows: Int, columns: Int, _ x: Operand<Scalar>, into sums: Destination<Scalar>)
    /// Softmax cross-entropy of `positions` logit rows per batch row: rowLoss[r] is their mean, the gradient that of scale·Σ rowLoss.
    /// Either result may be absent; the gradient may be exactly the memory of the logits. Traps on a class outside 0..<columns.
    func softmaxCrossEntropy(
        rows: Int, positions: Int, columns: Int, logits: Operand<Scalar>, classes: Span<Int32>, scale: Scalar,
        into rowLoss: Destination<Scalar>, gradient: Destination<Scalar>)
    /// The first maximum of each window and its position in the window; padding never wins.
    func maxPool(rows: Int, _ pool: WindowShape, _ x: Operand<Scalar>, into y: Destination<Scalar>, winners: inout MutableSpan<UInt8>)
    /// - Precondition: `winners` is what `maxPool` wrote; it is not checked.
    func maxPoolGradient(
        rows: Int, _ pool: WindowShape, winners: Span<UInt8>, outputGradient: Operand<Scalar>, into dx: Destination<Scalar>)
    /// The mean of each window; padding counts as zeros if `countIncludesPad`, else it does not count.
    func averagePool(rows: Int, _ pool: WindowShape, countIncludesPad: Bool, _ x: Operand<Scalar>, into y: Destination<Scalar>)
    func averagePoolGradient(
        rows: Int, _ pool: WindowShape, countIncludesPad: Bool, outputGradient: Operand<Scalar>, into dx: Destination<Scalar>)
}
