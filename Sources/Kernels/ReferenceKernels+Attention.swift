extension ReferenceKernels {
    package func attentionWorkspace(_ call: AttentionCall, _ type: StorageType) -> Int {
        preconditionFailure("attentionWorkspace is not written yet")
    }
    package func attention(
        _ call: AttentionCall, rows: Int, _ qkv: Operand<Scalar>, rowKeys: Span<UInt64>, into y: Destination<Scalar>,
        statistics: Destination<Scalar>, workspace: Scratch
    ) { preconditionFailure("attention is not written yet") }
    package func attentionGradient(
        _ call: AttentionCall, rows: Int, _ qkv: Operand<Scalar>, rowKeys: Span<UInt64>, output y: Operand<Scalar>,
        statistics: Operand<Scalar>, outputGradient: Operand<Scalar>, into dqkv: Destination<Scalar>, workspace: Scratch
    ) { preconditionFailure("attentionGradient is not written yet") }
}
