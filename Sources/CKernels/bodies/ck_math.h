// Vector elementary functions. The polynomials were fitted for this project (Lawson's weighted least squares on Chebyshev points
// against 40-digit values); the bounds in the comments are asserted in KernelsTests.

#ifndef CK_MATH_H
#define CK_MATH_H

CK_INLINE f16 f16_abs(f16 x) { return (f16)((i16)x & 0x7FFFFFFF); }
CK_INLINE f16 f16_sign_of(f16 magnitude, f16 sign) { return (f16)((i16)magnitude | ((i16)sign & (int32_t)0x80000000)); }
CK_INLINE f16 f16_two_to(i16 n) { return (f16)((n + 127) << 23); }

// At most, and at least, `limit`; NaN stays NaN. One instruction where the operand that is returned for a NaN can be chosen.
CK_INLINE f16 f16_at_most(f16 x, float limit) {
#if CK_MASKS == 16
    return (f16)_mm512_min_ps(_mm512_set1_ps(limit), (__m512)x);
#else
    return f16_choose(x > limit, f16_set(limit), x);
#endif
}
CK_INLINE f16 f16_at_least(f16 x, float limit) {
#if CK_MASKS == 16
    return (f16)_mm512_max_ps(_mm512_set1_ps(limit), (__m512)x);
#else
    return f16_choose(x < limit, f16_set(limit), x);
#endif
}

// x = whole·ln 2 + r, |r| ≤ ½ ln 2, for |x| < 2¹⁶; NaN stays NaN in both.
CK_INLINE f16 f16_reduced(f16 x, f16 *whole) {
    // Adding 1.5·2²³ rounds to the nearest integer.
    const f16 magic = f16_set(12582912.0f);
    *whole = CK_MULADD(x, f16_set(0x1.715476p+0f), magic) - magic;
    // ln 2 in two parts; the first has trailing zeros, so that its product with n is exact.
    const f16 r = CK_MULADD(*whole, f16_set(-0x1.62e4p-1f), x);
    return CK_MULADD(*whole, f16_set(-0x1.7f7d1cp-20f), r);
}
// e^r − 1 for |r| ≤ ½ ln 2.
CK_INLINE f16 f16_less_one(f16 r) {
    f16 p = f16_set(0x1.6db4e4p-10f);
    p = CK_MULADD(p, r, f16_set(0x1.123be0p-7f));
    p = CK_MULADD(p, r, f16_set(0x1.55545ep-5f));
    p = CK_MULADD(p, r, f16_set(0x1.55548ep-3f));
    p = CK_MULADD(p, r, f16_set(0.5f));
    return CK_MULADD(p, r * r, r);
}
// x·2^n, n whole and −252 ≤ n ≤ 254, rounded once.
CK_INLINE f16 f16_scaled(f16 x, f16 n) {
#if CK_MASKS == 16
    return (f16)_mm512_scalef_ps((__m512)x, (__m512)n);
#else
    // Two factors, so that neither leaves the range where the result does not.
    const f16 magic = f16_set(12582912.0f);
    const i16 all = (i16)(n + magic) - (i16)magic, half = all >> 1;
    return x * f16_two_to(half) * f16_two_to(all - half);
#endif
}

// n/d for 1 ≤ d ≤ 2, within a unit in the last place; with `low`, n/(d + low). NaN stays NaN. A division would hold up all others, so
// where multiply-adds round once they do it: the exponent turned round is within 5 % of 1/d; the miss is cubed, and the quotient's own
// miss makes up for the rest.
CK_INLINE f16 f16_quotient(f16 n, f16 d, const f16 *low) {
#if CK_FUSED
    f16 share = (f16)(0x7EF311C3 - (i16)d);
    f16 miss = CK_MULADD(-d, share, f16_set(1.0f));
    miss = CK_MULADD(miss, miss, miss);
    share = CK_MULADD(share, miss, share);
    const f16 q = n * share;
    f16 left = CK_MULADD(-q, d, n);
    if (low) left = CK_MULADD(-q, *low, left);
    return CK_MULADD(left, share, q);
#else
    const f16 q = n / d;
    return low ? q - q * *low : q;
#endif
}

// e^x to 2 units in the last place, subnormal results included; NaN stays NaN.
CK_INLINE f16 f16_exp(f16 x) {
    f16 n;
    const f16 r = f16_reduced(f16_at_least(f16_at_most(x, 89.0f), -104.0f), &n);
    return f16_scaled(f16_less_one(r) + 1.0f, n);
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

// To 3 units in the last place: (e^−2|x| − 1)/(e^−2|x| + 1), whose numerator is made without cancellation.
CK_INLINE f16 f16_tanh(f16 x) {
    f16 n;
    // Beyond −20 the result is 1.
    const f16 r = f16_reduced(f16_at_least((f16)((i16)(x + x) | (int32_t)0x80000000), -20.0f), &n), whole = f16_scaled(f16_set(1.0f), n);
    const f16 less_one = CK_MULADD(f16_less_one(r), whole, whole - 1.0f);
    const f16 sum = less_one + 2.0f, low = less_one - (sum - 2.0f);
    return f16_sign_of(f16_abs(f16_quotient(less_one, sum, &low)), x);
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
    f16 n;
    const f16 r = f16_reduced(f16_at_least((f16)((i16)x | (int32_t)0x80000000), -104.0f), &n), e = f16_scaled(f16_less_one(r) + 1.0f, n);
    return f16_quotient(f16_choose(x < 0.0f, e, f16_set(1.0f)), e + 1.0f, 0);
}

CK_INLINE f16 f16_sqrt(f16 x) { return __builtin_elementwise_sqrt(x); }

CK_INLINE f16 f16_activate(const ck_activation kind, f16 x) {
    switch (kind) {
    case CK_IDENTITY: return x;
    case CK_RELU: return f16_choose(x < 0.0f, f16_set(0.0f), x);
    case CK_GELU: return 0.5f * x * (f16_erf(x * 0x1.6a09e6p-1f) + 1.0f);
    // ½(1 + tanh u) is the logistic function of 2u, without loss where tanh nears −1.
    case CK_GELU_TANH: return x * f16_sigmoid(0x1.988454p+0f * CK_MULADD(x * x * x, f16_set(0.044715f), x));
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
        // The smaller of the two shares, from which the larger loses nothing.
        f16 low = f16_sigmoid(-f16_abs(0x1.988454p+0f * CK_MULADD(square * s, f16_set(0.044715f), s)));
        f16 steep = 0x1.988454p+0f * CK_MULADD(square, f16_set(3 * 0.044715f), f16_set(1.0f));
        return dy * CK_MULADD(s * steep, low * (1.0f - low), f16_choose(s < 0.0f, low, 1.0f - low));
    }
    case CK_SIGMOID: return dy * (s * (1.0f - s));
    case CK_TANH: return dy * (1.0f - s * s);
    }
}

#endif
