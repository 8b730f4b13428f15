// Operands in the order in which the tiles consume them: panels of 32 columns of b (or rows of a), in each one pair of tiles for every
// 32 steps of the contraction, 2 KB after 2 KB. What is beyond the matrix is zero.

#ifndef CK_AMX_PACK_H
#define CK_AMX_PACK_H

enum { CK_PAIR_BYTES = 2 * CK_TILE_BYTES };

CK_INLINE ptrdiff_t ck_amx_larger(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

// Panels, and steps of 32.
CK_INLINE ptrdiff_t ck_amx_32s(ptrdiff_t count) { return (count + 31) / 32; }

// Pairs of steps: 16 rows of 16 dwords for each tile, from 32 rows of 32 bf16.
CK_INLINE void ck_amx_pair_block(const char *from, ptrdiff_t row, char *to) {
    for (int d = 0; d < 16; d++) {
        __m512i first, second;
        ck_pair_rows(_mm512_loadu_si512(from + 2 * d * row), _mm512_loadu_si512(from + (2 * d + 1) * row), &first, &second);
        _mm512_storeu_si512(to + 64 * d, first);
        _mm512_storeu_si512(to + CK_TILE_BYTES + 64 * d, second);
    }
}

// The sums of 32 columns as they are gathered: even columns, then odd ones.
typedef struct ck_amx_sums {
    f16 even, odd;
} ck_amx_sums;
CK_INLINE void ck_amx_add_row(__m512i x, ck_amx_sums *sums) {
    sums->even += (f16)_mm512_slli_epi32(x, 16);
    sums->odd += (f16)_mm512_and_si512(x, _mm512_set1_epi32((int)0xFFFF0000u));
}
CK_INLINE void ck_amx_add_rows(const char *from, ptrdiff_t row, ck_amx_sums *sums) {
    ck_amx_sums s = *sums;
    for (int i = 0; i < 32; i++) ck_amx_add_row(_mm512_loadu_si512(from + i * row), &s);
    *sums = s;
}
CK_INLINE void ck_amx_get_sums(ck_amx_sums *sums, const float *from, ptrdiff_t columns) {
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __mmask32 lanes = ck_mask_of_32(columns);
    const __m512 low = _mm512_maskz_loadu_ps((__mmask16)lanes, from), high = _mm512_maskz_loadu_ps((__mmask16)(lanes >> 16), from + 16);
    sums->even = (f16)_mm512_permutex2var_ps(low, even, high);
    sums->odd = (f16)_mm512_permutex2var_ps(low, _mm512_add_epi32(even, _mm512_set1_epi32(1)), high);
}
CK_INLINE void ck_amx_put_sums(const ck_amx_sums *sums, float *to, ptrdiff_t columns) {
    const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    const __mmask32 lanes = ck_mask_of_32(columns);
    _mm512_mask_storeu_ps(to, (__mmask16)lanes, _mm512_permutex2var_ps((__m512)sums->even, low, (__m512)sums->odd));
    _mm512_mask_storeu_ps(to + 16, (__mmask16)(lanes >> 16), _mm512_permutex2var_ps((__m512)sums->even, high, (__m512)sums->odd));
}

// One pair of tiles of a bf16 b[k, n] at its corner `from`, of which rows × columns elements exist (at most 32 × 32 are taken).
CK_INLINE void ck_amx_pack_plain(const char *from, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t columns, char *to, ck_amx_sums *sums) {
    char padded[CK_PAIR_BYTES] __attribute__((aligned(64)));
    if (rows < 32 || columns < 32) {
        ck_pad_block(from, row, rows, columns, padded);
        from = padded;
        row = 64;
    }
    ck_amx_pair_block(from, row, to);
    if (sums) ck_amx_add_rows(from, row, sums);
}

// The same of a b stored [n, k]: `rows` counts n.
CK_INLINE void ck_amx_pack_turned(const char *from, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t columns, char *to) {
    char padded[CK_PAIR_BYTES] __attribute__((aligned(64)));
    if (rows < 32 || columns < 32) {
        ck_pad_block(from, row, rows, columns, padded);
        from = padded;
        row = 64;
    }
    ck_tile_from_columns(from, row, to);
    ck_tile_from_columns(from + 16 * row, row, to + CK_TILE_BYTES);
}

// One pair of tiles of an a stored [k, m]: rows 0...15 and 16...31 of a.
CK_INLINE void ck_amx_pack_rows(const char *from, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t columns, char *to) {
    char padded[CK_PAIR_BYTES] __attribute__((aligned(64)));
    if (rows < 32 || columns < 32) {
        ck_pad_block(from, row, rows, columns, padded);
        from = padded;
        row = 64;
    }
    ck_tiles_of_turned(from, row, to, to + CK_TILE_BYTES);
}

// `rows` rows (at most 32) of an a stored [m, k], as they are: the pairs of `steps` steps, of which `columns` elements exist. They are
// copied at once and along the rows; in between tile products the copies would push out what the tiles read.
static void ck_amx_copy_block(const char *from, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t steps, char *to) {
    const ptrdiff_t whole = ck_smaller(columns / 32, steps);
    for (ptrdiff_t i = 0; i < rows; i++, from += row) {
        for (ptrdiff_t s = 0; s < whole; s++) _mm512_store_si512(to + s * CK_PAIR_BYTES + 64 * i, _mm512_loadu_si512(from + 64 * s));
        if (whole < steps) _mm512_store_si512(to + whole * CK_PAIR_BYTES + 64 * i, ck_load_some_of_32(from + 64 * whole, columns - 32 * whole));
    }
}

#endif
