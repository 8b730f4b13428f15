// Register tiles of a product: a few rows of c by one to four registers, held while k runs.
//
// A row of b is read once per tile, an element of a is broadcast to as many products as the tile is wide. Both rates must stay below
// the multipliers' appetite: 6 rows × 4 registers need 10 loads for 24 products. b comes as a panel whose lines are whole cache lines;
// a is read where it lies, by rows or by columns. Every element of c is one chain of multiply-adds in ascending k.

#ifndef CK_GEMM_TILE_H
#define CK_GEMM_TILE_H

#include "ck_gemm_stream.h"

// `count` tiles that follow one another down the rows or along the columns, by the distances *_next.
typedef struct ck_tiles {
    ptrdiff_t k, count;
    // By rows: row i of a starts at i·a_row. By columns: step p of k starts at p·a_row, its rows are adjacent.
    const float *a;
    ptrdiff_t a_row, a_next;
    const float *b;
    ptrdiff_t b_row, b_next;
    // Where c ends within a register, `edge` lanes of the last one are its; else 0.
    float *c;
    ptrdiff_t c_row, c_next, edge;
    // The chain starts from the bias, if any, plus what c holds if `load`.
    const float *bias;
    ptrdiff_t bias_next;
    int load, relu;
    // Lanes of b's last register that may be read (masked tiles only).
    ptrdiff_t lanes;
    // Where tiles that pack leave the panel of b that they read as it lies, and their rows of a, side by side in eights.
    float *panel, *sliver;
    ptrdiff_t panel_next, sliver_next;
    // What is fetched on the way: a line of each stream every so many steps.
    ck_stream *streams;
    ptrdiff_t every;
    // And of c, where it is far: so many lines at a time of the tile of the next sweep, which lies `under` elements below.
    ptrdiff_t under, burst;
} ck_tiles;

#if CK_LANES == 16
// 24 of 32 registers hold sums.
#define CK_GEMM_TALLEST 12
#define CK_GEMM_HEIGHTS {12, 12, 8, 6}
#else
// 12 of 16.
#define CK_GEMM_TALLEST 6
#define CK_GEMM_HEIGHTS {6, 6, 4, 3}
#endif
// A panel of b: four registers wide.
#define CK_GEMM_WIDTH (4 * CK_LANES)

// Rows of a that lie side by side in a sliver, and whether there are tiles that pack.
#define CK_GEMM_SLIVER 8
#define CK_PACKING_TILES (CK_LANES == 16 && CK_MASKS == 16)

// How a tile reads its operands.
enum { CK_BY_ROWS, CK_BY_COLUMNS, CK_BY_ROWS_MASKED };

#if defined(__x86_64__)
// Keeps every third row's address in a register of its own; two more rows are reached from each by index.
#define CK_KEEP(p) __asm__("" : "+r"(p))
#else
#define CK_KEEP(p) ((void)0)
#endif

// Whether a tile packs on the way what later ones will read: loads have been made, and there is room for stores.
enum { CK_PACKS_B = 1, CK_PACKS_A = 2 };

