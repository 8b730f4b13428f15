// Sums on their way out of a kernel on tiles: rows of an fp32 tile through the epilogue into c.
//
// This work rides in the shadow of the next tile's products (ck_amx_kernels.h), where issue slots are free but not without end: GELU,
// tanh's form, has a shorter path for results that are rounded to bf16 anyway.

#ifndef CK_AMX_FINISH_H
#define CK_AMX_FINISH_H

// Sixteen elements from element `at` on, of either type; lanes that are off are zero and not read.
CK_INLINE f16 ck_amx_get(ck_in x, ptrdiff_t at, __mmask16 lanes) {
    if (x.type == CK_F32) return (f16)_mm512_maskz_loadu_ps(lanes, (const float *)x.data + at);
    const __m256i halves = _mm256_maskz_loadu_epi16(lanes, (const uint16_t *)x.data + at);
    return (f16)_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16);
}

// bf16 results are rounded to nearest even; subnormal ones become zero, as the tiles' own sums do.
CK_INLINE void ck_amx_put(ck_out y, ptrdiff_t at, f16 v, __mmask16 lanes) {
    if (y.type == CK_F32) _mm512_mask_storeu_ps((float *)y.data + at, lanes, (__m512)v);
    else _mm256_mask_storeu_epi16((uint16_t *)y.data + at, lanes, (__m256i)_mm512_cvtneps_pbh((__m512)v));
}

// 1/(1 + e^-v) within 2⁻¹³ of itself; NaN stays NaN.
CK_INLINE f16 ck_amx_rough_sigmoid(f16 v) {
    __m512 t = (__m512)(v * -0x1.715476p+0f);
    // The second operand is the result where one is NaN.
    t = _mm512_max_ps(_mm512_set1_ps(-126.0f), _mm512_min_ps(_mm512_set1_ps(126.0f), t));
    const __m512 n = _mm512_roundscale_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const f16 f = (f16)_mm512_sub_ps(t, n);
    f16 p = CK_MULADD(f16_set(0x1.3997d4p-7f), f, f16_set(0x1.ca1440p-5f));
    p = CK_MULADD(p, f, f16_set(0x1.ec06dap-3f));
    p = CK_MULADD(p, f, f16_set(0x1.62e0dcp-1f));
    p = CK_MULADD(p, f, f16_set(1.0f));
    return (f16)_mm512_rcp14_ps(_mm512_add_ps(_mm512_scalef_ps((__m512)p, n), _mm512_set1_ps(1.0f)));
}

// GELU by tanh as z·sigmoid(2u), good to bf16; the slope is its derivative.
CK_INLINE f16 ck_amx_rough_gelu(f16 z, f16 *slope) {
    const f16 square = z * z;
    const f16 s = ck_amx_rough_sigmoid(z * CK_MULADD(square, f16_set(0x1.988454p+0f * 0.044715f), f16_set(0x1.988454p+0f)));
    // Beyond 16 the curve is straight; without the bound 0·inf would make a NaN there.
    const f16 near = (f16)_mm512_max_ps(_mm512_set1_ps(-16.0f), _mm512_min_ps(_mm512_set1_ps(16.0f), (__m512)z));
    const f16 steep = near * CK_MULADD(near * near, f16_set(3 * 0x1.988454p+0f * 0.044715f), f16_set(0x1.988454p+0f));
    *slope = CK_MULADD(s * (1.0f - s), steep, s);
    return z * s;
}

// Element `at` of c and of all that is laid out like it; `column` is that of the bias.
CK_INLINE void ck_amx_finish_16(const ck_epilogue *e, f16 z, ck_out c, ptrdiff_t at, ptrdiff_t column, __mmask16 lanes) {
    if (e->bias) z = z + (f16)_mm512_maskz_loadu_ps(lanes, e->bias + column);
    f16 y = z;
    if (e->activation == CK_GELU_TANH && c.type == CK_BF16 && (!e->slope.data || e->slope.type == CK_BF16)) {
        f16 slope;
        y = ck_amx_rough_gelu(z, &slope);
        if (e->slope.data) ck_amx_put(e->slope, at, slope, lanes);
    } else if (e->activation != CK_IDENTITY || e->slope.data) {
        y = f16_activate(e->activation, z);
        if (e->slope.data) {
            const int of_input = e->activation == CK_GELU || e->activation == CK_GELU_TANH;
            ck_amx_put(e->slope, at, f16_activation_gradient(e->activation, of_input ? z : y, f16_set(1.0f)), lanes);
        }
    }
    if (e->gate == CK_GATE_FACTOR) {
        y = y * ck_amx_get(e->gate_data, at, lanes);
    } else if (e->gate == CK_GATE_OPEN) {
        y = f16_choose(ck_amx_get(e->gate_data, at, lanes) > 0.0f, y, f16_set(0.0f));
    }
    if (e->residual.data) y = y + ck_amx_get(e->residual, at, lanes);
    ck_amx_put(c, at, y, lanes);
}

// `rows` rows of a tile, which has 32 floats a row, into c from element `at` on; the first `columns` (1...32) of each.
static __attribute__((noinline)) void ck_amx_finish(const ck_epilogue *e, const float *tile, ptrdiff_t rows, ptrdiff_t columns,
                                                    ck_out c, ptrdiff_t c_row, ptrdiff_t at, ptrdiff_t column) {
    const __mmask16 left = (__mmask16)ck_mask_of_32(columns), right = (__mmask16)(ck_mask_of_32(columns) >> 16);
    const int plain = !e->bias && e->activation == CK_IDENTITY && !e->slope.data && e->gate == CK_GATE_NONE && !e->residual.data;
    for (ptrdiff_t i = 0; i < rows; i++, tile += 32, at += c_row) {
        const f16 a = f16_load(tile), b = f16_load(tile + 16);
        if (plain) {
            ck_amx_put(c, at, a, left);
            if (right) ck_amx_put(c, at + 16, b, right);
        } else {
            ck_amx_finish_16(e, a, c, at, column, left);
            if (right) ck_amx_finish_16(e, b, c, at + 16, column + 16, right);
        }
    }
}

#endif
