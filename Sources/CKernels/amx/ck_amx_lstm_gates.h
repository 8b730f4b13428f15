// What an LSTM on tiles does between its products, for 32 units (or the last ones) at one time step, all rows: gates, cell and state
// forward, and their gradients backward.
//
// Results are rounded to bf16, so the functions have paths that are good to 2⁻¹³ of their value; the cell is kept as floats. bf16
// results that are subnormal become zero, as in all of the tiles' work. Several vectors go through each stage together, because a
// function of one would wait for itself.

#ifndef CK_AMX_LSTM_GATES_H
#define CK_AMX_LSTM_GATES_H

enum {
    // Vectors that go through the functions together, and rows of them.
    CK_AMX_LSTM_VECTORS = 4,
};

#define CK_STAGE(...)                  \
    _Pragma("clang loop unroll(full)") \
    for (int j = 0; j < count; j++) { __VA_ARGS__; }

// 1/(1 + 2^t), with 2^t within 2^-18.6 of itself. NaN stays NaN.
CK_INLINE f16 ck_amx_below_one(f16 t) {
    const f16 f = (f16)_mm512_reduce_ps((__m512)t, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    f16 p = CK_MULADD(f16_set(0x1.bb7cd4p-7f), f, f16_set(0x1.aa13f0p-5f));
    p = CK_MULADD(p, f, f16_set(0x1.ee798ap-3f));
    p = CK_MULADD(p, f, f16_set(0x1.62d166p-1f));
    p = CK_MULADD(p, f, f16_set(0x1.00002cp+0f));
    // The power takes the whole part of t, however large.
    return (f16)_mm512_rcp14_ps(_mm512_add_ps(_mm512_scalef_ps((__m512)p, (__m512)t), _mm512_set1_ps(1.0f)));
}

// 1/(1 + 2^t), within 2⁻¹³ of itself; NaN stays NaN. `v` holds t.
CK_INLINE void ck_amx_lstm_sigmoids(const int count, f16 *v) {
    CK_STAGE(v[j] = ck_amx_below_one(v[j]))
}

// tanh within 2⁻¹³ of itself, as (4^z − 1) / (4^z + 1) at z = v·log₂e with the numerator free of cancellation; NaN stays NaN.
CK_INLINE void ck_amx_lstm_tanhs(const int count, f16 *v) {
    f16 t[CK_AMX_LSTM_VECTORS], n[CK_AMX_LSTM_VECTORS], p[CK_AMX_LSTM_VECTORS];
    CK_STAGE(t[j] = v[j] * 0x1.715476p+1f)
    CK_STAGE(t[j] = (f16)_mm512_max_ps(_mm512_set1_ps(-60.0f), _mm512_min_ps(_mm512_set1_ps(60.0f), (__m512)t[j])))
    CK_STAGE(n[j] = (f16)_mm512_roundscale_ps((__m512)t[j], _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC))
    CK_STAGE(t[j] -= n[j]; n[j] = (f16)_mm512_scalef_ps(_mm512_set1_ps(1.0f), (__m512)n[j]))
    CK_STAGE(p[j] = CK_MULADD(f16_set(0x1.5d87dcp-10f), t[j], f16_set(0x1.3cbe58p-7f)))
    CK_STAGE(p[j] = CK_MULADD(p[j], t[j], f16_set(0x1.c6b26ep-5f)))
    CK_STAGE(p[j] = CK_MULADD(p[j], t[j], f16_set(0x1.ebfa4ep-3f)))
    CK_STAGE(p[j] = CK_MULADD(p[j], t[j], f16_set(0x1.62e42ep-1f)))
    CK_STAGE(p[j] = CK_MULADD(p[j] * t[j], n[j], n[j] - 1.0f))
    CK_STAGE(v[j] = p[j] * (f16)_mm512_rcp14_ps((__m512)(p[j] + 2.0f)))
}

// One or two vectors of a row, adjacent in memory.
CK_INLINE void ck_amx_lstm_put(const int halves, ck_out y, ptrdiff_t at, const f16 *v, __mmask16 lanes) {
    if (halves == 2 && y.type == CK_BF16)
        _mm512_storeu_si512((uint16_t *)y.data + at, (__m512i)_mm512_cvtne2ps_pbh((__m512)v[1], (__m512)v[0]));
    else if (halves == 2) f16_store((float *)y.data + at, v[0]), f16_store((float *)y.data + at + 16, v[1]);
    else ck_amx_put(y, at, v[0], lanes);
}

// One item: units from 16·block on. Arrays of blocks hold [block, 32 rows, 16 units] floats; saved is [block, row, i f g o cell, unit].
typedef struct ck_amx_lstm_item {
    ptrdiff_t rows, hidden, block;
    // Sums of four gates (backward: of dh, unless null), each [32, 32].
    const float *sums;
    // Row r of y, or of its gradient, begins at y_at + r·y_row.
    ptrdiff_t y_at, y_row;
    // Elements at which this step begins in saved, and the step before unless −1.
    ck_out saved;
    ptrdiff_t saved_at, before_at;
    // Forward: biases as the functions take them; the cell; what is fed back, as a of the next step.
    const float *bias;
    float *cells;
    char *state;
    ck_out y;
    // What is fetched for the step after this: a line of every row.
    const char *fetch;
    ptrdiff_t fetch_row;
    // Backward: the gradients of the state and the cell; those of the gates, as a of the step before, and their sums.
    ck_in dy;
    float *dcells, *dbias;
    char *dgates;
} ck_amx_lstm_item;

// `rows` rows of `halves` vectors of n units; constants after inlining but for the last, narrow one.
CK_INLINE void ck_amx_lstm_forward_bite(const int rows, const int halves, const ptrdiff_t n, const int bf16, const ck_amx_lstm_item *s,
                                        ptrdiff_t r) {
    const int count = rows * halves;
    const __mmask16 lanes = (__mmask16)ck_mask_of_32(n);
    const ck_out saved = {s->saved.data, bf16 ? CK_BF16 : s->saved.type}, y = {s->y.data, bf16 ? CK_BF16 : s->y.type};
    f16 v[4][CK_AMX_LSTM_VECTORS], cell[CK_AMX_LSTM_VECTORS], h[CK_AMX_LSTM_VECTORS];
    const ptrdiff_t half = halves == 2 ? 0 : s->block & 1;
    float *const cells = s->cells + 512 * s->block + 16 * r;
#pragma clang loop unroll(full)
    for (int q = 0; q < 4; q++) {
        const float *sums = s->sums + 1024 * q + 32 * r + 16 * half, *bias = s->bias + q * s->hidden + 16 * s->block;
        f16 *const z = v[q];
        f16 b[2];
#pragma clang loop unroll(full)
        for (int i = 0; i < halves; i++) b[i] = (f16)_mm512_maskz_loadu_ps(lanes, bias + 16 * i);
        if (q == 2) CK_STAGE(z[j] = f16_load(sums + j / halves * 32 + j % halves * 16) + b[j % halves])
        else CK_STAGE(z[j] = CK_MULADD(f16_load(sums + j / halves * 32 + j % halves * 16), f16_set(-0x1.715476p+0f), b[j % halves]))
        if (q == 2) ck_amx_lstm_tanhs(count, z);
        else ck_amx_lstm_sigmoids(count, z);
    }
    CK_STAGE(cell[j] = CK_MULADD(v[1][j], f16_load(cells + j % halves * 512 + j / halves * 16), v[0][j] * v[2][j]))
    CK_STAGE(f16_store(cells + j % halves * 512 + j / halves * 16, cell[j]); h[j] = cell[j])
    ck_amx_lstm_tanhs(count, h);
    CK_STAGE(h[j] *= v[3][j])
    CK_STAGE({
        const ptrdiff_t at = s->saved_at + 5 * (s->rows * 16 * (s->block + j % halves) + (r + j / halves) * n);
        if (n == 16) {
            ck_amx_lstm_put(2, saved, at, (f16[]){v[0][j], v[1][j]}, lanes);
            ck_amx_lstm_put(2, saved, at + 32, (f16[]){v[2][j], v[3][j]}, lanes);
        } else {
            ck_amx_put(saved, at, v[0][j], lanes);
            ck_amx_put(saved, at + n, v[1][j], lanes);
            ck_amx_put(saved, at + 2 * n, v[2][j], lanes);
            ck_amx_put(saved, at + 3 * n, v[3][j], lanes);
        }
        ck_amx_put(saved, at + 4 * n, cell[j], lanes);
    })
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
        char *const to = s->state + (s->block / 2 * 32 + r + i) * 64 + 32 * half;
        ck_amx_lstm_put(halves, (ck_out){to, CK_BF16}, 0, h + i * halves, lanes);
        ck_amx_lstm_put(halves, y, s->y_at + (r + i) * s->y_row + 16 * s->block, h + i * halves, lanes);
        _mm_prefetch(s->fetch + (r + i) * s->fetch_row, _MM_HINT_T1);
        // A store that waits for its line holds up all others.
        __builtin_prefetch((char *)y.data + (s->y_at + (r + i) * s->y_row + s->hidden + 16 * s->block) * (y.type == CK_F32 ? 4 : 2), 1, 2);
    }
}

