// Matrix products by register tiles.
//
// A tile of c (a few rows × a few registers) is held in registers while k runs: c[i, :] += a(i, k) · b[k, :]. Element (i, k) of a is
// read as rows[i][steps[k]], so that one micro-kernel serves a plain and a transposed a, a packed a, and the overlapping patches of a
// convolution, which are never written out. Every element of c is one chain of multiply-adds in ascending k, whatever the tile.

// What a strip of tiles shares. Row i of a starts at a + (a_rows ? a_rows[i] : i·a_row); in a packed a the rows of a tile are a_row
// apart and tiles a_tile, else a_tile is 0.
typedef struct ck_strip {
    const float *a;
    ptrdiff_t a_row, a_tile;
    const ptrdiff_t *a_rows;
    const ptrdiff_t *steps;
    ptrdiff_t k;
    // Row k of b starts at b + k·b_row; its third and fourth registers lie b_pair further than the first and second.
    const float *b;
    ptrdiff_t b_row, b_pair;
    float *c;
    ptrdiff_t c_row;
    // The chain starts from c if `load`, plus bias if there is one; else from 0.
    const float *bias;
    int load, relu;
    // Lanes of the last register that belong to c.
    ptrdiff_t tail;
} ck_strip;

#if CK_LANES == 16
// Of 32 registers 16 hold sums: enough to hide the latency of two multipliers, and the compiler can load every factor early.
#define CK_TILE_ROWS 8
#else
#define CK_TILE_ROWS 6
#endif
#define CK_PANEL (2 * CK_LANES)