// mr, nv, mode and packs are constants after inlining.
CK_INLINE void ck_tile_body(const int mr, const int nv, const int mode, const int packs, const ck_tiles *t) {
    const ptrdiff_t k = t->k, a_row = t->a_row, a_next = t->a_next, b_row = t->b_row, b_next = t->b_next, c_row = t->c_row;
    const ptrdiff_t c_next = t->c_next, bias_next = t->bias_next, lanes = t->lanes, every = t->every, edge = t->edge;
    const int load = t->load, relu = t->relu;
    const float *tile_a = t->a, *tile_b = t->b, *bias = t->bias;
    float *c = t->c, *tile_panel = t->panel, *tile_sliver = t->sliver;
    for (ptrdiff_t left = t->count; left > 0; left--, tile_a += a_next, tile_b += b_next, c += c_next) {
        vt sum[CK_GEMM_TALLEST][4];
        for (int j = 0; j < nv; j++) {
            const vt start = bias ? *(const vt_any *)(bias + j * CK_LANES) : (vt){0};
#pragma clang loop unroll(full)
            for (int i = 0; i < mr; i++) sum[i][j] = start;
        }
        if (bias) bias += bias_next;
#pragma clang loop unroll(full)
        for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
            for (int j = 0; j < nv; j++) {
                const float *from = c + i * c_row + j * CK_LANES;
                if (load) sum[i][j] += j == nv - 1 && edge ? vt_load_some(from, edge) : *(const vt_any *)from;
                // The next tile's sums, to be stored when its k has run.
                if (j * CK_LANES % 16 == 0) __builtin_prefetch(c + c_next + i * c_row + j * CK_LANES, 1, 3);
            }
        const float *rows[CK_GEMM_TALLEST / 3 + 1], *b = tile_b;
        float *panel = tile_panel, *sliver = tile_sliver;
        if (packs & CK_PACKS_B) tile_panel += t->panel_next;
        if (packs & CK_PACKS_A) tile_sliver += t->sliver_next;
        // Along the four lines of a row, then down to the next.
        const float *under = c + t->under;
        ptrdiff_t lines = 0;
        ck_fetch fetch[3];
#pragma clang loop unroll(full)
        for (int s = 0; s < 3; s++) fetch[s] = t->streams ? ck_stream_take(&t->streams[s], b) : (ck_fetch){.line = (const char *)b};
#pragma clang loop unroll(full)
        for (int i = 0; i < mr; i += 3) rows[i / 3] = mode == CK_BY_COLUMNS ? tile_a : tile_a + i * a_row;
        for (ptrdiff_t rest = k; rest > 0;) {
            const ptrdiff_t steps = ck_smaller(rest, every);
#pragma clang loop unroll(full)
            for (int s = 0; s < 3; s++) ck_fetch_line(&fetch[s]);
            for (ptrdiff_t n = t->burst; n > 0; n--) {
                __builtin_prefetch(under, 0, 2);
                under += ++lines % 4 ? 16 : c_row - 48;
            }
            rest -= steps;
            for (ptrdiff_t p = 0; p < steps; p++, b += b_row) {
                vt line[4];
#pragma clang loop unroll(full)
                for (int j = 0; j < nv; j++)
                    line[j] = mode == CK_BY_ROWS_MASKED && j == nv - 1 ? vt_load_some(b + j * CK_LANES, lanes)
                                                                       : *(const vt_any *)(b + j * CK_LANES);
                if (packs & CK_PACKS_B) {
#pragma clang loop unroll(full)
                    for (int j = 0; j < nv; j++) *(vt_any *)(panel + j * CK_LANES) = line[j];
                    panel += nv * CK_LANES;
                }
#if CK_PACKING_TILES
                if (packs & CK_PACKS_A) {
                    _mm256_storeu_ps(sliver, _mm256_maskz_loadu_ps((__mmask8)((1u << mr) - 1), rows[0]));
                    sliver += CK_GEMM_SLIVER;
                }
#else
                (void)sliver;
#endif
#pragma clang loop unroll(full)
                for (int i = 0; i < mr; i++) {
                    const vt factor = vt_set(mode == CK_BY_COLUMNS ? rows[0][i] : rows[i / 3][i % 3 * a_row]);
#pragma clang loop unroll(full)
                    for (int j = 0; j < nv; j++) sum[i][j] = CK_MULADD(factor, line[j], sum[i][j]);
                }
                if (mode == CK_BY_COLUMNS) {
                    rows[0] += a_row;
                } else {
#pragma clang loop unroll(full)
                    for (int i = 0; i < mr; i += 3) {
                        rows[i / 3]++;
                        CK_KEEP(rows[i / 3]);
                    }
                }
            }
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
            for (int j = 0; j < nv; j++) {
                // NaN is not below zero.
                if (relu) sum[i][j] = (vt)((vti)sum[i][j] & ~(sum[i][j] < 0.0f));
                float *to = c + i * c_row + j * CK_LANES;
                if (j == nv - 1 && edge) vt_store_some(to, sum[i][j], edge);
                else *(vt_any *)to = sum[i][j];
            }
    }
}

#define CK_TILE(MR, NV, MODE) \
    static __attribute__((noinline)) void ck_tile_##MR##_##NV##_##MODE(const ck_tiles *t) { ck_tile_body(MR, NV, MODE, 0, t); }
#define CK_TILE_MODES(MR, NV) CK_TILE(MR, NV, 0) CK_TILE(MR, NV, 1) CK_TILE(MR, NV, 2)
#define CK_TILE_NAMES(MR, NV) {ck_tile_##MR##_##NV##_0, ck_tile_##MR##_##NV##_1, ck_tile_##MR##_##NV##_2},
#define CK_ROWS_3(X, NV) X(1, NV) X(2, NV) X(3, NV)
#define CK_ROWS_4(X, NV) CK_ROWS_3(X, NV) X(4, NV)
#define CK_ROWS_6(X, NV) CK_ROWS_4(X, NV) X(5, NV) X(6, NV)
#define CK_ROWS_8(X, NV) CK_ROWS_6(X, NV) X(7, NV) X(8, NV)
#define CK_ROWS_12(X, NV) CK_ROWS_8(X, NV) X(9, NV) X(10, NV) X(11, NV) X(12, NV)
#if CK_LANES == 16
#define CK_TILES_OF(X) {CK_ROWS_12(X, 1)}, {CK_ROWS_12(X, 2)}, {CK_ROWS_8(X, 3)}, {CK_ROWS_6(X, 4)}
CK_ROWS_12(CK_TILE_MODES, 1) CK_ROWS_12(CK_TILE_MODES, 2) CK_ROWS_8(CK_TILE_MODES, 3) CK_ROWS_6(CK_TILE_MODES, 4)
#else
#define CK_TILES_OF(X) {CK_ROWS_6(X, 1)}, {CK_ROWS_6(X, 2)}, {CK_ROWS_4(X, 3)}, {CK_ROWS_3(X, 4)}
CK_ROWS_6(CK_TILE_MODES, 1) CK_ROWS_6(CK_TILE_MODES, 2) CK_ROWS_4(CK_TILE_MODES, 3) CK_ROWS_3(CK_TILE_MODES, 4)
#endif

typedef void (*ck_tile_function)(const ck_tiles *);
// Indexed by [registers − 1][rows − 1][mode].
static const ck_tile_function ck_tile_functions[4][CK_GEMM_TALLEST][3] = {CK_TILES_OF(CK_TILE_NAMES)};
static const int ck_tile_heights[4] = CK_GEMM_HEIGHTS;

#if CK_PACKING_TILES
#define CK_PACKING_TILE(MR, MODE, PACKS) \
    static __attribute__((noinline)) void ck_tile_##MR##_##MODE##_packs_##PACKS(const ck_tiles *t) { ck_tile_body(MR, 4, MODE, PACKS, t); }
#define CK_PACKING_TILES_OF(MR, NV) \
    CK_PACKING_TILE(MR, 0, 1) CK_PACKING_TILE(MR, 1, 1) CK_PACKING_TILE(MR, 1, 2) CK_PACKING_TILE(MR, 1, 3)
#define CK_PACKING_NAMES(MR, NV) \
    {{ck_tile_##MR##_0_packs_1, 0, 0}, {ck_tile_##MR##_1_packs_1, ck_tile_##MR##_1_packs_2, ck_tile_##MR##_1_packs_3}},
CK_ROWS_6(CK_PACKING_TILES_OF, 4)
// Indexed by [rows − 1][mode][packs − 1].
static const ck_tile_function ck_packing_tiles[6][2][3] = {CK_ROWS_6(CK_PACKING_NAMES, 4)};
#endif

// How many registers of the `rest` of a panel the next tile takes. Where four registers leave sums for few rows only, two are better
// unless there are few rows.
CK_INLINE int ck_tile_registers(ptrdiff_t rest, ptrdiff_t rows) {
    const ptrdiff_t registers = (rest + CK_LANES - 1) / CK_LANES;
#if CK_LANES != 16
    if (rows > 4) return registers >= 2 ? 2 : 1;
#else
    (void)rows;
#endif
    return registers < 4 ? (int)registers : 4;
}

#endif
