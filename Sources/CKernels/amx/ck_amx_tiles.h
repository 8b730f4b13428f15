// What kernels on tiles share: their configuration, and the transpositions that lay operands out for them.
//
// A tile is 16 rows of 64 bytes. TDPBF16PS adds to a tile of sums [16, 16] the product of a tile of a [16, 32 k], as a row-major bf16
// matrix has it, and one of b [16 pairs of k, 16 columns], each dword holding the two k of a pair.

#ifndef CK_AMX_TILES_H
#define CK_AMX_TILES_H

enum { CK_TILE_BYTES = 1024 };

typedef struct ck_tile_shapes {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} ck_tile_shapes;

// Gives the eight tiles their rows, each of 64 bytes, and zeroes them. A kernel ends with _tile_release().
CK_INLINE void ck_tiles_configure(const uint8_t rows[8]) {
    ck_tile_shapes shapes = {.palette = 1};
    for (int t = 0; t < 8; t++) {
        shapes.row_bytes[t] = 64;
        shapes.rows[t] = rows[t];
    }
    _tile_loadconfig(&shapes);
}

// The transpose of the 16 × 16 dwords of 16 rows, `row` bytes apart. Quarters of four rows are put side by side as they are loaded,
// which costs the shuffle port nothing; what is left are transpositions of 4 × 4.
CK_INLINE void ck_transpose_dwords(const char *from, ptrdiff_t row, __m512i out[16]) {
#pragma clang loop unroll(full)
    for (int q = 0; q < 4; q++) {
        __m512i z[4];
#pragma clang loop unroll(full)
        for (int r = 0; r < 4; r++) {
            const char *p = from + r * row + q * 16;
            __m512i v = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)p));
            v = _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i *)(p + 4 * row)), 1);
            v = _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i *)(p + 8 * row)), 2);
            z[r] = _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i *)(p + 12 * row)), 3);
        }
        const __m512i a = _mm512_unpacklo_epi32(z[0], z[1]), b = _mm512_unpackhi_epi32(z[0], z[1]);
        const __m512i c = _mm512_unpacklo_epi32(z[2], z[3]), d = _mm512_unpackhi_epi32(z[2], z[3]);
        out[4 * q] = _mm512_unpacklo_epi64(a, c);
        out[4 * q + 1] = _mm512_unpackhi_epi64(a, c);
        out[4 * q + 2] = _mm512_unpacklo_epi64(b, d);
        out[4 * q + 3] = _mm512_unpackhi_epi64(b, d);
    }
}

// A tile from 16 rows of 16 dwords: row d holds dword d of each. Of a bf16 matrix b stored [N, K] this is its tile of b.
CK_INLINE void ck_tile_from_columns(const char *from, ptrdiff_t row, char *tile) {
    __m512i out[16];
    ck_transpose_dwords(from, row, out);
    for (int d = 0; d < 16; d++) _mm512_storeu_si512(tile + 64 * d, out[d]);
}

// Two tiles of a from 32 rows of 32 elements of a stored [K, M]: row i of the first holds the 32 elements of column i, row i of the
// second those of column 16 + i. Transposed as dwords (a pair of columns), even and odd rows apart, and the pairs then exchanged.
CK_INLINE void ck_tiles_of_turned(const char *from, ptrdiff_t row, char *first, char *second) {
    const __mmask32 odd = 0xAAAAAAAA;
    __m512i even_rows[16], odd_rows[16];
    ck_transpose_dwords(from, 2 * row, even_rows);
    ck_transpose_dwords(from + row, 2 * row, odd_rows);
#pragma clang loop unroll(full)
    for (int p = 0; p < 16; p++) {
        char *tile = (p < 8 ? first : second) + (p & 7) * 128;
        _mm512_storeu_si512(tile, _mm512_mask_blend_epi16(odd, even_rows[p], _mm512_slli_epi32(odd_rows[p], 16)));
        _mm512_storeu_si512(tile + 64, _mm512_mask_blend_epi16(odd, _mm512_srli_epi32(even_rows[p], 16), odd_rows[p]));
    }
}

// Two rows of 32 elements as pairs: column i of both in dword i of the first result, column 16 + i in the second.
CK_INLINE void ck_pair_rows(__m512i upper, __m512i lower, __m512i *first, __m512i *second) {
    const __m512i halves = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
    const __m512i u = _mm512_permutexvar_epi64(halves, upper), l = _mm512_permutexvar_epi64(halves, lower);
    *first = _mm512_unpacklo_epi16(u, l);
    *second = _mm512_unpackhi_epi16(u, l);
}

// The first n of 32 elements, the others zero; n may be 0 or negative. Nothing beyond is read.
CK_INLINE __mmask32 ck_mask_of_32(ptrdiff_t n) { return n >= 32 ? 0xFFFFFFFFu : n <= 0 ? 0u : (1u << n) - 1; }
CK_INLINE __m512i ck_load_some_of_32(const char *p, ptrdiff_t n) { return _mm512_maskz_loadu_epi16(ck_mask_of_32(n), p); }

// rows × columns (at most 32 × 32) elements as 32 rows of 64 bytes, padded with zeros.
CK_INLINE void ck_pad_block(const char *from, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t columns, char *to) {
    for (ptrdiff_t i = 0; i < 32; i++) {
        _mm512_storeu_si512(to + 64 * i, i < rows ? ck_load_some_of_32(from + i * row, columns) : _mm512_setzero_si512());
    }
}

#endif
