// Strips of register tiles: the products under a pooled convolution.
//
// A tile of c (a few rows × a few registers) is held in registers while k runs: c[i, :] += a(i, k) · b[k, :]. Element (i, k) of a is
// read as rows[i][steps[k]], so that one micro-kernel serves a plain a, a packed a, and the overlapping patches of a convolution, which are
// never written out. Every element of c is one chain of multiply-adds in ascending k, whatever the tile.

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

// How wide the next panel is when `rest` columns are left and m rows share it: few rows need more registers a row to keep the
// multipliers busy.
CK_INLINE int ck_panel_registers(ptrdiff_t rest, ptrdiff_t m) {
    if (m <= CK_TILE_ROWS / 2 && rest > 3 * CK_LANES) return 4;
    return rest > CK_LANES ? 2 : 1;
}
