// The rows of an LSTM that ride in the shadow of its tile products: gates and cell of 32 units of one batch row, or their gradients.
//
// Results are rounded to bf16, so the functions have paths that are good to 2⁻¹³ of their value; the cell is kept as floats. bf16
// results that are subnormal become zero, as in all of the tiles' work.

#ifndef CK_AMX_LSTM_GATES_H
#define CK_AMX_LSTM_GATES_H

// tanh within 2⁻¹³ of itself, as (4^z − 1) / (4^z + 1) at z = v·log₂e with the numerator free of cancellation; NaN stays NaN.
CK_INLINE f16 ck_amx_rough_tanh(f16 v) {
    __m512 t = (__m512)(v * 0x1.715476p+1f);
    t = _mm512_max_ps(_mm512_set1_ps(-60.0f), _mm512_min_ps(_mm512_set1_ps(60.0f), t));
    const __m512 n = _mm512_roundscale_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const f16 r = (f16)_mm512_sub_ps(t, n), whole = (f16)_mm512_scalef_ps(_mm512_set1_ps(1.0f), n);
    f16 p = CK_MULADD(f16_set(0x1.5d87dcp-10f), r, f16_set(0x1.3cbe58p-7f));
    p = CK_MULADD(p, r, f16_set(0x1.c6b26ep-5f));
    p = CK_MULADD(p, r, f16_set(0x1.ebfa4ep-3f));
    p = CK_MULADD(p, r, f16_set(0x1.62e42ep-1f));
    const f16 less_one = CK_MULADD(p * r, whole, whole - 1.0f);
    return less_one * (f16)_mm512_rcp14_ps((__m512)(less_one + 2.0f));
}

// Everything one batch row needs; arrays of blocks hold [block, 32 rows, 16 units] floats.
typedef struct ck_amx_lstm_row {
    ptrdiff_t hidden;
    // Forward: sums of four gates, each [32, 32]; what is added to them, gates `hidden` apart; the cell.
    const float *sums, *input;
    float *cells;
    // The hidden state twice: as a of the next step, and in y.
    char *state;
    ck_out y;
    ptrdiff_t y_at;
    // [row, i f g o cell, unit] of this step, and (backward) of the step before unless null.
    ck_out saved;
    ptrdiff_t saved_at, before_at;
    // Backward: the recurrent part of dh, unless null; dy; the gradient of the cell; those of the gates as a of the step before and
    // in order of memory, and their sums.
    const float *recurrent;
    ck_in dy;
    ptrdiff_t dy_at;
    float *dcells, *bias;
    char *dstate;
    uint16_t *dgates;
} ck_amx_lstm_row;

// One block of 16 units; `half` is its place among 32.
CK_INLINE void ck_amx_lstm_forward_half(const ck_amx_lstm_row *s, ptrdiff_t n, ptrdiff_t block, ptrdiff_t rows, ptrdiff_t r) {
    const __mmask16 lanes = (__mmask16)ck_mask_of_32(n);
    const ptrdiff_t half = block & 1;
    f16 z[4];
#pragma clang loop unroll(full)
    for (int q = 0; q < 4; q++) {
        const float *input = s->input + q * s->hidden + 16 * block;
        z[q] = f16_load(s->sums + 1024 * q + 32 * r + 16 * half) + (f16)_mm512_maskz_loadu_ps(lanes, input);
    }
    const f16 i = ck_amx_rough_sigmoid(z[0]), f = ck_amx_rough_sigmoid(z[1]);
    const f16 g = ck_amx_rough_tanh(z[2]), o = ck_amx_rough_sigmoid(z[3]);
    float *const cells = s->cells + (block * 32 + r) * 16;
    const f16 cell = CK_MULADD(f, f16_load(cells), i * g);
    f16_store(cells, cell);
    const f16 h = o * ck_amx_rough_tanh(cell);
    const ptrdiff_t at = s->saved_at + 5 * (rows * 16 * block + r * n);
    ck_amx_put(s->saved, at, i, lanes);
    ck_amx_put(s->saved, at + n, f, lanes);
    ck_amx_put(s->saved, at + 2 * n, g, lanes);
    ck_amx_put(s->saved, at + 3 * n, o, lanes);
    ck_amx_put(s->saved, at + 4 * n, cell, lanes);
    const __m256i narrow = (__m256i)_mm512_cvtneps_pbh((__m512)h);
    _mm256_mask_storeu_epi16(s->state + (block / 2 * 32 + r) * 64 + 32 * half, lanes, narrow);
    if (s->y.type == CK_BF16) _mm256_mask_storeu_epi16((uint16_t *)s->y.data + s->y_at + 16 * block, lanes, narrow);
    else _mm512_mask_storeu_ps((float *)s->y.data + s->y_at + 16 * block, lanes, (__m512)h);
}

