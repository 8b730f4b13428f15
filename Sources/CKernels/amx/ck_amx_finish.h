// Sums on their way out of a kernel on tiles: rows of an fp32 tile through the epilogue into c.
//
// This work rides in the shadow of the next tile's products (ck_amx_kernels.h), where issue slots are free but not without end: GELU has a
// shorter path for results that are rounded to bf16 anyway.

#ifndef CK_AMX_FINISH_H
#define CK_AMX_FINISH_H

#include "ck_amx_gelu.h"

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

// What an epilogue comes down to: the ones that training asks for have code of their own.
typedef enum ck_amx_way { CK_WAY_PLAIN, CK_WAY_BIAS, CK_WAY_RELU, CK_WAY_GELU, CK_WAY_GELU_SLOPE, CK_WAY_RESIDUAL, CK_WAY_FACTOR, CK_WAY_OPEN,
                           CK_WAY_ANY } ck_amx_way;

CK_INLINE int ck_amx_is_gelu(const ck_epilogue *e) { return e->activation == CK_GELU || e->activation == CK_GELU_TANH; }

static ck_amx_way ck_amx_way_of(const ck_epilogue *e, ck_dtype c) {
    const int identity = e->activation == CK_IDENTITY, slope = e->slope.data != 0, residual = e->residual.data != 0;
    if (e->gate == CK_GATE_NONE && !slope && !residual) {
        if (identity) return e->bias ? CK_WAY_BIAS : CK_WAY_PLAIN;
        if (e->activation == CK_RELU) return CK_WAY_RELU;
        if (ck_amx_is_gelu(e) && c == CK_BF16) return CK_WAY_GELU;
    }
    if (c == CK_F32) return CK_WAY_ANY;
    if (e->gate == CK_GATE_NONE && slope && !residual && ck_amx_is_gelu(e) && e->slope.type == CK_BF16) return CK_WAY_GELU_SLOPE;
    if (!identity || slope) return CK_WAY_ANY;
    if (e->gate == CK_GATE_NONE && e->residual.type == CK_BF16) return CK_WAY_RESIDUAL;
    if (residual || e->bias || e->gate_data.type != CK_BF16) return CK_WAY_ANY;
    return e->gate == CK_GATE_FACTOR ? CK_WAY_FACTOR : CK_WAY_OPEN;
}

// Anything: element `at` of c and of all that is laid out like it; `column` is that of the bias.
static __attribute__((noinline)) void ck_amx_finish_any(const ck_epilogue *e, const float *tile, ck_out c, ptrdiff_t at, ptrdiff_t column,
                                                        __mmask16 lanes) {
    f16 z = f16_load(tile);
    if (e->bias) z = z + (f16)_mm512_maskz_loadu_ps(lanes, e->bias + column);
    f16 y = z, slope;
    if (ck_amx_is_gelu(e) && c.type == CK_BF16) {
        // As on the short way: a result's bits do not depend on what else is stored.
        ck_amx_rough_gelus(1, e->activation == CK_GELU, &y, e->slope.data ? &slope : 0);
    } else {
        y = f16_activate(e->activation, z);
        if (e->slope.data) slope = f16_activation_gradient(e->activation, ck_amx_is_gelu(e) ? z : y, f16_set(1.0f));
    }
    if (e->slope.data) ck_amx_put(e->slope, at, slope, lanes);
    if (e->gate == CK_GATE_FACTOR) {
        y = y * ck_amx_get(e->gate_data, at, lanes);
    } else if (e->gate == CK_GATE_OPEN) {
        y = f16_choose(ck_amx_get(e->gate_data, at, lanes) > 0.0f, y, f16_set(0.0f));
    }
    if (e->residual.data) y = y + ck_amx_get(e->residual, at, lanes);
    ck_amx_put(c, at, y, lanes);
}

