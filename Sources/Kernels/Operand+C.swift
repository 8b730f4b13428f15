import CKernels

extension Operand {
    /// As C takes it.
    var c: ck_in { ck_in(data: base, type: type == .scalar ? CK_F32 : CK_BF16) }
    /// The elements as floats. Null if absent.
    var floats: UnsafePointer<Float>? { base?.assumingMemoryBound(to: Float.self) }
}

extension Destination {
    /// As C takes it.
    var c: ck_out { ck_out(data: base, type: type == .scalar ? CK_F32 : CK_BF16) }
    /// The elements as floats. Null if absent.
    var floats: UnsafeMutablePointer<Float>? { base?.assumingMemoryBound(to: Float.self) }
}

extension Epilogue where Scalar == Float {
    /// As C takes it.
    var c: ck_epilogue {
        ck_epilogue(
            bias: bias.floats, activation: activation.code, gate: ck_gate(rawValue: UInt32(gate.rawValue)), gate_data: gateData.c,
            residual: residual.c, slope: slope.c)
    }
}
