// Weights of tiled convolutions, packed: [panel of 32][tap][block][tile of 16][16 pairs of channels][16][2] in bf16, rounded to nearest
// even (subnormal numbers become zero, as they do in the products).

static inline ptrdiff_t ck_tiled_pass_packed(const ck_pass *p) {
    return (ck_tiled_folds(p) ? 1 : p->taps) * ck_tiled_blocks(p) * ((p->n + 15) / 16) * 1024;
}

// Sixteen pairs of rows of weights, `row` elements apart, of which `rows` and `columns` are there.
static void ck_tiled_pack_rows(const float *from, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t columns, char *to) {
    const __m512i pairs = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3,
                                           18, 2, 17, 1, 16, 0);
    const __mmask16 lanes = (__mmask16)((1u << columns) - 1);
    for (ptrdiff_t i = 0; i < 32; i += 2, to += 64) {
        const __m512 even = i < rows ? _mm512_maskz_loadu_ps(lanes, from + i * row) : _mm512_setzero_ps();
        const __m512 odd = i + 1 < rows ? _mm512_maskz_loadu_ps(lanes, from + (i + 1) * row) : _mm512_setzero_ps();
        _mm512_storeu_si512(to, _mm512_permutexvar_epi16(pairs, (__m512i)_mm512_cvtne2ps_pbh(odd, even)));
    }
}

// The same from the transpose: up to sixteen rows, each a column of the tile, of up to 32 elements.
static void ck_tiled_pack_columns(const float *from, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t columns, char *to) {
    char lines[1024] __attribute__((aligned(64)));
    const ptrdiff_t left = ck_smaller(rows, 16), right = rows > 16 ? rows - 16 : 0;
    const __mmask16 low = (__mmask16)((1u << left) - 1), high = (__mmask16)((1u << right) - 1);
    for (ptrdiff_t j = 0; j < 16; j++, from += row) {
        __m512i line = _mm512_setzero_si512();
        if (j < columns)
            line = (__m512i)_mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(high, from + 16), _mm512_maskz_loadu_ps(low, from));
        _mm512_store_si512(lines + j * 64, line);
    }
    ck_tile_from_columns(lines, 64, to);
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
    // The rows of a block are read once, for all panels.
    for (ptrdiff_t tap = 0; tap < p->taps; tap++)
        for (ptrdiff_t b = 0; b < blocks; b++)
            for (ptrdiff_t tile = 0; tile < p->n; tile += 16) {
                const ptrdiff_t panel = tile / 32 * 32, width = p->n - panel > 16 ? 2 : 1;
                char *place = to + panel / 16 * p->taps * blocks * 1024 + (tap * blocks + b) * width * 1024 + (tile - panel) * 64;
                const ptrdiff_t columns = ck_smaller(16, p->n - tile), rows = ck_smaller(32, p->k - b * 32);
                const float *from = weights + ck_pass_weight(p, 0, tap, b * 32, tile);
                if (p->y.backward) ck_tiled_pack_columns(from, p->in_channels, rows, columns, place);
                else ck_tiled_pack_rows(from, p->out_channels, rows, columns, place);
            }
}