CK_INLINE void ck_amx_lstm_backward_half(const ck_amx_lstm_row *s, ptrdiff_t n, ptrdiff_t block, ptrdiff_t rows, ptrdiff_t r) {
    const __mmask16 lanes = (__mmask16)ck_mask_of_32(n);
    const ptrdiff_t half = block & 1, inside = 5 * (rows * 16 * block + r * n), at = s->saved_at + inside;
    const ck_in saved = {s->saved.data, s->saved.type};
    const f16 i = ck_amx_get(saved, at, lanes), f = ck_amx_get(saved, at + n, lanes), g = ck_amx_get(saved, at + 2 * n, lanes);
    const f16 o = ck_amx_get(saved, at + 3 * n, lanes), bent = ck_amx_rough_tanh(ck_amx_get(saved, at + 4 * n, lanes));
    f16 before = {0};
    if (s->before_at >= 0) {
        before = ck_amx_get(saved, s->before_at + inside + 4 * n, lanes);
        const char *earlier = (const char *)saved.data + (s->before_at + inside) * (saved.type == CK_F32 ? 4 : 2);
        _mm_prefetch(earlier, _MM_HINT_T1);
        _mm_prefetch(earlier + 64, _MM_HINT_T1);
        _mm_prefetch(earlier + 128, _MM_HINT_T1);
    }
    f16 dh = ck_amx_get(s->dy, s->dy_at + 16 * block, lanes);
    if (s->recurrent) dh += f16_load(s->recurrent + 32 * r + 16 * half);
    float *const dcells = s->dcells + (block * 32 + r) * 16;
    const f16 dcell = CK_MULADD(dh * o, 1.0f - bent * bent, f16_load(dcells));
    f16_store(dcells, dcell * f);
    const f16 d[4] = {dcell * g * (i * (1.0f - i)), dcell * before * (f * (1.0f - f)), dcell * i * (1.0f - g * g),
                      dh * bent * (o * (1.0f - o))};
#pragma clang loop unroll(full)
    for (int q = 0; q < 4; q++) {
        const ptrdiff_t column = q * s->hidden + 16 * block;
        float *const bias = s->bias + column;
        _mm512_mask_storeu_ps(bias, lanes, _mm512_add_ps(_mm512_maskz_loadu_ps(lanes, bias), (__m512)d[q]));
        const __m256i narrow = (__m256i)_mm512_cvtneps_pbh((__m512)d[q]);
        _mm256_mask_storeu_epi16(s->dgates + column, lanes, narrow);
        // Column c of a is element c mod 32 of step c / 32; sixteen columns may lie in two steps.
        char *const to = s->dstate + (column / 32 * 32 + r) * 64 + column % 32 * 2;
        const ptrdiff_t fits = 32 - column % 32;
        _mm256_mask_storeu_epi16(to, (__mmask16)(lanes & ck_mask_of_32(fits)), narrow);
        if (fits < n) _mm256_mask_storeu_epi16(to + 32 * 64 - 64, (__mmask16)(lanes & ~ck_mask_of_32(fits)), narrow);
    }
}

#endif