// 32 bf16 as floats, and floats as 32 bf16. Where all lanes are on, no mask is used.
CK_INLINE void ck_amx_read_32(const void *p, ptrdiff_t at, const int full, __mmask32 lanes, f16 *a, f16 *b) {
    const char *from = (const char *)p + 2 * at;
    const __m512i x = full ? _mm512_loadu_si512(from) : _mm512_maskz_loadu_epi16(lanes, from);
    *a = (f16)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(x)), 16);
    *b = (f16)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(x, 1)), 16);
}
CK_INLINE void ck_amx_write_32(void *p, ptrdiff_t at, const int full, __mmask32 lanes, f16 a, f16 b) {
    char *to = (char *)p + 2 * at;
    const __m512i x = (__m512i)_mm512_cvtne2ps_pbh((__m512)b, (__m512)a);
    if (full) _mm512_storeu_si512(to, x);
    else _mm512_mask_storeu_epi16(to, lanes, x);
}

// What way has a bias to add: 32 of them from `column` on, or negative zeros, which change nothing.
CK_INLINE int ck_amx_way_is_bare(const ck_amx_way way) { return way == CK_WAY_PLAIN || way == CK_WAY_FACTOR || way == CK_WAY_OPEN; }
CK_INLINE void ck_amx_read_bias(const ck_amx_way way, const ck_epilogue *e, ptrdiff_t column, __mmask32 lanes, f16 *a, f16 *b) {
    *a = *b = f16_set(-0.0f);
    if (ck_amx_way_is_bare(way) || !e->bias) return;
    *a = (f16)_mm512_maskz_loadu_ps((__mmask16)lanes, e->bias + column);
    *b = (f16)_mm512_maskz_loadu_ps((__mmask16)(lanes >> 16), e->bias + column + 16);
}

// The line to the right of a row's, in what is read beside it or written: its turn comes when this panel's is over. Each row of a matrix
// lies in a page of its own, so the processor does not foresee it, and a store that waits for its line holds up all that come after it.
// Results are fetched only where the panel to the right comes next (`fetches`).
CK_INLINE void ck_amx_fetch_right(const void *data, ptrdiff_t at) { _mm_prefetch((const char *)data + 2 * at + 64, _MM_HINT_T1); }

// One row of up to 32 sums, or two.
CK_INLINE void ck_amx_finish_rows(const ck_amx_way way, const int bf16, const int full, const int fetches, const int rows,
                                  const ck_epilogue *e, const float *tile, __mmask32 lanes, ck_out c, ptrdiff_t c_row, ptrdiff_t at,
                                  f16 bias_a, f16 bias_b) {
    const int count = 2 * rows;
    f16 v[4], other[4];
#define CK_EACH_ROW _Pragma("clang loop unroll(full)") for (int r = 0; r < rows; r++)
#define CK_EACH_HALF _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++)
    CK_EACH_HALF v[i] = f16_load(tile + 16 * i);
    if (way == CK_WAY_RESIDUAL || way == CK_WAY_FACTOR || way == CK_WAY_OPEN) {
        const char *beside = (const char *)(way == CK_WAY_RESIDUAL ? e->residual.data : e->gate_data.data);
        CK_EACH_ROW ck_amx_fetch_right(beside, at + r * c_row);
        CK_EACH_ROW ck_amx_read_32(beside, at + r * c_row, full, lanes, &other[2 * r], &other[2 * r + 1]);
    }
    if (!ck_amx_way_is_bare(way)) CK_EACH_HALF v[i] = v[i] + (i & 1 ? bias_b : bias_a);
    if (way == CK_WAY_RELU) {
        // The second operand is the result where one is NaN.
        CK_EACH_HALF v[i] = (f16)_mm512_max_ps(_mm512_setzero_ps(), (__m512)v[i]);
    } else if (way == CK_WAY_GELU) {
        ck_amx_rough_gelus(count, e->activation == CK_GELU, v, 0);
    } else if (way == CK_WAY_GELU_SLOPE) {
        ck_amx_rough_gelus(count, e->activation == CK_GELU, v, other);
        if (fetches) CK_EACH_ROW ck_amx_fetch_right(e->slope.data, at + r * c_row);
        CK_EACH_ROW ck_amx_write_32(e->slope.data, at + r * c_row, full, lanes, other[2 * r], other[2 * r + 1]);
    } else if (way == CK_WAY_RESIDUAL) {
        CK_EACH_HALF v[i] = v[i] + other[i];
    } else if (way == CK_WAY_FACTOR) {
        CK_EACH_HALF v[i] = v[i] * other[i];
    } else if (way == CK_WAY_OPEN) {
        CK_EACH_HALF v[i] = (f16)_mm512_maskz_mov_ps(_mm512_cmp_ps_mask((__m512)other[i], _mm512_setzero_ps(), _CMP_GT_OQ), (__m512)v[i]);
    }
    CK_EACH_ROW {
        const f16 a = v[2 * r], b = v[2 * r + 1];
        const ptrdiff_t place = at + r * c_row;
        if (bf16) {
            if (fetches) ck_amx_fetch_right(c.data, place);
            ck_amx_write_32(c.data, place, full, lanes, a, b);
        } else if (full) {
            f16_store((float *)c.data + place, a);
            f16_store((float *)c.data + place + 16, b);
        } else {
            _mm512_mask_storeu_ps((float *)c.data + place, (__mmask16)lanes, (__m512)a);
            _mm512_mask_storeu_ps((float *)c.data + place + 16, (__mmask16)(lanes >> 16), (__m512)b);
        }
    }
#undef CK_EACH_ROW
#undef CK_EACH_HALF
}