CK_INLINE void ck_amx_lstm_forward_rows(const int halves, const ptrdiff_t n, const int bf16, const ck_amx_lstm_item *s) {
    ptrdiff_t r = 0;
    for (; r + CK_AMX_LSTM_VECTORS / halves <= s->rows; r += CK_AMX_LSTM_VECTORS / halves)
        ck_amx_lstm_forward_bite(CK_AMX_LSTM_VECTORS / halves, halves, n, bf16, s, r);
    for (; r < s->rows; r++) ck_amx_lstm_forward_bite(1, halves, n, bf16, s, r);
}

// Sums of the gates' gradients over the rows; `sums` is [4 gates, 2 halves].
CK_INLINE void ck_amx_lstm_backward_bite(const int rows, const int halves, const ptrdiff_t n, const int bf16, const int recurrent,
                                         const int before, const ck_amx_lstm_item *s, ptrdiff_t r, f16 *sums) {
    const int count = rows * halves;
    const __mmask16 lanes = (__mmask16)ck_mask_of_32(n);
    const ck_in saved = {s->saved.data, bf16 ? CK_BF16 : s->saved.type}, dy = {s->dy.data, bf16 ? CK_BF16 : s->dy.type};
    const ptrdiff_t half = halves == 2 ? 0 : s->block & 1;
    float *const dcells = s->dcells + 512 * s->block + 16 * r;
    ptrdiff_t inside[CK_AMX_LSTM_VECTORS];
    f16 bent[CK_AMX_LSTM_VECTORS], d[4][CK_AMX_LSTM_VECTORS];
    CK_STAGE(inside[j] = 5 * (s->rows * 16 * (s->block + j % halves) + (r + j / halves) * n))
    CK_STAGE(bent[j] = ck_amx_get(saved, s->saved_at + inside[j] + 4 * n, lanes))
    ck_amx_lstm_tanhs(count, bent);
    CK_STAGE({
        const ptrdiff_t at = s->saved_at + inside[j];
        const f16 i = ck_amx_get(saved, at, lanes), f = ck_amx_get(saved, at + n, lanes);
        const f16 g = ck_amx_get(saved, at + 2 * n, lanes), o = ck_amx_get(saved, at + 3 * n, lanes);
        f16 dh = ck_amx_get(dy, s->y_at + (r + j / halves) * s->y_row + 16 * (s->block + j % halves), lanes);
        if (recurrent) dh += f16_load(s->sums + 32 * (r + j / halves) + 16 * (half + j % halves));
        float *const carried = dcells + j % halves * 512 + j / halves * 16;
        const f16 slope = CK_MULADD(-bent[j], bent[j], f16_set(1.0f)), out = dh * o;
        const f16 dcell = CK_MULADD(out, slope, f16_load(carried));
        const f16 into = dcell * i;
        f16_store(carried, dcell * f);
        // i·(1 − i) and its like as v − v².
        d[0][j] = into * CK_MULADD(-i, g, g);
        d[1][j] = f16_set(0.0f);
        if (before) {
            const f16 old = ck_amx_get(saved, s->before_at + inside[j] + 4 * n, lanes);
            d[1][j] = dcell * old * CK_MULADD(-f, f, f);
            const char *earlier = (const char *)saved.data + (s->before_at + inside[j]) * (saved.type == CK_F32 ? 4 : 2);
            _mm_prefetch(earlier, _MM_HINT_T1);
            _mm_prefetch(earlier + 64, _MM_HINT_T1);
        }
        d[2][j] = into * CK_MULADD(-g, g, f16_set(1.0f));
        d[3][j] = out * bent[j] * (1.0f - o);
    })
#pragma clang loop unroll(full)
    for (int q = 0; q < 4; q++) {
        CK_STAGE(sums[2 * q + j % halves] += d[q][j])
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            // Column c of a is element c mod 32 of step c / 32; sixteen columns may lie in two steps.
            const ptrdiff_t column = q * s->hidden + 16 * s->block, fits = 32 - column % 32;
            char *const to = s->dgates + (column / 32 * 32 + r + i) * 64 + column % 32 * 2;
            if (halves == 2) {
                ck_amx_lstm_put(2, (ck_out){to, CK_BF16}, 0, d[q] + 2 * i, lanes);
            } else {
                const __m256i narrow = (__m256i)_mm512_cvtneps_pbh((__m512)d[q][i]);
                _mm256_mask_storeu_epi16(to, (__mmask16)(lanes & ck_mask_of_32(fits)), narrow);
                if (fits < n) _mm256_mask_storeu_epi16(to + 32 * 64 - 64, (__mmask16)(lanes & ~ck_mask_of_32(fits)), narrow);
            }
        }
    }
    if (!before) return;
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
        const ptrdiff_t at = s->y_at + (r + i) * s->y_row - s->hidden + 16 * s->block;
        _mm_prefetch((const char *)dy.data + at * (dy.type == CK_F32 ? 4 : 2), _MM_HINT_T1);
    }
}

