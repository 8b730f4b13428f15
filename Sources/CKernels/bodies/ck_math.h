// Vector elementary functions. The polynomials were fitted for this project (Lawson's weighted least squares on Chebyshev points
// against 40-digit values); the bounds in the comments are asserted in KernelsTests.

#ifndef CK_MATH_H
#define CK_MATH_H

CK_INLINE f16 f16_abs(f16 x) { return (f16)((i16)x & 0x7FFFFFFF); }
CK_INLINE f16 f16_sign_of(f16 magnitude, f16 sign) { return (f16)((i16)magnitude | ((i16)sign & (int32_t)0x80000000)); }
CK_INLINE f16 f16_two_to(i16 n) { return (f16)((n + 127) << 23); }

// e^x to 2 units in the last place, subnormal results included; NaN stays NaN.
CK_INLINE f16 f16_exp(f16 x) {
    x = f16_choose(x > 89.0f, f16_set(89.0f), x);
    x = f16_choose(x < -104.0f, f16_set(-104.0f), x);
    // Adding 1.5·2²³ rounds to the nearest integer and leaves it in the low bits.
    const f16 magic = f16_set(12582912.0f);
    f16 shifted = CK_MULADD(x, f16_set(0x1.715476p+0f), magic);
    i16 n = (i16)shifted - (i16)magic;
    f16 whole = shifted - magic;
    // ln 2 in two parts; the first has trailing zeros, so that its product with n is exact.
    f16 r = CK_MULADD(whole, f16_set(-0x1.62e4p-1f), x);
    r = CK_MULADD(whole, f16_set(-0x1.7f7d1cp-20f), r);
    f16 p = f16_set(0x1.6db4e4p-10f);
    p = CK_MULADD(p, r, f16_set(0x1.123be0p-7f));
    p = CK_MULADD(p, r, f16_set(0x1.55545ep-5f));
    p = CK_MULADD(p, r, f16_set(0x1.55548ep-3f));
    p = CK_MULADD(p, r, f16_set(0.5f));
    p = CK_MULADD(p, r * r, r) + 1.0f;
    // Two factors, so that neither leaves the range where the result does not.
    i16 half = n >> 1;
    return p * f16_two_to(half) * f16_two_to(n - half);
}

// log x to 2 units in the last place; log 0 = -inf, log of a negative number is NaN.
CK_INLINE f16 f16_log(f16 x) {
    i16 tiny = x < 0x1p-126f;
    f16 scaled = f16_choose(tiny, x * 0x1p23f, x);
    i16 bits = (i16)scaled;
    // The exponent that leaves the mantissa in [√½, √2).
    i16 exponent = (bits - 0x3F3504F3) >> 23;
    f16 m = (f16)(bits - (exponent << 23));
    f16 e = __builtin_convertvector(exponent + (tiny & -23), f16);
    f16 f = m - 1.0f;
    f16 s = f / (f + 2.0f);
    f16 z = s * s;
    f16 p = CK_MULADD(f16_set(0x1.32063cp-2f), z, f16_set(0x1.995d84p-2f));
    p = CK_MULADD(p, z, f16_set(0x1.55557cp-1f));
    // log m = 2s + s·z·P(z), and 2s = f − s·f, which keeps the exact f as the leading term.
    f16 tail = CK_MULADD(e, f16_set(0x1.7f7d1cp-20f), s * (z * p - f));
    f16 y = CK_MULADD(e, f16_set(0x1.62e4p-1f), f + tail);
    y = f16_choose(x == 0.0f, f16_set(-__builtin_inff()), y);
    y = f16_choose(x < 0.0f, f16_set(__builtin_nanf("")), y);
    return f16_choose((x == __builtin_inff()) | (x != x), x, y);
}

// log(1+t) for 0 <= t <= 1, to 3 units in the last place.
CK_INLINE f16 f16_log1p_unit(f16 t) {
    f16 u = t + 1.0f;
    return f16_log(u) + (t - (u - 1.0f)) / u;
}

// To 3 units in the last place.
CK_INLINE f16 f16_tanh(f16 x) {
    f16 a = f16_abs(x), u = x * x;
    f16 p = f16_set(0x1.9cce58p-10f);
    p = CK_MULADD(p, u, f16_set(-0x1.e489d8p-8f));
    p = CK_MULADD(p, u, f16_set(0x1.5ce058p-6f));
    p = CK_MULADD(p, u, f16_set(-0x1.b923b6p-5f));
    p = CK_MULADD(p, u, f16_set(0x1.110b1ep-3f));
    p = CK_MULADD(p, u, f16_set(-0x1.55553cp-2f));
    f16 small = CK_MULADD(x * u, p, x);
    f16 large = 1.0f - 2.0f / (f16_exp(a + a) + 1.0f);
    return f16_choose(a < 0.8f, small, f16_sign_of(large, x));
}