CK_INLINE void ck_amx_finish_way(const ck_amx_way way, const int bf16, const int full, const ck_epilogue *e, const float *tile,
                                 ptrdiff_t rows, __mmask32 lanes, ck_out c, ptrdiff_t c_row, ptrdiff_t at, ptrdiff_t column) {
    f16 bias_a, bias_b;
    ck_amx_read_bias(way, e, column, lanes, &bias_a, &bias_b);
    for (; rows > 1; rows -= 2, tile += 64, at += 2 * c_row) {
        ck_amx_finish_rows(way, bf16, full, 0, 2, e, tile, lanes, c, c_row, at, bias_a, bias_b);
    }
    if (rows) ck_amx_finish_rows(way, bf16, full, 0, 1, e, tile, lanes, c, c_row, at, bias_a, bias_b);
}

// `rows` rows of a tile, which has 32 floats a row, into c from element `at` on; the first `columns` (1...32) of each.
static __attribute__((noinline)) void ck_amx_finish(ck_amx_way way, const ck_epilogue *e, const float *tile, ptrdiff_t rows,
                                                    ptrdiff_t columns, ck_out c, ptrdiff_t c_row, ptrdiff_t at, ptrdiff_t column) {
    const __mmask32 lanes = ck_mask_of_32(columns);
#define CK_WAY(w, bf16)                                                                              \
    do {                                                                                             \
        if (columns >= 32) ck_amx_finish_way(w, bf16, 1, e, tile, rows, lanes, c, c_row, at, column); \
        else ck_amx_finish_way(w, bf16, 0, e, tile, rows, lanes, c, c_row, at, column);               \
        return;                                                                                      \
    } while (0)
    if (c.type == CK_BF16) {
        switch (way) {
        case CK_WAY_PLAIN: CK_WAY(CK_WAY_PLAIN, 1);
        case CK_WAY_BIAS: CK_WAY(CK_WAY_BIAS, 1);
        case CK_WAY_RELU: CK_WAY(CK_WAY_RELU, 1);
        case CK_WAY_GELU: CK_WAY(CK_WAY_GELU, 1);
        case CK_WAY_GELU_SLOPE: CK_WAY(CK_WAY_GELU_SLOPE, 1);
        case CK_WAY_RESIDUAL: CK_WAY(CK_WAY_RESIDUAL, 1);
        case CK_WAY_FACTOR: CK_WAY(CK_WAY_FACTOR, 1);
        case CK_WAY_OPEN: CK_WAY(CK_WAY_OPEN, 1);
        default: break;
        }
    } else {
        switch (way) {
        case CK_WAY_PLAIN: CK_WAY(CK_WAY_PLAIN, 0);
        case CK_WAY_BIAS: CK_WAY(CK_WAY_BIAS, 0);
        case CK_WAY_RELU: CK_WAY(CK_WAY_RELU, 0);
        default: break;
        }
    }
#undef CK_WAY
    for (ptrdiff_t i = 0; i < rows; i++, tile += 32, at += c_row) {
        ck_amx_finish_any(e, tile, c, at, column, (__mmask16)lanes);
        if (lanes >> 16) ck_amx_finish_any(e, tile + 16, c, at + 16, column + 16, (__mmask16)(lanes >> 16));
    }
}

#endif
