/// One query at a time: its scores with the keys it sees, their softmax, the weighted sum of values. A query sees all keys, or those not
/// after it; what it does not see is not multiplied, so a NaN there does not reach it.
extension ReferenceKernels {
    /// Scores of one query forward; backward also its gradient and the gradients of one head's keys and values.
    package func attentionWorkspace(_ call: AttentionCall, _ type: StorageType) -> Int {
        (call.length + call.size + 2 * call.length * call.size) * MemoryLayout<Scalar>.stride
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func attention(
        _ call: AttentionCall, rows: Int, _ qkv: Operand<Scalar>, rowKeys: Span<UInt64>, into y: Destination<Scalar>,
        statistics: Destination<Scalar>, workspace: Scratch
    ) {
        let (length, heads, size) = (call.length, call.heads, call.size)
        let scale = Scalar(rounding: call.scale)
        let scratch = Destination<Scalar>(base: workspace.base, count: length, type: .scalar)
        for row in 0..<rows {
            for head in 0..<heads {
                let mask = AttentionMask<Scalar>(call, key: call.dropout > 0 ? rowKeys[row] : 0, head: head)
                for query in 0..<length {
                    let seen = call.causal ? query + 1 : length
                    var top = -Scalar.infinity
                    for key in 0..<seen {
                        let score = call.score(qkv, row, head, query, key) * scale
                        scratch[key] = score
                        if score > top || score.isNaN { top = score }
                    }
                    var sum: Scalar = 0
                    for key in 0..<seen {
                        scratch[key] = Scalar.exp(scratch[key] - top)
                        sum += scratch[key]
                    }
                    let share = 1 / sum
                    for key in 0..<seen { scratch[key] = scratch[key] * share * mask.factor(query, key) }
                    statistics[(row * heads + head) * length + query] = top + Scalar.log(sum)
                    for s in 0..<size {
                        var result: Scalar = 0
                        for key in 0..<seen { result += scratch[key] * qkv[call.index(row, key, 2, head) + s] }
                        y[((row * length + query) * heads + head) * size + s] = result
                    }
                }
            }
        }
    }

    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    package func attentionGradient(
        _ call: AttentionCall, rows: Int, _ qkv: Operand<Scalar>, rowKeys: Span<UInt64>, output y: Operand<Scalar>,
        statistics: Operand<Scalar>, outputGradient dy: Operand<Scalar>, into dqkv: Destination<Scalar>, workspace: Scratch
    ) {
        let (length, heads, size) = (call.length, call.heads, call.size)
        let scale = Scalar(rounding: call.scale)
        let scratch = Destination<Scalar>(base: workspace.base, count: size + 2 * length * size, type: .scalar)
        let (dkeys, dvalues) = (size, size + length * size)
        for row in 0..<rows {
            for head in 0..<heads {
                let mask = AttentionMask<Scalar>(call, key: call.dropout > 0 ? rowKeys[row] : 0, head: head)
                for i in 0..<scratch.count { scratch[i] = 0 }
                for query in 0..<length {
                    let q = call.index(row, query, 0, head)
                    let out = ((row * length + query) * heads + head) * size
                    var share: Scalar = 0
                    for s in 0..<size {
                        share += dy[out + s] * y[out + s]
                        scratch[s] = 0
                    }
                    for key in 0..<(call.causal ? query + 1 : length) {
                        let (k, v) = (call.index(row, key, 1, head), call.index(row, key, 2, head))
                        let score = call.score(qkv, row, head, query, key) * scale
                        let probability = Scalar.exp(score - statistics[(row * heads + head) * length + query])
                        let factor = mask.factor(query, key)
                        var dp: Scalar = 0
                        for s in 0..<size { dp += dy[out + s] * qkv[v + s] }
                        let ds = probability * (dp * factor - share) * scale
                        for s in 0..<size {
                            scratch[s] += ds * qkv[k + s]
                            scratch[dkeys + key * size + s] += ds * qkv[q + s]
                            scratch[dvalues + key * size + s] += probability * factor * dy[out + s]
                        }
                    }
                    for s in 0..<size { dqkv[q + s] = scratch[s] }
                }
                for key in 0..<length {
                    for s in 0..<size {
                        dqkv[call.index(row, key, 1, head) + s] = scratch[dkeys + key * size + s]
                        dqkv[call.index(row, key, 2, head) + s] = scratch[dvalues + key * size + s]
                    }
                }
            }
        }
    }
}

extension AttentionCall {
    /// Where a token's query (part 0), key (1) or value (2) of one head begins.
    @inline(__always)
    func index(_ row: Int, _ token: Int, _ part: Int, _ head: Int) -> Int {
        (((row * length + token) * 3 + part) * heads + head) * size
    }

    /// q·k of one query and one key.
    @inline(__always)
    func score<Scalar>(_ qkv: Operand<Scalar>, _ row: Int, _ head: Int, _ query: Int, _ key: Int) -> Scalar {
        let (q, k) = (index(row, query, 0, head), index(row, key, 1, head))
        var sum: Scalar = 0
        for s in 0..<size { sum += qkv[q + s] * qkv[k + s] }
        return sum
    }
}

/// What dropout multiplies the probabilities of one head by.
private struct AttentionMask<Scalar: KernelScalar> {
    let random: CounterRandom
    let threshold: UInt32
    let kept: Scalar
    let first: Int
    let length: Int

    init(_ call: AttentionCall, key: UInt64, head: Int) {
        random = CounterRandom(seed: key, stream: call.layerKey)
        threshold = DropoutRule.threshold(rate: call.dropout)
        kept = Scalar(rounding: DropoutRule.keptScale(rate: call.dropout))
        first = head * call.length
        length = call.length
    }

    @inline(__always)
    func factor(_ query: Int, _ key: Int) -> Scalar {
        if threshold == 0 { return kept }
        return random.uint32(at: UInt64((first + query) * length + key)) < threshold ? 0 : kept
    }
}
