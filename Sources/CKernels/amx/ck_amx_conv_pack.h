// Weights of tiled convolutions, packed: [panel of 32][tap][block][tile of 16][16 pairs of channels][16][2] in bf16, rounded to nearest
// even (subnormal numbers become zero, as they do in the products).

static inline ptrdiff_t ck_tiled_pass_packed(const ck_pass *p) {
    return (ck_tiled_folds(p) ? 1 : p->taps) * ck_tiled_blocks(p) * ((p->n + 15) / 16) * 1024;
}

enum {
    // A packed copy of this many bytes will have left the second-level cache before it is read: it is written past the caches, which
    // spares the reading of the lines it replaces.
    CK_TILED_STREAMED = 512 * 1024,
};

CK_INLINE void ck_tiled_pack_line(const int streamed, char *to, __m512i line) {
    if (streamed) _mm512_stream_si512((__m512i *)to, line);
    else _mm512_storeu_si512(to, line);
}

// Two rows of sixteen as pairs.
CK_INLINE __m512i ck_tiled_pack_pair(__m512 even, __m512 odd) {
    const __m512i pairs = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3,
                                           18, 2, 17, 1, 16, 0);
    return _mm512_permutexvar_epi16(pairs, (__m512i)_mm512_cvtne2ps_pbh(odd, even));
}

// Sixteen pairs of rows of weights, `row` elements apart, of which `rows` and `columns` are there.
static void ck_tiled_pack_rows(const float *from, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t columns, char *to) {
    const __mmask16 lanes = (__mmask16)((1u << columns) - 1);
    for (ptrdiff_t i = 0; i < 32; i += 2, to += 64) {
        const __m512 even = i < rows ? _mm512_maskz_loadu_ps(lanes, from + i * row) : _mm512_setzero_ps();
        const __m512 odd = i + 1 < rows ? _mm512_maskz_loadu_ps(lanes, from + (i + 1) * row) : _mm512_setzero_ps();
        _mm512_storeu_si512(to, ck_tiled_pack_pair(even, odd));
    }
}

// The same from the transpose: up to sixteen rows, each a column of the tile, of up to 32 elements.
CK_INLINE void ck_tiled_pack_columns(const int streamed, const float *from, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t columns, char *to) {
    char lines[1024] __attribute__((aligned(64)));
    const ptrdiff_t left = ck_smaller(rows, 16), right = rows > 16 ? rows - 16 : 0;
    const __mmask16 low = (__mmask16)((1u << left) - 1), high = (__mmask16)((1u << right) - 1);
    for (ptrdiff_t j = 0; j < 16; j++, from += row) {
        __m512i line = _mm512_setzero_si512();
        // Sixteen rows are more streams than are noticed by themselves.
        _mm_prefetch((const char *)from + 256, _MM_HINT_T0);
        _mm_prefetch((const char *)from + 320, _MM_HINT_T0);
        if (j < columns)
            line = (__m512i)_mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(high, from + 16), _mm512_maskz_loadu_ps(low, from));
        _mm512_store_si512(lines + j * 64, line);
    }
    __m512i out[16];
    ck_transpose_dwords(lines, 64, out);
    for (int d = 0; d < 16; d++) ck_tiled_pack_line(streamed, to + 64 * d, out[d]);
}

// Where the tile of columns `tile` to `tile` + 15 begins.
CK_INLINE char *ck_tiled_pack_place(const ck_pass *p, char *to, ptrdiff_t tap, ptrdiff_t b, ptrdiff_t tile) {
    const ptrdiff_t panel = tile / 32 * 32, width = p->n - panel > 16 ? 2 : 1, blocks = ck_tiled_blocks(p);
    return to + panel / 16 * p->taps * blocks * 1024 + (tap * blocks + b) * width * 1024 + (tile - panel) * 64;
}