CK_INLINE void ck_amx_lstm_backward_rows(const int halves, const ptrdiff_t n, const int bf16, const int recurrent, const int before,
                                         const ck_amx_lstm_item *s) {
    const __mmask16 lanes = (__mmask16)ck_mask_of_32(n);
    f16 sums[8];
    for (int q = 0; q < 4; q++)
        for (int i = 0; i < halves; i++)
            sums[2 * q + i] = (f16)_mm512_maskz_loadu_ps(lanes, s->dbias + q * s->hidden + 16 * (s->block + i));
    ptrdiff_t r = 0;
    for (; r + CK_AMX_LSTM_VECTORS / halves <= s->rows; r += CK_AMX_LSTM_VECTORS / halves)
        ck_amx_lstm_backward_bite(CK_AMX_LSTM_VECTORS / halves, halves, n, bf16, recurrent, before, s, r, sums);
    for (; r < s->rows; r++) ck_amx_lstm_backward_bite(1, halves, n, bf16, recurrent, before, s, r, sums);
    for (int q = 0; q < 4; q++)
        for (int i = 0; i < halves; i++)
            _mm512_mask_storeu_ps(s->dbias + q * s->hidden + 16 * (s->block + i), lanes, (__m512)sums[2 * q + i]);
}
#undef CK_STAGE

