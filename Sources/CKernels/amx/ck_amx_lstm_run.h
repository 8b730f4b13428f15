// Tile products of an LSTM: up to 32 rows that stay in the first-level cache against weights that stream from the second.
//
// Products and gates take turns. They cannot overlap: a product of tiles keeps one of the two ports of 512-bit arithmetic busy for its
// sixteen cycles, and what is bound to that port waits (128 multiply-adds beside four products take as long as one after the other).

#ifndef CK_AMX_LSTM_RUN_H
#define CK_AMX_LSTM_RUN_H

// Part of a contraction; each step of a is 32 rows of 64 bytes, each of b a pair of tiles. In each step, `lines` lines that lie `ahead`
// bytes after b's are fetched into the second-level cache: weights from beyond it arrive at half the rate where only the processor looks
// ahead, which it does within a page of two steps.
typedef struct ck_amx_lstm_part {
    const char *a, *b;
    ptrdiff_t steps;
    ptrdiff_t ahead;
    int lines;
} ck_amx_lstm_part;

// Sums that are still in the tiles, and where they go: rows `row` bytes apart. The next product stores them one by one, just before it
// needs the tile: at the end of their own they would wait for its last steps, and the next one's for them.
typedef struct ck_amx_lstm_held {
    char *to;
    ptrdiff_t row;
    int lower;
} ck_amx_lstm_held;

// Has the sums where they go. Whoever reads them, and whoever gives the tiles another shape, must ask for it.
static void ck_amx_lstm_release(ck_amx_lstm_held *h) {
    if (!h->to) return;
    _tile_stored(0, h->to, h->row);
    _tile_stored(1, h->to + 64, h->row);
    if (h->lower) _tile_stored(2, h->to + 16 * h->row, h->row);
    if (h->lower) _tile_stored(3, h->to + 16 * h->row + 64, h->row);
    h->to = 0;
}

// Tiles 0 1 over 2 3 are sums, 4 5 are b, 6 7 are a; `lower` says whether there are more than 16 rows. b is read past the first-level
// cache; what comes from beyond the second would not stay there either, so what will be read again must be `far` once. Sums start from
// `from`, rows from_row bytes apart, or from zero; then they are held for `to`, rows to_row apart.
CK_INLINE void ck_amx_lstm_multiply_rows(const int lower, const int far, const int fetches, const ck_amx_lstm_part *parts, int count,
                                         const float *from, ptrdiff_t from_row, float *to, ptrdiff_t to_row, ck_amx_lstm_held *held) {
    char *const before = held->to;
    const ptrdiff_t row = held->row;
    const char *const start = (const char *)from;
#define CK_B(tile, p)                       \
    do {                                    \
        if (far) _tile_loadd(tile, p, 64);  \
        else CK_TILE_B(tile, p);            \
    } while (0)
#define CK_BEGIN(tile, below, right)                                                              \
    do {                                                                                          \
        if (before) _tile_stored(tile, before + (below) * row + (right), row);                    \
        if (start) _tile_loadd(tile, start + (below) * from_row + (right), from_row);             \
        else _tile_zero(tile);                                                                    \
    } while (0)
#define CK_STEP(first)                                        \
    do {                                                      \
        CK_B(4, b);                                           \
        CK_TILE_A(6, a, 64);                                  \
        if (first) CK_BEGIN(0, 0, 0);                         \
        _tile_dpbf16ps(0, 6, 4);                              \
        CK_B(5, b + CK_TILE_BYTES);                           \
        if (first) CK_BEGIN(1, 0, 64);                        \
        _tile_dpbf16ps(1, 6, 5);                              \
        if (lower) {                                          \
            CK_TILE_A(7, a + CK_TILE_BYTES, 64);              \
            if (first) CK_BEGIN(2, 16, 0);                    \
            _tile_dpbf16ps(2, 7, 4);                          \
            if (first) CK_BEGIN(3, 16, 64);                   \
            _tile_dpbf16ps(3, 7, 5);                          \
        }                                                     \
        for (int i = 0; fetches && i < lines; i++)            \
            _mm_prefetch(b + ahead + 64 * i, _MM_HINT_T1);    \
        a += CK_PAIR_BYTES;                                   \
        b += CK_PAIR_BYTES;                                   \
    } while (0)
    int p = 0;
    while (p < count && parts[p].steps == 0) p++;
    if (p < count) {
        const char *a = parts[p].a, *b = parts[p].b;
        ptrdiff_t left = parts[p].steps - 1, ahead = parts[p].ahead;
        int lines = parts[p].lines;
        CK_STEP(1);
        for (;;) {
            for (; left > 0; left--) CK_STEP(0);
            if (++p >= count) break;
            a = parts[p].a;
            b = parts[p].b;
            left = parts[p].steps;
            ahead = parts[p].ahead;
            lines = parts[p].lines;
        }
    } else {
        CK_BEGIN(0, 0, 0);
        CK_BEGIN(1, 0, 64);
        if (lower) CK_BEGIN(2, 16, 0);
        if (lower) CK_BEGIN(3, 16, 64);
    }
#undef CK_STEP
#undef CK_BEGIN
#undef CK_B
    *held = (ck_amx_lstm_held){(char *)to, to_row, lower};
}