// The error function to 3 units in the last place.
CK_INLINE f16 f16_erf(f16 x) {
    f16 a = f16_abs(x), u = x * x;
    f16 p = f16_set(0x1.4ae4c6p-14f);
    p = CK_MULADD(p, u, f16_set(-0x1.a485e8p-11f));
    p = CK_MULADD(p, u, f16_set(0x1.5419f4p-8f));
    p = CK_MULADD(p, u, f16_set(-0x1.b7fbb4p-6f));
    p = CK_MULADD(p, u, f16_set(0x1.ce2d20p-4f));
    p = CK_MULADD(p, u, f16_set(-0x1.81273ep-2f));
    p = CK_MULADD(p, u, f16_set(0x1.06eba8p-3f));
    f16 small = CK_MULADD(x, p, x);
    // Beyond 1: 1 − e^Q with Q = log(1 − erf), which at 4 is below half a unit.
    f16 b = f16_choose(a > 4.0f, f16_set(4.0f), a);
    f16 q = f16_set(0x1.852dc4p-13f);
    q = CK_MULADD(q, b, f16_set(-0x1.814d22p-9f));
    q = CK_MULADD(q, b, f16_set(0x1.654246p-6f));
    q = CK_MULADD(q, b, f16_set(-0x1.a60a94p-4f));
    q = CK_MULADD(q, b, f16_set(-0x1.46c582p-1f));
    q = CK_MULADD(q, b, f16_set(-0x1.2085b2p+0f));
    q = CK_MULADD(q, b, f16_set(-0x1.72e404p-12f));
    f16 large = 1.0f - f16_exp(q);
    return f16_choose(a < 1.0f, small, f16_sign_of(large, x));
}

// 1/(1+e^-x) to 3 units in the last place, never through an overflowing exponential.
CK_INLINE f16 f16_sigmoid(f16 x) {
    f16 e = f16_exp(-f16_abs(x));
    return f16_choose(x < 0.0f, e, f16_set(1.0f)) / (e + 1.0f);
}

CK_INLINE f16 f16_sqrt(f16 x) { return __builtin_elementwise_sqrt(x); }

CK_INLINE f16 f16_activate(const ck_activation kind, f16 x) {
    switch (kind) {
    case CK_IDENTITY: return x;
    case CK_RELU: return f16_choose(x < 0.0f, f16_set(0.0f), x);
    case CK_GELU: return 0.5f * x * (f16_erf(x * 0x1.6a09e6p-1f) + 1.0f);
    case CK_GELU_TANH: {
        f16 inner = 0x1.988454p-1f * CK_MULADD(x * x * x, f16_set(0.044715f), x);
        return 0.5f * x * (f16_tanh(inner) + 1.0f);
    }
    case CK_SIGMOID: return f16_sigmoid(x);
    case CK_TANH: return f16_tanh(x);
    }
}

// dy·f′; `s` is x for the GELUs and y for the others.
CK_INLINE f16 f16_activation_gradient(const ck_activation kind, f16 s, f16 dy) {
    switch (kind) {
    case CK_IDENTITY: return dy;
    case CK_RELU: return f16_choose(s <= 0.0f, f16_set(0.0f), dy);
    case CK_GELU: {
        f16 area = 0.5f * (f16_erf(s * 0x1.6a09e6p-1f) + 1.0f);
        f16 density = 0x1.988454p-2f * f16_exp(-0.5f * s * s);
        return dy * CK_MULADD(s, density, area);
    }
    case CK_GELU_TANH: {
        f16 square = s * s;
        f16 inner = f16_tanh(0x1.988454p-1f * CK_MULADD(square * s, f16_set(0.044715f), s));
        f16 slope = 0x1.988454p-1f * CK_MULADD(square, f16_set(3 * 0.044715f), f16_set(1.0f));
        return dy * (0.5f * (inner + 1.0f) + 0.5f * s * (1.0f - inner * inner) * slope);
    }
    case CK_SIGMOID: return dy * (s * (1.0f - s));
    case CK_TANH: return dy * (1.0f - s * s);
    }
}

#endif
