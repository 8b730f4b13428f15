// Matrix products by register tiles.
//
// A tile of c (a few rows × a few registers) is held in registers while k runs: c[i, :] += a(i, k) · b[k, :]. Element (i, k) of a is
// read as rows[i][steps[k]], so that one micro-kernel serves a plain and a transposed a, a packed a, and the overlapping patches of a
// convolution, which are never written out. Every element of c is one chain of multiply-adds in ascending k, whatever the tile.

// What a strip of tiles shares. Row i of a starts at a + (a_rows ? a_rows[i] : i·a_row).
typedef struct ck_strip {
    const float *a;
    ptrdiff_t a_row;
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

// `tiles` tiles of mr rows and nv registers, one below the other, from `row` on. mr, nv and partial are constants after inlining.
CK_INLINE void ck_strip_body(const int mr, const int nv, const int partial, const ck_strip *s, ptrdiff_t row, ptrdiff_t tiles) {
    // Without masks a partial panel of b is packed and padded with zeros, so it can be read whole.
    const int masked = partial && CK_MASKS != 0;
    // Copies, because a store to c might change *s as far as the compiler knows.
    const ptrdiff_t k = s->k, b_row = s->b_row, b_pair = s->b_pair, tail = s->tail, a_row = s->a_row, c_row = s->c_row;
    const ptrdiff_t *const steps = s->steps, *const a_rows = s->a_rows;
    const float *const a = s->a, *const first_line = s->b;
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
    for (; tiles > 0; tiles--, row += mr, c += mr * c_row) {
        const float *rows[CK_TILE_ROWS];
        vt sum[CK_TILE_ROWS][4];
#pragma clang loop unroll(full)
        for (int i = 0; i < mr; i++) rows[i] = a + (a_rows ? a_rows[row + i] : (row + i) * a_row);
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
    static __attribute__((noinline)) void ck_strip_##MR##_##NV##_##PARTIAL(const ck_strip *s, ptrdiff_t row, ptrdiff_t tiles) { \
        ck_strip_body(MR, NV, PARTIAL, s, row, tiles);                                                                         \
    }
#define CK_STRIPS(MR, NV) CK_STRIP(MR, NV, 0) CK_STRIP(MR, NV, 1)
#define CK_TALL(X, NV) X(1, NV) X(2, NV) X(3, NV) X(4, NV) X(5, NV) X(6, NV)
#define CK_TALLER(X, NV) X(7, NV) X(8, NV)
#define CK_SHORT(X, NV) X(1, NV) X(2, NV) X(3, NV)
#define CK_NAMES(MR, NV) {ck_strip_##MR##_##NV##_0, ck_strip_##MR##_##NV##_1},

typedef void (*ck_strip_function)(const ck_strip *, ptrdiff_t, ptrdiff_t);

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
    if (taller > 0) table[height][partial](s, 0, taller);
    table[height - 1][partial](s, taller * (height + 1), tiles - taller);
}

// How wide the next panel is when `rest` columns are left and m rows share it: few rows need more registers a row to keep the
// multipliers busy.
CK_INLINE int ck_panel_registers(ptrdiff_t rest, ptrdiff_t m) {
    if (m <= CK_TILE_ROWS / 2 && rest > 3 * CK_LANES) return 4;
    return rest > CK_LANES ? 2 : 1;
}

// out[k][width] = b[k][columns], zeros beyond the columns.
static void ck_pack(const float *b, ptrdiff_t b_row, ptrdiff_t k, ptrdiff_t columns, ptrdiff_t width, float *out) {
    if (columns == width) {
        for (ptrdiff_t p = 0; p < k; p++, b += b_row, out += width)
            for (ptrdiff_t j = 0; j < width; j += CK_LANES) *(vt_any *)(out + j) = *(const vt_any *)(b + j);
        return;
    }
    for (ptrdiff_t p = 0; p < k; p++, b += b_row, out += width)
        for (ptrdiff_t j = 0; j < width; j++) out[j] = j < columns ? b[j] : 0.0f;
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

// out[k][width] = b[columns][k] transposed, zeros beyond the columns.
static void ck_pack_transposed(const float *b, ptrdiff_t b_row, ptrdiff_t k, ptrdiff_t columns, ptrdiff_t width, float *out) {
    const ptrdiff_t k8 = k / 8 * 8, columns8 = columns / 8 * 8;
    for (ptrdiff_t j = 0; j < columns8; j += 8) {
        const float *from = b + j * b_row;
        for (ptrdiff_t p = 0; p < k8; p += 8) ck_transpose_8(from + p, b_row, out + p * width + j, width);
        for (ptrdiff_t p = k8; p < k; p++)
            for (int i = 0; i < 8; i++) out[p * width + j + i] = from[i * b_row + p];
    }
    for (ptrdiff_t j = columns8; j < width; j++)
        for (ptrdiff_t p = 0; p < k; p++) out[p * width + j] = j < columns ? b[j * b_row + p] : 0.0f;
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
    ptrdiff_t offsets[CK_STEP_BLOCK];
    float *panel = ck_take(&workspace, ck_smaller(g->k, CK_STEP_BLOCK) * CK_WIDEST_PANEL);
    if (!g->steps)
        for (ptrdiff_t p = 0; p < ck_smaller(g->k, CK_STEP_BLOCK); p++) offsets[p] = p * g->step;
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
            for (ptrdiff_t j = 0; j < g->n;) {
                const ptrdiff_t rest = g->n - j;
                const int registers = ck_panel_registers(rest, rows);
                const ptrdiff_t width = registers * CK_LANES, columns = ck_smaller(rest, width);
                const int partial = columns < width;
                s.tail = columns - (registers - 1) * CK_LANES;
                s.c = g->c + i * g->n + j;
                s.bias = g->bias && p == 0 ? g->bias + j : 0;
                s.b_pair = CK_PANEL;
                if (g->b_transposed) {
                    ck_pack_transposed(g->b + j * g->b_row + p, g->b_row, steps, columns, width, panel);
                } else if ((partial && CK_MASKS == 0) || (rows >= 4 * CK_TILE_ROWS && g->b_row > CK_PANEL)) {
                    ck_pack(g->b + p * g->b_row + j, g->b_row, steps, columns, width, panel);
                } else {
                    s.b = g->b + p * g->b_row + j;
                    s.b_row = g->b_row;
                    goto ready;
                }
                s.b = panel;
                s.b_row = width;
            ready:
                ck_run_panel(&s, rows, registers, partial);
                j += columns;
            }
        }
    }
}

static void ck_matmul(int transpose_a, int transpose_b, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b,
                      const float *bias, ck_activation activation, int accumulate, float *c, float *workspace) {
    const ck_product g = {
        .m = m,
        .n = n,
        .k = k,
        .a = a,
        .a_row = transpose_a ? 1 : k,
        .step = transpose_a ? m : 1,
        .b = b,
        .b_row = transpose_b ? k : n,
        .b_transposed = transpose_b,
        .bias = bias,
        .load = accumulate,
        .relu = activation == CK_RELU,
        .c = c,
    };
    if (m == 0 || n == 0) return;
    ck_multiply_matrices(&g, workspace);
    if (activation != CK_IDENTITY && activation != CK_RELU) ck_activate(activation, m * n, c, c);
}