// `tiles` tiles of mr rows and nv registers, one below the other, from `row` and tile `first` on. mr, nv and partial are constants
// after inlining.
CK_INLINE void ck_strip_body(const int mr, const int nv, const int partial, const ck_strip *s, ptrdiff_t row, ptrdiff_t first,
                             ptrdiff_t tiles) {
    // Without masks a partial panel of b is packed and padded with zeros, so it can be read whole.
    const int masked = partial && CK_MASKS != 0;
    // Copies, because a store to c might change *s as far as the compiler knows.
    const ptrdiff_t k = s->k, b_row = s->b_row, b_pair = s->b_pair, tail = s->tail, a_row = s->a_row, c_row = s->c_row;
    const ptrdiff_t a_tile = s->a_tile ? s->a_tile : s->a_rows ? 0 : mr * a_row;
    const ptrdiff_t *const steps = s->steps, *a_rows = s->a_rows ? s->a_rows + row : 0;
    const float *a = s->a + (s->a_tile ? first * a_tile : s->a_rows ? 0 : row * a_row), *const first_line = s->b;
    const int load = s->load, relu = s->relu;
    float *c = s->c + row * c_row;
    vt start[4];
    for (int j = 0; j < nv; j++) {
        start[j] = (vt){0};
        if (s->bias) {
            const float *from = s->bias + j * CK_LANES;
            start[j] = partial && j == nv - 1 ? vt_load_some(from, tail) : *(const vt_any *)from;
        }
    }
    for (; tiles > 0; tiles--, a += a_tile, c += mr * c_row) {
        const float *rows[CK_TILE_ROWS];
        vt sum[CK_TILE_ROWS][4];
        if (a_rows) {
#pragma clang loop unroll(full)
            for (int i = 0; i < mr; i++) rows[i] = a + *a_rows++;
        } else {
#pragma clang loop unroll(full)
            for (int i = 0; i < mr; i++) rows[i] = a + i * a_row;
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
            for (int j = 0; j < nv; j++) sum[i][j] = start[j];
        if (load) {
#pragma clang loop unroll(full)
            for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
                for (int j = 0; j < nv; j++) {
                    const float *from = c + i * c_row + j * CK_LANES;
                    sum[i][j] += partial && j == nv - 1 ? vt_load_some(from, tail) : *(const vt_any *)from;
                }
        }
        const float *b = first_line;
        for (ptrdiff_t p = 0; p < k; p++, b += b_row) {
            const ptrdiff_t step = steps[p];
            vt line[4];
#pragma clang loop unroll(full)
            for (int j = 0; j < nv; j++) {
                const float *from = b + (j >> 1) * b_pair + (j & 1) * CK_LANES;
                line[j] = masked && j == nv - 1 ? vt_load_some(from, tail) : *(const vt_any *)from;
            }
#pragma clang loop unroll(full)
            for (int i = 0; i < mr; i++) {
                const vt factor = vt_set(rows[i][step]);
#pragma clang loop unroll(full)
                for (int j = 0; j < nv; j++) sum[i][j] = CK_MULADD(factor, line[j], sum[i][j]);
            }
        }
        if (relu) {
#pragma clang loop unroll(full)
            for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
                for (int j = 0; j < nv; j++) sum[i][j] = (vt)((vti)sum[i][j] & ~(sum[i][j] < 0.0f));
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
            for (int j = 0; j < nv; j++) {
                float *to = c + i * c_row + j * CK_LANES;
                if (partial && j == nv - 1) vt_store_some(to, sum[i][j], tail);
                else *(vt_any *)to = sum[i][j];
            }
    }
}

#define CK_STRIP(MR, NV, PARTIAL)                                                                                              \
    static __attribute__((noinline)) void ck_strip_##MR##_##NV##_##PARTIAL(const ck_strip *s, ptrdiff_t row, ptrdiff_t first,  \
                                                                           ptrdiff_t tiles) {                                  \
        ck_strip_body(MR, NV, PARTIAL, s, row, first, tiles);                                                                  \
    }
#define CK_STRIPS(MR, NV) CK_STRIP(MR, NV, 0) CK_STRIP(MR, NV, 1)
#define CK_TALL(X, NV) X(1, NV) X(2, NV) X(3, NV) X(4, NV) X(5, NV) X(6, NV)
#define CK_TALLER(X, NV) X(7, NV) X(8, NV)
#define CK_SHORT(X, NV) X(1, NV) X(2, NV) X(3, NV)
#define CK_NAMES(MR, NV) {ck_strip_##MR##_##NV##_0, ck_strip_##MR##_##NV##_1},

typedef void (*ck_strip_function)(const ck_strip *, ptrdiff_t, ptrdiff_t, ptrdiff_t);

// Indexed by [rows − 1][partial]; one table for each number of registers a tile is wide.
CK_TALL(CK_STRIPS, 1)
CK_TALL(CK_STRIPS, 2)
#if CK_LANES == 16
CK_TALLER(CK_STRIPS, 1)
CK_TALLER(CK_STRIPS, 2)
CK_SHORT(CK_STRIPS, 4)
CK_STRIPS(4, 4)
static const ck_strip_function ck_strips_1[8][2] = {CK_TALL(CK_NAMES, 1) CK_TALLER(CK_NAMES, 1)};
static const ck_strip_function ck_strips_2[8][2] = {CK_TALL(CK_NAMES, 2) CK_TALLER(CK_NAMES, 2)};
static const ck_strip_function ck_strips_4[4][2] = {CK_SHORT(CK_NAMES, 4) CK_NAMES(4, 4)};
#else
CK_SHORT(CK_STRIPS, 4)
static const ck_strip_function ck_strips_1[6][2] = {CK_TALL(CK_NAMES, 1)};
static const ck_strip_function ck_strips_2[6][2] = {CK_TALL(CK_NAMES, 2)};
static const ck_strip_function ck_strips_4[3][2] = {CK_SHORT(CK_NAMES, 4)};
#endif

// All m rows of one panel, in tiles whose heights differ by at most one: 32 rows are 6,6,5,5,5,5, not 6,6,6,6,6,2.
CK_INLINE void ck_run_panel(const ck_strip *s, ptrdiff_t m, int registers, int partial) {
    const ck_strip_function(*table)[2] = registers == 4 ? ck_strips_4 : registers == 2 ? ck_strips_2 : ck_strips_1;
    const ptrdiff_t tallest = registers == 4 ? CK_TILE_ROWS / 2 : CK_TILE_ROWS;
    const ptrdiff_t tiles = (m + tallest - 1) / tallest, height = m / tiles, taller = m % tiles;
    if (taller > 0) table[height][partial](s, 0, 0, taller);
    table[height - 1][partial](s, taller * (height + 1), taller, tiles - taller);
}

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

// Packs the rows that a strip of m rows reads, in the tiles of `ck_run_panel` with two registers a row.
static void ck_pack_rows(const ck_strip *s, ptrdiff_t m, float *out) {
    const ptrdiff_t tiles = (m + CK_TILE_ROWS - 1) / CK_TILE_ROWS, height = m / tiles, taller = m % tiles;
    for (ptrdiff_t t = 0, row = 0; t < tiles; t++, out += s->k * CK_TILE_ROWS) {
        const int mr = (int)(t < taller ? height + 1 : height);
        const float *rows[CK_TILE_ROWS];
        int adjacent = 1;
        for (int i = 0; i < mr; i++, row++) {
            rows[i] = s->a + (s->a_rows ? s->a_rows[row] : row * s->a_row);
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

// How wide the next panel is when `rest` columns are left and m rows share it: few rows need more registers a row to keep the
// multipliers busy.
CK_INLINE int ck_panel_registers(ptrdiff_t rest, ptrdiff_t m) {
    if (m <= CK_TILE_ROWS / 2 && rest > 3 * CK_LANES) return 4;
    return rest > CK_LANES ? 2 : 1;
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
    f8 r[8], s[8];
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) r[i] = *(const f8_any *)(from + i * from_row);
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i += 2) {
        s[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        s[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i += 4) {
        r[i] = __builtin_shufflevector(s[i], s[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        r[i + 1] = __builtin_shufflevector(s[i], s[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        r[i + 2] = __builtin_shufflevector(s[i + 1], s[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
        r[i + 3] = __builtin_shufflevector(s[i + 1], s[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
        *(f8_any *)(to + i * to_row) = __builtin_shufflevector(r[i], r[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        *(f8_any *)(to + (i + 4) * to_row) = __builtin_shufflevector(r[i], r[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
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

// One operand pair: element (i, p) of a is a[(a_rows ? a_rows[i] : i·a_row) + (steps ? steps[p] : p·step)]; b is [k, n] with rows
// b_row apart, or [n, k] if b_transposed.
typedef struct ck_product {
    ptrdiff_t m, n, k;
    const float *a;
    ptrdiff_t a_row, step;
    const ptrdiff_t *a_rows, *steps;
    const float *b;
    ptrdiff_t b_row;
    int b_transposed;
    const float *bias;
    int load, relu;
    float *c;
} ck_product;

// c[m, n] with dense rows.
static void ck_multiply_matrices(const ck_product *g, float *workspace) {
    ptrdiff_t offsets[CK_STEP_BLOCK], packed_offsets[CK_STEP_BLOCK];
    const ptrdiff_t deepest = ck_smaller(g->k, CK_STEP_BLOCK);
    float *const packed = ck_take(&workspace, deepest * CK_PACKED_COLUMNS);
    float *const tiles = ck_take(&workspace, deepest * (ck_smaller(g->m, CK_ROW_BLOCK) + CK_TALLEST_TILE));
    if (!g->steps)
        for (ptrdiff_t p = 0; p < deepest; p++) offsets[p] = p * g->step;
    // Long strides fall on few sets of the caches: of the first level along a column of a, of the second across many rows of it.
    // Packing costs a pass over a, which several panels of b must pay for.
    const int along_columns = g->steps || g->step != 1;
    const int packs_rows = along_columns ? deepest > 64 && g->n > 2 * CK_PANEL && g->m > CK_TILE_ROWS : g->m >= 192 && g->n >= 384;
    if (packs_rows)
        for (ptrdiff_t p = 0; p < deepest; p++) packed_offsets[p] = p * CK_TILE_ROWS;
    for (ptrdiff_t i = 0; i < g->m; i += CK_ROW_BLOCK) {
        const ptrdiff_t rows = ck_smaller(g->m - i, CK_ROW_BLOCK);
        // At least one round, so that an empty sum still stores the bias.
        for (ptrdiff_t p = 0; p == 0 || p < g->k; p += CK_STEP_BLOCK) {
            const ptrdiff_t steps = ck_smaller(g->k - p, CK_STEP_BLOCK);
            ck_strip s = {
                .a = g->a + (g->a_rows ? 0 : i * g->a_row) + (g->steps ? 0 : p * g->step),
                .a_row = g->a_row,
                .a_rows = g->a_rows ? g->a_rows + i : 0,
                .steps = g->steps ? g->steps + p : offsets,
                .k = steps,
                .c_row = g->n,
                .load = g->load || p > 0,
                .relu = g->relu && p + steps == g->k,
            };
            if (packs_rows) {
                ck_pack_rows(&s, rows, tiles);
                s.a = tiles;
                s.a_row = 1;
                s.a_tile = steps * CK_TILE_ROWS;
                s.a_rows = 0;
                s.steps = packed_offsets;
            }
            for (ptrdiff_t group = 0; group < g->n; group += CK_PACKED_COLUMNS) {
                const ptrdiff_t columns = ck_smaller(g->n - group, CK_PACKED_COLUMNS);
                const float *b = g->b_transposed ? g->b + group * g->b_row + p : g->b + p * g->b_row + group;
                const int packs = g->b_transposed || (CK_MASKS == 0 && columns % CK_LANES != 0)
                    || (rows >= 4 * CK_TILE_ROWS && g->b_row > CK_PANEL);
                if (g->b_transposed) ck_pack_transposed(b, g->b_row, steps, columns, packed);
                else if (packs) ck_pack(b, g->b_row, steps, columns, packed);
                s.b_row = packs ? CK_PANEL : g->b_row;
                s.b_pair = packs ? steps * CK_PANEL : CK_PANEL;
                for (ptrdiff_t j = 0; j < columns;) {
                    const ptrdiff_t rest = columns - j;
                    const int registers = packs_rows ? (rest > CK_LANES ? 2 : 1) : ck_panel_registers(rest, rows);
                    const ptrdiff_t width = ck_smaller(rest, registers * CK_LANES);
                    s.b = packs ? packed + j * steps : b + j;
                    s.c = g->c + i * g->n + group + j;
                    s.bias = g->bias && p == 0 ? g->bias + group + j : 0;
                    s.tail = width - (registers - 1) * CK_LANES;
                    ck_run_panel(&s, rows, registers, width < registers * CK_LANES);
                    j += width;
                }
            }
        }
    }
}
