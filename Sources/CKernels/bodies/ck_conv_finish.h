// Rows of sums on their way out: sixteen at a time through the epilogue into either storage type.

#ifndef CK_CONV_FINISH_H
#define CK_CONV_FINISH_H

typedef uint16_t h16 __attribute__((vector_size(32)));
typedef h16 h16_any __attribute__((aligned(2), may_alias));

CK_INLINE f16 ck_conv_widen(h16 bits) { return (f16)(__builtin_convertvector(bits, u16) << 16); }
// To nearest, ties to even; NaN stays NaN (quiet).
CK_INLINE h16 ck_conv_round(f16 x) {
    const u16 bits = (u16)x;
    const u16 rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16, quiet = bits >> 16 | 0x40;
    const u16 nan = (u16)(x != x);
    return __builtin_convertvector((rounded & ~nan) | (quiet & nan), h16);
}

#if CK_MASKS == 16
CK_INLINE h16 ck_conv_halves(const uint16_t *p, ptrdiff_t left) {
    return (h16)_mm256_maskz_loadu_epi16((__mmask16)((1u << left) - 1), p);
}
CK_INLINE void ck_conv_put_halves(uint16_t *p, h16 v, ptrdiff_t left) {
    _mm256_mask_storeu_epi16(p, (__mmask16)((1u << left) - 1), (__m256i)v);
}
#else
CK_INLINE h16 ck_conv_halves(const uint16_t *p, ptrdiff_t left) {
    h16 v = {0};
    if (left == 16) return *(const h16_any *)p;
    for (ptrdiff_t i = 0; i < left; i++) v[i] = p[i];
    return v;
}
CK_INLINE void ck_conv_put_halves(uint16_t *p, h16 v, ptrdiff_t left) {
    if (left == 16) {
        *(h16_any *)p = v;
    } else {
        for (ptrdiff_t i = 0; i < left; i++) p[i] = v[i];
    }
}
#endif

// `left` elements (at most 16) from element `at` on.
CK_INLINE f16 ck_conv_get(ck_in x, ptrdiff_t at, ptrdiff_t left) {
    if (x.type == CK_F32) return ck_get((const float *)x.data + at, left);
    return ck_conv_widen(ck_conv_halves((const uint16_t *)x.data + at, left));
}
CK_INLINE void ck_conv_put(ck_out y, ptrdiff_t at, f16 v, ptrdiff_t left) {
    if (y.type == CK_F32) ck_put((float *)y.data + at, v, left);
    else ck_conv_put_halves((uint16_t *)y.data + at, ck_conv_round(v), left);
}

// n floats from `z`, which include the bias, to the elements from `at` on. The flags are constants after inlining.
CK_INLINE void ck_conv_finish_body(const int activates, const int relu, const int slopes, const ck_gate gate, const int adds,
                                   const ck_epilogue *e, const float *z, ptrdiff_t n, ck_out y, ptrdiff_t at) {
    for (ptrdiff_t i = 0; i < n; i += 16) {
        const ptrdiff_t left = ck_smaller(16, n - i);
        const f16 sum = f16_load(z + i);
        f16 v = sum;
        if (relu) v = f16_choose(v < 0.0f, f16_set(0.0f), v);
        else if (activates) v = f16_activate(e->activation, v);
        if (slopes) {
            const int by_input = e->activation == CK_GELU || e->activation == CK_GELU_TANH;
            ck_conv_put(e->slope, at + i, f16_activation_gradient(e->activation, by_input ? sum : v, f16_set(1.0f)), left);
        }
        if (gate == CK_GATE_OPEN) v = f16_choose(ck_conv_get(e->gate_data, at + i, left) > 0.0f, v, f16_set(0.0f));
        if (gate == CK_GATE_FACTOR) v *= ck_conv_get(e->gate_data, at + i, left);
        if (adds) v += ck_conv_get(e->residual, at + i, left);
        ck_conv_put(y, at + i, v, left);
    }
}

// Sums are readable, whatever they hold, up to the next multiple of sixteen.
static void ck_conv_finish(const ck_epilogue *e, const float *z, ptrdiff_t n, ck_out y, ptrdiff_t at) {
    const int slopes = e->slope.data != 0, adds = e->residual.data != 0;
    const int plain = e->activation == CK_IDENTITY, relu = e->activation == CK_RELU;
    if (!slopes && (plain || relu)) {
        if (relu && e->gate == CK_GATE_NONE && !adds) ck_conv_finish_body(1, 1, 0, CK_GATE_NONE, 0, e, z, n, y, at);
        else if (plain && e->gate == CK_GATE_NONE && !adds) ck_conv_finish_body(0, 0, 0, CK_GATE_NONE, 0, e, z, n, y, at);
        else if (plain && e->gate == CK_GATE_NONE) ck_conv_finish_body(0, 0, 0, CK_GATE_NONE, 1, e, z, n, y, at);
        else if (plain && e->gate == CK_GATE_OPEN && !adds) ck_conv_finish_body(0, 0, 0, CK_GATE_OPEN, 0, e, z, n, y, at);
        else ck_conv_finish_body(1, 0, 0, e->gate, adds, e, z, n, y, at);
    } else {
        ck_conv_finish_body(1, 0, slopes, e->gate, adds, e, z, n, y, at);
    }
}

// Whether the sums are the outputs.
static inline int ck_conv_is_bare(const ck_epilogue *e, ck_dtype type) {
    return type == CK_F32 && e->activation == CK_IDENTITY && e->gate == CK_GATE_NONE && !e->residual.data && !e->slope.data;
}

#endif