static void ck_amx_lstm_multiply(ptrdiff_t rows, const ck_amx_lstm_part *parts, int count, const float *from, ptrdiff_t from_row,
                                 float *to, ck_amx_lstm_held *held) {
    if (rows <= 16) ck_amx_lstm_multiply_rows(0, 0, 1, parts, count, from, from_row, to, CK_SUMS_ROW, held);
    else if (parts[0].lines) ck_amx_lstm_multiply_rows(1, 0, 1, parts, count, from, from_row, to, CK_SUMS_ROW, held);
    else ck_amx_lstm_multiply_rows(1, 0, 0, parts, count, from, from_row, to, CK_SUMS_ROW, held);
}

CK_INLINE void ck_amx_lstm_tiles(ptrdiff_t rows) {
    const uint8_t upper = (uint8_t)ck_smaller(rows, 16), lower = (uint8_t)(rows > 16 ? rows - 16 : 1);
    ck_tiles_configure((const uint8_t[8]){upper, upper, lower, lower, 16, 16, upper, lower});
}

// Rows of x, `row` elements apart, as a: for each 32 columns 32 rows of 64 bytes. What is beyond `columns` must be zero already.
static void ck_amx_lstm_lay_rows(ck_in x, ptrdiff_t at, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t columns, char *a) {
    for (ptrdiff_t r = 0; r < rows; r++, at += row) {
        for (ptrdiff_t j = 0; j < columns; j += 16) {
            const __mmask16 lanes = (__mmask16)ck_mask_of_32(columns - j);
            char *to = a + (j / 32 * 32 + r) * 64 + j % 32 * 2;
            if (x.type == CK_BF16) {
                const char *from = (const char *)x.data + 2 * (at + j);
                _mm256_mask_storeu_epi16(to, lanes, _mm256_maskz_loadu_epi16(lanes, from));
            } else {
                _mm256_mask_storeu_epi16(to, lanes, (__m256i)_mm512_cvtneps_pbh((__m512)ck_amx_get(x, at + j, lanes)));
            }
        }
    }
}

// Packed b[k, 4H] with the gates apart, each in panels of its own: [32 units, gate, steps].
static void ck_amx_lstm_part_gates(const char *packed, ptrdiff_t k, ptrdiff_t hidden, char *out) {
    const ptrdiff_t steps = ck_amx_32s(k), tiles = 2 * ck_amx_32s(4 * hidden);
    for (ptrdiff_t u = 0; u < ck_amx_32s(hidden); u++) {
        for (ptrdiff_t q = 0; q < 4; q++) {
            for (ptrdiff_t s = 0; s < steps; s++) {
                for (ptrdiff_t half = 0; half < 2; half++, out += CK_TILE_BYTES) {
                    const ptrdiff_t column = q * hidden + 32 * u + 16 * half, tile = column / 16, off = column % 16;
                    const char *first = packed + ((tile / 2 * steps + s) * 2 + tile % 2) * CK_TILE_BYTES;
                    const char *next = packed + (((tile + 1) / 2 * steps + s) * 2 + (tile + 1) % 2) * CK_TILE_BYTES;
                    for (ptrdiff_t d = 0; d < 16; d++) {
                        memset(out + 64 * d, 0, 64);
                        if (tile < tiles) memcpy(out + 64 * d, first + 64 * d + 4 * off, (size_t)(64 - 4 * off));
                        if (off && tile + 1 < tiles) memcpy(out + 64 * d + 64 - 4 * off, next + 64 * d, (size_t)(4 * off));
                    }
                }
            }
        }
    }
}

#endif
