// Weights, packed for tiles: [panel of 32 columns][step of 32 of the contraction][two tiles of 16 pairs], rounded to nearest even.

#ifndef CK_AMX_WEIGHTS_H
#define CK_AMX_WEIGHTS_H

// 32 floats as bf16, of which n exist.
CK_INLINE __m512i ck_amx_round_32(const float *p, ptrdiff_t n) {
    const __mmask32 lanes = ck_mask_of_32(n);
    const __m512 low = _mm512_maskz_loadu_ps((__mmask16)lanes, p);
    const __m512 high = _mm512_maskz_loadu_ps((__mmask16)(lanes >> 16), p + 16);
    return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

// Copies larger than what caches would keep until their use are written past them, which spares reading what is overwritten.
enum { CK_AMX_STREAMED = 1 << 19 };
CK_INLINE void ck_amx_pack_line(const int streamed, char *to, __m512i line) {
    if (streamed) _mm512_stream_si512((__m512i *)to, line);
    else _mm512_storeu_si512(to, line);
}

static ptrdiff_t ck_amx_packed_bytes(const ck_packing *p) { return ck_amx_32s(p->k) * ck_amx_32s(p->n) * CK_PAIR_BYTES; }

// Each step reads 32 rows along, which is the order of memory for weights as they are; packed panels are written in turn.
CK_INLINE void ck_amx_pack_weights_plain(const int streamed, const ck_packing *w, const float *weights, char *packed) {
    const ptrdiff_t steps = ck_amx_32s(w->k), panels = ck_amx_32s(w->n), n = w->n;
    for (ptrdiff_t s = w->first / 32; 32 * s < w->end; s++) {
        const ptrdiff_t rows = ck_smaller(32, w->k - 32 * s);
        for (ptrdiff_t p = 0; p < panels; p++) {
            const float *from = weights + 32 * s * n + 32 * p;
            const ptrdiff_t columns = n - 32 * p;
            char *to = packed + (p * steps + s) * CK_PAIR_BYTES;
            for (ptrdiff_t d = 0; d < 16; d++) {
                const __m512i upper = 2 * d < rows ? ck_amx_round_32(from + 2 * d * n, columns) : _mm512_setzero_si512();
                const __m512i lower = 2 * d + 1 < rows ? ck_amx_round_32(from + (2 * d + 1) * n, columns) : _mm512_setzero_si512();
                __m512i first, second;
                ck_pair_rows(upper, lower, &first, &second);
                ck_amx_pack_line(streamed, to + 64 * d, first);
                ck_amx_pack_line(streamed, to + CK_TILE_BYTES + 64 * d, second);
            }
        }
    }
}

// Stored [n, k]: 32 rows are rounded, then transposed by pairs.
CK_INLINE void ck_amx_pack_weights_across(const int streamed, const ck_packing *w, const float *weights, char *packed) {
    const ptrdiff_t steps = ck_amx_32s(w->k), k = w->k;
    char rounded[CK_PAIR_BYTES] __attribute__((aligned(64)));
    for (ptrdiff_t p = w->first / 32; 32 * p < w->end; p++) {
        const ptrdiff_t rows = w->n - 32 * p;
        char *to = packed + p * steps * CK_PAIR_BYTES;
        for (ptrdiff_t s = 0; s < steps; s++, to += CK_PAIR_BYTES) {
            const float *from = weights + 32 * p * k + 32 * s;
            for (ptrdiff_t i = 0; i < 32; i++) {
                _mm512_store_si512(rounded + 64 * i, i < rows ? ck_amx_round_32(from + i * k, k - 32 * s) : _mm512_setzero_si512());
            }
            for (int half = 0; half < 2; half++) {
                __m512i out[16];
                ck_transpose_dwords(rounded + half * CK_TILE_BYTES, 64, out);
                for (int d = 0; d < 16; d++) ck_amx_pack_line(streamed, to + half * CK_TILE_BYTES + 64 * d, out[d]);
            }
        }
    }
}

CK_INLINE void ck_amx_pack_weights_as(const int streamed, const ck_packing *w, const float *weights, char *packed) {
    if (w->transposed) ck_amx_pack_weights_across(streamed, w, weights, packed);
    else ck_amx_pack_weights_plain(streamed, w, weights, packed);
}

static void ck_amx_pack(const ck_packing *w, const float *weights, void *packed) {
    if (ck_amx_packed_bytes(w) > CK_AMX_STREAMED && (uintptr_t)packed % 64 == 0) {
        ck_amx_pack_weights_as(1, w, weights, packed);
        _mm_sfence();
    } else {
        ck_amx_pack_weights_as(0, w, weights, packed);
    }
}

// All of b[k, n] as it lies, or as its transpose lies.
static void ck_amx_pack_weights(const float *weights, ptrdiff_t k, ptrdiff_t n, char *packed) {
    const ck_packing w = {.k = k, .n = n, .type = CK_BF16, .end = k};
    ck_amx_pack(&w, weights, packed);
}
static void ck_amx_pack_weights_turned(const float *weights, ptrdiff_t k, ptrdiff_t n, char *packed) {
    const ck_packing w = {.k = k, .n = n, .transposed = 1, .type = CK_BF16, .end = n};
    ck_amx_pack(&w, weights, packed);
}

#endif