// 32 units whose gates lie at multiples of 32 are two vectors at a time; else sixteen, or what is left, go by themselves.
static __attribute__((noinline)) void ck_amx_lstm_forward_item(ck_amx_lstm_item *s) {
    if (s->hidden - 16 * s->block >= 32) {
        if (s->saved.type == CK_BF16 && s->y.type == CK_BF16) ck_amx_lstm_forward_rows(2, 16, 1, s);
        else ck_amx_lstm_forward_rows(2, 16, 0, s);
        return;
    }
    for (const ptrdiff_t end = s->block + 2; s->block < end && 16 * s->block < s->hidden; s->block++) {
        const ptrdiff_t n = ck_smaller(16, s->hidden - 16 * s->block);
        ck_amx_lstm_forward_rows(1, n, 0, s);
    }
}

static __attribute__((noinline)) void ck_amx_lstm_backward_item(ck_amx_lstm_item *s) {
    const ptrdiff_t left = s->hidden - 16 * s->block;
    if (left >= 32 && s->hidden % 32 == 0 && s->saved.type == CK_BF16 && s->dy.type == CK_BF16 && s->sums && s->before_at >= 0) {
        ck_amx_lstm_backward_rows(2, 16, 1, 1, 1, s);
        return;
    }
    for (const ptrdiff_t end = s->block + 2; s->block < end && 16 * s->block < s->hidden; s->block++) {
        const ptrdiff_t n = ck_smaller(16, s->hidden - 16 * s->block);
        ck_amx_lstm_backward_rows(1, n, 0, s->sums != 0, s->before_at >= 0, s);
    }
}

#endif
