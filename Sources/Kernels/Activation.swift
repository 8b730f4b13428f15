/// Elementwise functions that can ride on the last pass of a matrix product or convolution.
package enum Activation: UInt8, Sendable, CaseIterable {
    case identity
    /// max(x, 0); NaN stays NaN.
    case relu
    /// x·Φ(x) with the error function.
    case gelu
    /// The tanh approximation of `gelu`.
    case geluTanh
    case sigmoid
    case tanh

    /// What `activationGradient` must be given: the function's input (the GELUs) or its output (all others).
    package var gradientNeedsInput: Bool { self == .gelu || self == .geluTanh }
}

/// The functions themselves, as the reference computes them.
package enum ActivationMath<Scalar: KernelScalar> {
    /// √(2/π) and the cubic coefficient of the tanh approximation of GELU.
    @inline(__always) static var geluSlope: Scalar { Scalar(0.797_884_560_802_865_4) }
    @inline(__always) static var geluCubic: Scalar { Scalar(0.044_715) }

    /// f(x).
    @inline(__always)
    package static func value(_ kind: Activation, _ x: Scalar) -> Scalar {
        switch kind {
        case .identity: return x
        case .relu: return x < 0 ? 0 : x
        case .gelu: return Scalar(0.5) * x * (1 + Scalar.erf(x * Scalar(0.707_106_781_186_547_5)))
        case .geluTanh: return Scalar(0.5) * x * (1 + Scalar.tanh(geluSlope * (x + geluCubic * x * x * x)))
        case .sigmoid: return sigmoid(x)
        case .tanh: return Scalar.tanh(x)
        }
    }

    /// f′, from `saved`: x for the GELUs, y for the others (see `Activation.gradientNeedsInput`).
    @inline(__always)
    package static func slope(_ kind: Activation, saved s: Scalar) -> Scalar {
        switch kind {
        case .identity: return 1
        case .relu: return s <= 0 ? 0 : 1
        case .gelu:
            let area = Scalar(0.5) * (1 + Scalar.erf(s * Scalar(0.707_106_781_186_547_5)))
            let density = Scalar(0.398_942_280_401_432_7) * Scalar.exp(Scalar(-0.5) * s * s)
            return area + s * density
        case .geluTanh:
            let inner = Scalar.tanh(geluSlope * (s + geluCubic * s * s * s))
            let innerSlope = geluSlope * (1 + 3 * geluCubic * s * s)
            return Scalar(0.5) * (1 + inner) + Scalar(0.5) * s * (1 - inner * inner) * innerSlope
        case .sigmoid: return s * (1 - s)
        case .tanh: return 1 - s * s
        }
    }

    /// 1/(1+e⁻ˣ), never forming an overflowing exponential.
    @inline(__always)
    package static func sigmoid(_ x: Scalar) -> Scalar {
        let e = Scalar.exp(-x.magnitude)
        return x < 0 ? e / (1 + e) : 1 / (1 + e)
    }
}
