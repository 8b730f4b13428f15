// Finished sums on their way out: rows of an fp32 tile, still in the first-level cache, through the epilogue into c of either type.

#ifndef CK_EPILOGUE_H
#define CK_EPILOGUE_H

// Sixteens that are finished together: the steps of one fill the waiting times of the others, as far as registers allow.
#if CK_LANES == 16 && CK_MASKS == 16
#define CK_TOGETHER 4
#else
#define CK_TOGETHER 1
#endif

// GELU by tanh of n sixteens, and its slope where that is wanted: ½(1 + tanh u) is the logistic function of 2u, so that one exponential
// and one reciprocal serve both, without loss where tanh nears −1. Multiplications alone, in one order at every fused level: a division
// would take as long as all of this. Within 3·10⁻⁷ of the share, half of it that of the exponential's argument.
CK_INLINE void ck_gelu_tanh(const int n, const int slopes, const f16 *z, f16 *y, f16 *slope) {
    f16 low[CK_TOGETHER], x[CK_TOGETHER], square[CK_TOGETHER], shifted[CK_TOGETHER], f[CK_TOGETHER], p[CK_TOGETHER], share[CK_TOGETHER];
    f16 e[CK_TOGETHER], sum[CK_TOGETHER], miss[CK_TOGETHER];
#define CK_STEP(...)                      \
    _Pragma("clang loop unroll(full)")    \
    for (int j = 0; j < n; j++) { __VA_ARGS__; }
    // Beyond 9.9 the share is all or nothing (2^±122, which float still holds). Below, the function is as good as its limit 0; at −∞, where
    // half of x times nothing is asked for, it is NaN as in the kernel that stands alone.
    CK_STEP(low[j] = f16_choose(z[j] < -9.9f, CK_MULADD(z[j], f16_set(0.0f), f16_set(-9.9f)), z[j]))
    CK_STEP(x[j] = f16_choose(low[j] > 9.9f, f16_set(9.9f), low[j]))
    CK_STEP(square[j] = x[j] * x[j])
    // e^(−2u) as a power of two: −2u·log₂e = x·f(x²).
    CK_STEP(f[j] = CK_MULADD(square[j], f16_set(-0x1.a5a7d0p-4f), f16_set(-0x1.26aec2p+1f)))
    // Adding 1.5·2²³ + 127 rounds to the nearest integer and leaves it, as a float's exponent, in the low bits.
    const f16 magic = f16_set(12582912.0f + 127.0f);
    CK_STEP(shifted[j] = CK_MULADD(x[j], f[j], magic))
    CK_STEP(f[j] = CK_MULADD(x[j], f[j], magic - shifted[j]))
    CK_STEP(p[j] = CK_MULADD(f[j], f16_set(0x1.5bba14p-10f), f16_set(0x1.3cea88p-7f)))
    CK_STEP(p[j] = CK_MULADD(p[j], f[j], f16_set(0x1.c6b752p-5f)))
    CK_STEP(p[j] = CK_MULADD(p[j], f[j], f16_set(0x1.ebf9bcp-3f)))
    CK_STEP(p[j] = CK_MULADD(p[j], f[j], f16_set(0x1.62e42ap-1f)))
    CK_STEP(p[j] = CK_MULADD(p[j], f[j], f16_set(1.0f)))
    CK_STEP(e[j] = p[j] * (f16)((i16)shifted[j] << 23))
    CK_STEP(sum[j] = e[j] + 1.0f)
    // The reciprocal: within 5 % by the exponent turned round, then the miss cubed, then squared.
    CK_STEP(share[j] = (f16)(0x7EF311C3 - (i16)sum[j]))
    CK_STEP(miss[j] = CK_MULADD(-sum[j], share[j], f16_set(1.0f)))
    CK_STEP(miss[j] = CK_MULADD(miss[j], miss[j], miss[j]))
    CK_STEP(share[j] = CK_MULADD(share[j], miss[j], share[j]))
    CK_STEP(miss[j] = CK_MULADD(-sum[j], share[j], f16_set(1.0f)))
    CK_STEP(share[j] = CK_MULADD(share[j], miss[j], share[j]))
    CK_STEP(y[j] = low[j] * share[j])
    if (!slopes) return;
    // 1 − share is share·e^(−2u), whatever the share.
    CK_STEP(e[j] = e[j] * share[j])
    CK_STEP(square[j] = CK_MULADD(square[j], f16_set(0x1.b6676cp-3f), f16_set(0x1.988454p+0f)))
    CK_STEP(x[j] = x[j] * square[j])
    CK_STEP(e[j] = e[j] * share[j])
    CK_STEP(slope[j] = CK_MULADD(x[j], e[j], share[j]))
#undef CK_STEP
}

// f(z), and its slope where that is wanted. What both are made of is computed once; `kind` and `slopes` are constants after inlining.
CK_INLINE f16 ck_value_and_slope(const ck_activation kind, const int slopes, f16 z, f16 *slope) {
    if (kind == CK_GELU && slopes) {
        const f16 area = 0.5f * (f16_erf(z * 0x1.6a09e6p-1f) + 1.0f);
        *slope = CK_MULADD(z, 0x1.988454p-2f * f16_exp(-0.5f * z * z), area);
        return z * area;
    }
    const f16 y = f16_activate(kind, z);
    if (slopes) *slope = f16_activation_gradient(kind, y, f16_set(1.0f));
    return y;
}

