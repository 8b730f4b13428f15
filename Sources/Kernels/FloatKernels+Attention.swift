import CKernels

extension FloatKernels {
    package func attentionWorkspace(_ call: AttentionCall, _ type: StorageType) -> Int {
        guard let workspace = table?.call.attention_workspace else { return reference.attentionWorkspace(call, type) }
        var geometry = call.geometry(rows: 0, rowKeys: nil)
        return workspace(&geometry, type == .scalar ? CK_F32 : CK_BF16)
    }

    package func attention(
        _ call: AttentionCall, rows: Int, _ qkv: Operand<Float>, rowKeys: Span<UInt64>, into y: Destination<Float>,
        statistics: Destination<Float>, workspace: Scratch
    ) {
        let tokens = rows * call.length
        require(qkv.count, tokens * 3 * call.width, "The input of an attention")
        require(y.count, tokens * call.width, "The output of an attention")
        requireScalars(statistics.operand, tokens * call.heads, "The statistics of an attention")
        if call.dropout > 0 { require(rowKeys.count, rows, "The row keys of an attention") }
        require(workspace.bytes, attentionWorkspace(call, qkv.type), "The workspace of an attention")
        guard let attention = table?.call.attention else {
            return reference.attention(call, rows: rows, qkv, rowKeys: rowKeys, into: y, statistics: statistics, workspace: workspace)
        }
        var geometry = call.geometry(rows: rows, rowKeys: rowKeys.address)
        attention(&geometry, qkv.c, y.c, statistics.floats, workspace.base)
    }

    package func attentionGradient(
        _ call: AttentionCall, rows: Int, _ qkv: Operand<Float>, rowKeys: Span<UInt64>, output y: Operand<Float>,
        statistics: Operand<Float>, outputGradient: Operand<Float>, into dqkv: Destination<Float>, workspace: Scratch
    ) {
        let tokens = rows * call.length
        require(min(qkv.count, dqkv.count), tokens * 3 * call.width, "The input of an attention")
        require(min(y.count, outputGradient.count), tokens * call.width, "The output of an attention")
        requireScalars(statistics, tokens * call.heads, "The statistics of an attention")
        if call.dropout > 0 { require(rowKeys.count, rows, "The row keys of an attention") }
        require(workspace.bytes, attentionWorkspace(call, qkv.type), "The workspace of an attention")
        guard let gradient = table?.call.attention_gradient else {
            return reference.attentionGradient(
                call, rows: rows, qkv, rowKeys: rowKeys, output: y, statistics: statistics, outputGradient: outputGradient, into: dqkv,
                workspace: workspace)
        }
        var geometry = call.geometry(rows: rows, rowKeys: rowKeys.address)
        gradient(&geometry, qkv.c, y.c, statistics.floats, outputGradient.c, dqkv.c, workspace.base)
    }
}

extension AttentionCall {
    fileprivate func geometry(rows: Int, rowKeys: UnsafePointer<UInt64>?) -> ck_attention {
        ck_attention(
            rows: rows, length: length, heads: heads, size: size, causal: causal ? 1 : 0, scale: Float(scale),
            threshold: DropoutRule.threshold(rate: dropout), kept: Float(DropoutRule.keptScale(rate: dropout)), layer_key: layerKey,
            row_keys: rowKeys)
    }
}
