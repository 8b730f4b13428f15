extension FloatKernels {
    package func attentionWorkspace(_ call: AttentionCall, _ type: StorageType) -> Int { reference.attentionWorkspace(call, type) }
    package func attention(
        _ call: AttentionCall, rows: Int, _ qkv: Operand<Float>, rowKeys: Span<UInt64>, into y: Destination<Float>,
        statistics: Destination<Float>, workspace: Scratch
    ) { reference.attention(call, rows: rows, qkv, rowKeys: rowKeys, into: y, statistics: statistics, workspace: workspace) }
    package func attentionGradient(
        _ call: AttentionCall, rows: Int, _ qkv: Operand<Float>, rowKeys: Span<UInt64>, output y: Operand<Float>,
        statistics: Operand<Float>, outputGradient: Operand<Float>, into dqkv: Destination<Float>, workspace: Scratch
    ) {
        reference.attentionGradient(
            call, rows: rows, qkv, rowKeys: rowKeys, output: y, statistics: statistics, outputGradient: outputGradient, into: dqkv,
            workspace: workspace)
    }
}