// Weights as they lie, eight rows at a time from end to end: these are as many streams as memory serves well, and the copy's lines
// come four in a row.
CK_INLINE void ck_tiled_pack_forward(const int streamed, const ck_pass *p, const float *weights, char *to) {
    const ptrdiff_t row = p->out_channels;
    for (ptrdiff_t tap = 0; tap < p->taps; tap++)
        for (ptrdiff_t k = 0; k < p->k; k += 32) {
            const float *from = weights + ck_pass_weight(p, 0, tap, k, 0);
            const ptrdiff_t rows = ck_smaller(32, p->k - k), whole = rows == 32 ? p->n / 16 * 16 : 0;
            for (ptrdiff_t i = 0; whole && i < 32; i += 8)
                for (ptrdiff_t tile = 0; tile < whole; tile += 16) {
                    const float *eight = from + i * row + tile;
                    char *place = ck_tiled_pack_place(p, to, tap, k / 32, tile) + i * 32;
                    for (int j = 0; j < 8; j += 2, eight += 2 * row, place += 64) {
                        _mm_prefetch((const char *)(eight + 8 * row), _MM_HINT_T0);
                        _mm_prefetch((const char *)(eight + 9 * row), _MM_HINT_T0);
                        ck_tiled_pack_line(streamed, place, ck_tiled_pack_pair(_mm512_loadu_ps(eight), _mm512_loadu_ps(eight + row)));
                    }
                }
            for (ptrdiff_t tile = whole; tile < p->n; tile += 16)
                ck_tiled_pack_rows(from + tile, row, rows, ck_smaller(16, p->n - tile), ck_tiled_pack_place(p, to, tap, k / 32, tile));
        }
}

// Weights transposed: sixteen rows from end to end.
CK_INLINE void ck_tiled_pack_backward(const int streamed, const ck_pass *p, const float *weights, char *to) {
    for (ptrdiff_t tap = 0; tap < p->taps; tap++)
        for (ptrdiff_t tile = 0; tile < p->n; tile += 16)
            for (ptrdiff_t k = 0; k < p->k; k += 32)
                ck_tiled_pack_columns(streamed, weights + ck_pass_weight(p, 0, tap, k, tile), p->in_channels, ck_smaller(32, p->k - k),
                                      ck_smaller(16, p->n - tile), ck_tiled_pack_place(p, to, tap, k / 32, tile));
}
static __attribute__((noinline)) void ck_tiled_pack_near(const ck_pass *p, const float *weights, char *to) {
    if (p->y.backward) ck_tiled_pack_backward(0, p, weights, to);
    else ck_tiled_pack_forward(0, p, weights, to);
}
static __attribute__((noinline)) void ck_tiled_pack_far(const ck_pass *p, const float *weights, char *to) {
    if (p->y.backward) ck_tiled_pack_backward(1, p, weights, to);
    else ck_tiled_pack_forward(1, p, weights, to);
    _mm_sfence();
}

static void ck_tiled_pass_pack(const ck_pass *p, const float *weights, char *to) {
    const ptrdiff_t blocks = ck_tiled_blocks(p);
    if (ck_tiled_folds(p)) {
        // Element (tap, channel) of the contraction, gathered one by one: these weights are few.
        float rows[32 * 16];
        for (ptrdiff_t n = 0; n < p->n; n += 32)
            for (ptrdiff_t b = 0; b < blocks; b++)
                for (ptrdiff_t tile = n; tile < n + 32 && tile < p->n; tile += 16, to += 1024) {
                    const ptrdiff_t columns = ck_smaller(16, p->n - tile), count = ck_smaller(32, p->taps * p->k - b * 32);
                    for (ptrdiff_t i = 0; i < count; i++)
                        for (ptrdiff_t j = 0; j < columns; j++)
                            rows[i * 16 + j] = weights[ck_pass_weight(p, 0, (b * 32 + i) / p->k, (b * 32 + i) % p->k, tile + j)];
                    ck_tiled_pack_rows(rows, 16, count, columns, to);
                }
        return;
    }
    const int streamed = ck_tiled_pass_packed(p) >= CK_TILED_STREAMED && (uintptr_t)to % 64 == 0;
    (streamed ? ck_tiled_pack_far : ck_tiled_pack_near)(p, weights, to);
}