// n sixteens of a row, all whole or (one alone) `left` elements. `at` is the element of c, and of what is laid out like it; `column`
// that of the bias.
CK_INLINE void ck_finish_some(const int n, const ck_activation kind, const int slopes, const ck_epilogue *e, ck_out c, ptrdiff_t at,
                              ptrdiff_t column, ptrdiff_t left, const float *sums) {
    f16 z[CK_TOGETHER], y[CK_TOGETHER], slope[CK_TOGETHER];
#define CK_STEP(...)                      \
    _Pragma("clang loop unroll(full)")    \
    for (int j = 0; j < n; j++) { __VA_ARGS__; }
    CK_STEP(z[j] = ck_get(sums + 16 * j, left))
    if (e->bias) CK_STEP(z[j] += ck_get(e->bias + column + 16 * j, left))
    if (kind == CK_GELU_TANH) ck_gelu_tanh(n, slopes, z, y, slope);
    else CK_STEP(y[j] = ck_value_and_slope(kind, slopes, z[j], &slope[j]))
    if (slopes) CK_STEP(ck_write16(e->slope, at + 16 * j, slope[j], left))
    if (e->gate == CK_GATE_OPEN)
        CK_STEP(y[j] = f16_choose(ck_read16(e->gate_data, at + 16 * j, left) > 0.0f, y[j], f16_set(0.0f)))
    else if (e->gate == CK_GATE_FACTOR) CK_STEP(y[j] *= ck_read16(e->gate_data, at + 16 * j, left))
    if (e->residual.data) CK_STEP(y[j] += ck_read16(e->residual, at + 16 * j, left))
    CK_STEP(ck_write16(c, at + 16 * j, y[j], left))
#undef CK_STEP
}

// One row of n sums.
CK_INLINE void ck_finish_row(const ck_activation kind, const int slopes, const ck_epilogue *e, ck_out c, ptrdiff_t at, ptrdiff_t column,
                             ptrdiff_t n, const float *sums) {
    ptrdiff_t j = 0;
    for (; j + 16 * CK_TOGETHER <= n; j += 16 * CK_TOGETHER)
        ck_finish_some(CK_TOGETHER, kind, slopes, e, c, at + j, column + j, 16, sums + j);
    for (; j < n; j += 16) ck_finish_some(1, kind, slopes, e, c, at + j, column + j, ck_smaller(16, n - j), sums + j);
}

#define CK_FINISH(NAME, KIND, SLOPES)                                                                                              \
    static __attribute__((noinline)) void ck_finish_##NAME(const ck_epilogue *e, ck_out c, ptrdiff_t at, ptrdiff_t c_row,          \
                                                           ptrdiff_t column, ptrdiff_t rows, ptrdiff_t columns, const float *tile, \
                                                           ptrdiff_t tile_row) {                                                   \
        for (ptrdiff_t i = 0; i < rows; i++)                                                                                       \
            ck_finish_row(KIND, SLOPES, e, c, at + i * c_row, column, columns, tile + i * tile_row);                               \
    }
CK_FINISH(identity, CK_IDENTITY, 0)
CK_FINISH(relu, CK_RELU, 0)
CK_FINISH(gelu, CK_GELU, 0)
CK_FINISH(gelu_tanh, CK_GELU_TANH, 0)
CK_FINISH(sigmoid, CK_SIGMOID, 0)
CK_FINISH(tanh, CK_TANH, 0)
CK_FINISH(identity_slope, CK_IDENTITY, 1)
CK_FINISH(relu_slope, CK_RELU, 1)
CK_FINISH(gelu_slope, CK_GELU, 1)
CK_FINISH(gelu_tanh_slope, CK_GELU_TANH, 1)
CK_FINISH(sigmoid_slope, CK_SIGMOID, 1)
CK_FINISH(tanh_slope, CK_TANH, 1)

// rows × columns of sums, whose rows are tile_row apart, into c from element `at` on. The tile may be c's own memory if c is fp32; it
// is not read beyond its columns.
CK_INLINE void ck_finish(const ck_epilogue *e, ck_out c, ptrdiff_t at, ptrdiff_t c_row, ptrdiff_t column, ptrdiff_t rows,
                         ptrdiff_t columns, const float *tile, ptrdiff_t tile_row) {
    typedef void (*ck_finisher)(const ck_epilogue *, ck_out, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t, const float *,
                                ptrdiff_t);
    static const ck_finisher finishers[2][6] = {
        {ck_finish_identity, ck_finish_relu, ck_finish_gelu, ck_finish_gelu_tanh, ck_finish_sigmoid, ck_finish_tanh},
        {ck_finish_identity_slope, ck_finish_relu_slope, ck_finish_gelu_slope, ck_finish_gelu_tanh_slope, ck_finish_sigmoid_slope,
         ck_finish_tanh_slope},
    };
    finishers[e->slope.data != 0][e->activation](e, c, at, c_row, column, rows, columns, tile, tile_row);
}

#endif
