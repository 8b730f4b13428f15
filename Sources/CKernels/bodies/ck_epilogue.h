// Finished sums on their way out: rows of an fp32 tile, still in the first-level cache, through the epilogue into c of either type.

#ifndef CK_EPILOGUE_H
#define CK_EPILOGUE_H

typedef uint16_t u16_half __attribute__((vector_size(32)));
typedef u16_half u16_half_any __attribute__((aligned(2), may_alias));

// bf16 and back. To nearest, ties to even; NaN stays NaN (quiet).
CK_INLINE f16 ck_widened(u16_half bits) { return (f16)(__builtin_convertvector(bits, u16) << 16); }
CK_INLINE u16_half ck_narrowed(f16 x) {
    const u16 bits = (u16)x, nan = (u16)(x != x);
    const u16 rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16, quiet = bits >> 16 | 0x40;
    return __builtin_convertvector((rounded & ~nan) | (quiet & nan), u16_half);
}

// `left` elements (1 to 16) from element `at` on; lanes beyond are zero, their memory untouched.
CK_INLINE f16 ck_in_get(ck_in x, ptrdiff_t at, ptrdiff_t left) {
    if (x.type == CK_F32) return ck_get((const float *)x.data + at, left);
    const uint16_t *p = (const uint16_t *)x.data + at;
    if (left == 16) return ck_widened(*(const u16_half_any *)p);
#if CK_MASKS == 16
    return ck_widened((u16_half)_mm256_maskz_loadu_epi16((__mmask16)((1u << left) - 1), p));
#else
    u16_half v = {0};
    for (ptrdiff_t i = 0; i < left; i++) v[i] = p[i];
    return ck_widened(v);
#endif
}
CK_INLINE void ck_out_put(ck_out y, ptrdiff_t at, f16 v, ptrdiff_t left) {
    if (y.type == CK_F32) {
        ck_put((float *)y.data + at, v, left);
        return;
    }
    uint16_t *p = (uint16_t *)y.data + at;
    const u16_half bits = ck_narrowed(v);
    if (left == 16) {
        *(u16_half_any *)p = bits;
        return;
    }
#if CK_MASKS == 16
    _mm256_mask_storeu_epi16(p, (__mmask16)((1u << left) - 1), (__m256i)bits);
#else
    for (ptrdiff_t i = 0; i < left; i++) p[i] = bits[i];
#endif
}

// f(z), and its slope where that is wanted. What both are made of is computed once; `kind` and `slopes` are constants after inlining.
CK_INLINE f16 ck_value_and_slope(const ck_activation kind, const int slopes, f16 z, f16 *slope) {
    if (kind == CK_GELU_TANH) {
        // ½(1 + tanh u) is the logistic function of 2u: one exponential and one division, without loss where tanh nears −1.
        const f16 square = z * z, one = f16_set(1.0f);
        const f16 twice = z * CK_MULADD(square, f16_set(0x1.988454p+0f * 0.044715f), f16_set(0x1.988454p+0f));
        const f16 share = one / (f16_exp(-twice) + one);
        if (slopes) {
            const f16 steep = CK_MULADD(square, f16_set(3 * 0x1.988454p+0f * 0.044715f), f16_set(0x1.988454p+0f));
            // Where the share is all or nothing the curve is straight, however steep its argument.
            const f16 bend = z * (share * (one - share));
            *slope = f16_choose(bend == 0.0f, share, CK_MULADD(bend, steep, share));
        }
        return z * share;
    }
    if (kind == CK_GELU && slopes) {
        const f16 area = 0.5f * (f16_erf(z * 0x1.6a09e6p-1f) + 1.0f);
        *slope = CK_MULADD(z, 0x1.988454p-2f * f16_exp(-0.5f * z * z), area);
        return z * area;
    }
    const f16 y = f16_activate(kind, z);
    if (slopes) *slope = f16_activation_gradient(kind, y, f16_set(1.0f));
    return y;
}

// One row of n sums. `at` is the element of c, and of what is laid out like it; `column` that of the bias.
CK_INLINE void ck_finish_row(const ck_activation kind, const int slopes, const ck_epilogue *e, ck_out c, ptrdiff_t at, ptrdiff_t column,
                             ptrdiff_t n, const float *sums) {
    for (ptrdiff_t j = 0; j < n; j += 16) {
        const ptrdiff_t left = ck_smaller(16, n - j);
        f16 z = ck_get(sums + j, left), slope;
        if (e->bias) z += ck_get(e->bias + column + j, left);
        f16 y = ck_value_and_slope(kind, slopes, z, &slope);
        if (slopes) ck_out_put(e->slope, at + j, slope, left);
        if (e->gate == CK_GATE_OPEN) y = f16_choose(ck_in_get(e->gate_data, at + j, left) > 0.0f, y, f16_set(0.0f));
        else if (e->gate == CK_GATE_FACTOR) y *= ck_in_get(e->gate_data, at + j, left);
        if (e->residual.data) y += ck_in_get(e->residual, at + j, left);
        ck_out_put(c, at + j, y, left);
    }
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
