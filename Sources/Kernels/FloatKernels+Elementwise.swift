import CKernels

extension FloatKernels {
    /// The functions that activations and losses are made of, one by one, so that tests can hold each to its bound.
    package func elementaryForTests(_ function: ElementaryFunction, _ x: Span<Float>, into y: inout MutableSpan<Float>) {
        require(x.count, y.count, "The input of a function")
        guard let table else {
            for i in 0..<y.count { y[i] = function.reference(x[i]) }
            return
        }
        table.call.elementary(function.code, y.count, x.address, y.address)
    }

    package func subtract(_ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>) {
        require(min(a.count, b.count), c.count, "A term of a difference")
        guard let table else { return reference.subtract(a, b, into: &c) }
        table.call.subtract(c.count, a.address, b.address, c.address)
    }

    package func scale(_ a: Span<Float>, by factor: Float, into c: inout MutableSpan<Float>) {
        require(a.count, c.count, "What is scaled")
        guard let table else { return reference.scale(a, by: factor, into: &c) }
        table.call.scale(c.count, a.address, factor, c.address)
    }

    package func addInPlace(_ a: Span<Float>, to b: inout MutableSpan<Float>) {
        require(b.count, a.count, "What is added to")
        guard let table else { return reference.addInPlace(a, to: &b) }
        table.call.add_in_place(a.count, a.address, b.address)
    }

    package func sumOfSquares(_ x: Span<Float>, from start: Int, count: Int) -> Double {
        precondition(
            start >= 0 && count >= 0 && start + count <= x.count, "Elements \(start) ..< \(start + count) of a span of \(x.count)")
        guard let table else { return reference.sumOfSquares(x, from: start, count: count) }
        return table.call.sum_of_squares(count, x.extracting(start..<start + count).address)
    }
}

/// See `FloatKernels.elementaryForTests`; log1p only for arguments from 0 to 1.
package enum ElementaryFunction: Sendable, CaseIterable {
    case exp, log, log1p, erf
    /// The exponential of a cross-entropy over positions, for arguments up to 0.
    case lossExp
    /// The powers of two of attention in either storage type.
    case attentionExp2, attentionExp2BFloat16

    var code: ck_elementary {
        switch self {
        case .exp: return CK_EXP
        case .log: return CK_LOG
        case .log1p: return CK_LOG1P
        case .erf: return CK_ERF
        case .lossExp: return CK_LOSS_EXP
        case .attentionExp2: return CK_ATTENTION_EXP2
        case .attentionExp2BFloat16: return CK_ATTENTION_EXP2_BF16
        }
    }

    package func reference<Scalar: KernelScalar>(_ x: Scalar) -> Scalar {
        switch self {
        case .exp: return Scalar.exp(x)
        case .log: return Scalar.log(x)
        case .log1p: return Scalar.log1p(x)
        case .erf: return Scalar.erf(x)
        case .lossExp: return Scalar.exp(x)
        case .attentionExp2, .attentionExp2BFloat16: return Scalar(rounding: Double.exp(x.asDouble * 0.693_147_180_559_945_3))
        }
    }
}
