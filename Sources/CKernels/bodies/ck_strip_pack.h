// How strips (ck_strip.h) get their operands when these do not lie well: rows of a in tiles, columns of b in panels.

// One tile of a packed a: out[k][CK_TILE_ROWS], of which mr are used. mr is a constant after inlining.
CK_INLINE void ck_pack_tile(const int mr, const float *const *rows, const ptrdiff_t *steps, ptrdiff_t k, int adjacent, float *out) {
    if (adjacent) {
        const float *from = rows[0];
        for (ptrdiff_t p = 0; p < k; p++, out += CK_TILE_ROWS) memcpy(out, from + steps[p], sizeof(float) * (size_t)mr);
        return;
    }
    for (ptrdiff_t p = 0; p < k; p++, out += CK_TILE_ROWS) {
        const ptrdiff_t step = steps[p];
#pragma clang loop unroll(full)
        for (int i = 0; i < mr; i++) out[i] = rows[i][step];
    }
}

// Packs the rows that a strip of m rows reads by a_rows, in the tiles of `ck_run_panel` with two registers a row.
static void ck_pack_rows(const ck_strip *s, ptrdiff_t m, float *out) {
    const ptrdiff_t tiles = (m + CK_TILE_ROWS - 1) / CK_TILE_ROWS, height = m / tiles, taller = m % tiles;
    for (ptrdiff_t t = 0, row = 0; t < tiles; t++, out += s->k * CK_TILE_ROWS) {
        const int mr = (int)(t < taller ? height + 1 : height);
        const float *rows[CK_TILE_ROWS];
        int adjacent = 1;
        for (int i = 0; i < mr; i++, row++) {
            rows[i] = s->a + s->a_rows[row];
            adjacent &= rows[i] == rows[0] + i;
        }
        switch (mr) {
#define CK_PACK(MR, UNUSED) case MR: ck_pack_tile(MR, rows, s->steps, s->k, adjacent, out); break;
            CK_TALL(CK_PACK, 0)
#if CK_LANES == 16
            CK_TALLER(CK_PACK, 0)
#endif
#undef CK_PACK
        }
    }
}

// Packs columns of b[k][n] into panels, each [k][CK_PANEL] and padded with zeros.
static void ck_pack(const float *b, ptrdiff_t b_row, ptrdiff_t k, ptrdiff_t columns, float *out) {
    const ptrdiff_t whole = columns / CK_PANEL * CK_PANEL;
    for (ptrdiff_t p = 0; p < k; p++) {
        const float *from = b + p * b_row;
        float *to = out + p * CK_PANEL;
        for (ptrdiff_t j = 0; j < whole; j += CK_PANEL, from += CK_PANEL, to += k * CK_PANEL) {
            *(vt_any *)to = *(const vt_any *)from;
            *(vt_any *)(to + CK_LANES) = *(const vt_any *)(from + CK_LANES);
        }
        if (whole < columns)
            for (ptrdiff_t j = 0; j < CK_PANEL; j++) to[j] = whole + j < columns ? from[j] : 0.0f;
    }
}

CK_INLINE void ck_transpose_8(const float *from, ptrdiff_t from_row, float *to, ptrdiff_t to_row) {
    f8 r[8];
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) r[i] = *(const f8_any *)(from + i * from_row);
    f8_turn(r);
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) *(f8_any *)(to + i * to_row) = r[i];
}

// The same from b[n][k].
static void ck_pack_transposed(const float *b, ptrdiff_t b_row, ptrdiff_t k, ptrdiff_t columns, float *out) {
    const ptrdiff_t k8 = k / 8 * 8, columns8 = columns / 8 * 8;
    for (ptrdiff_t j = 0; j < (columns + CK_PANEL - 1) / CK_PANEL * CK_PANEL; j += 8) {
        const float *from = b + j * b_row;
        float *to = out + j / CK_PANEL * CK_PANEL * k + j % CK_PANEL;
        ptrdiff_t p = 0;
        if (j < columns8)
            for (; p < k8; p += 8) ck_transpose_8(from + p, b_row, to + p * CK_PANEL, CK_PANEL);
        for (; p < k; p++)
            for (ptrdiff_t i = 0; i < 8; i++) to[p * CK_PANEL + i] = j + i < columns ? from[i * b_row + p] : 0.0f;
    }
}
