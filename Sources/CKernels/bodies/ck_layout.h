// Block sizes and workspace layout: the same for every level, so that a memory plan does not depend on the level.

#ifndef CK_LAYOUT_H
#define CK_LAYOUT_H

#include "../include/ckernels.h"

enum {
    // Contraction steps between two visits to c: a panel of b (CK_STEP_BLOCK × two registers) stays in the first-level cache.
    CK_STEP_BLOCK = 256,
    // Columns of b packed at a time: whole cache lines of b are used, and what is packed stays in the second-level cache.
    CK_PACKED_COLUMNS = 64,
    // Rows of a between two passes over b: CK_ROW_BLOCK × CK_STEP_BLOCK elements stay in the second-level cache.
    CK_ROW_BLOCK = 240,
    // The tallest tile of any level.
    CK_TALLEST_TILE = 8,

    // Products (ck_gemm_plan.h). Steps between two visits to c.
    CK_GEMM_CHUNK = 1536,
    // Elements of packed b in a group, which stays in the second-level cache.
    CK_GEMM_GROUP = 1 << 18,
    // Rows of a that are copied at a time.
    CK_GEMM_BLOCK = 48,
    // Sums that rest in a buffer because they may not in c.
    CK_GEMM_RESTING_ROWS = 384,
    CK_GEMM_RESTING_COLUMNS = 256,
    // Rows up to which b is read where it lies.
    CK_GEMM_DIRECT_ROWS = 48,
    // Steps between two visits to c where rows are many.
    CK_GEMM_DEEP = 384,
    // Rows up to which k is cut into shallow chunks.
    CK_GEMM_FEW_ROWS = 160,
    CK_GEMM_SHALLOW = 96,
    // The same for a transposed a.
    CK_GEMM_SHALLOW_A = 128,
    // Elements of a that stay in the caches without more ado.
    CK_GEMM_NEAR = 1 << 15,
    // Steps up to which a transposed a is read where it lies, if there is but one panel of b.
    CK_GEMM_DIRECT_STEPS = 128,
    // Rows up to which weights are better packed once a step than by each product.
    CK_GEMM_PACKING_ROWS = 160,
    // Rows and elements of a up to which a·bᵀ goes by way of its transpose (ck_gemm_swap.h), steps from which on turning the sums costs
    // less than turning b, and rows of b at a time.
    CK_GEMM_SWAP_ROWS = 160,
    CK_GEMM_SWAP_ELEMENTS = 1 << 18,
    CK_GEMM_SWAP_STEPS = 32,
    CK_GEMM_SWAP_BAND = 96,
};

static inline ptrdiff_t ck_rounded(ptrdiff_t count) { return (count + 15) / 16 * 16; }
static inline ptrdiff_t ck_smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

// Takes `count` elements, aligned to 64 bytes, from the front of a workspace. Sizes below leave 16 elements for the first alignment.
static inline float *ck_take(float **workspace, ptrdiff_t count) {
    float *p = (float *)(((uintptr_t)*workspace + 63) & ~(uintptr_t)63);
    *workspace = p + ck_rounded(count);
    return p;
}
// A table of element offsets takes two elements an entry.
static inline ptrdiff_t *ck_take_offsets(float **workspace, ptrdiff_t count) { return (ptrdiff_t *)ck_take(workspace, 2 * count); }

static inline ptrdiff_t ck_patch(const ck_window *w) { return w->kernel_height * w->kernel_width * w->input_channels; }
static inline int ck_is_padded(const ck_window *w) { return (w->pad_top | w->pad_left | w->pad_bottom | w->pad_right) != 0; }
static inline ptrdiff_t ck_padded_count(const ck_window *w) {
    return (w->input_height + w->pad_top + w->pad_bottom) * (w->input_width + w->pad_left + w->pad_right) * w->input_channels;
}
// 2×2 windows, backward (ck_pair_gradient.h): elements of a row of the image under a row of them, rows of the image under `lines` of these
// rows, and as many of them as let four floats an element stay in the first-level cache.
static inline ptrdiff_t ck_pair_span(const ck_window *w, const ck_window *pool) {
    return ((pool->output_width - 1) * pool->stride_width * w->stride_width + w->kernel_width) * w->input_channels;
}
static inline ptrdiff_t ck_pair_reach(const ck_window *w, const ck_window *pool, ptrdiff_t lines) {
    return (lines - 1) * pool->stride_height * w->stride_height + w->kernel_height;
}
static inline ptrdiff_t ck_pair_lines(const ck_window *w, const ck_window *pool) {
    const ptrdiff_t row = ck_rounded(ck_pair_span(w, pool)) * 4;
    ptrdiff_t lines = 1;
    while (lines < pool->output_height && ck_pair_reach(w, pool, lines + 1) * row <= 6 * 1024) lines++;
    return lines;
}
// Columns rounded up to whole panels of the widest level.
static inline ptrdiff_t ck_paneled(ptrdiff_t columns) { return (columns + 31) / 32 * 32; }

// Elements of workspace of a product: a block of a, a group of b, resting sums. No less for larger extents.
static inline ptrdiff_t ck_gemm_floats(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, int packed_b) {
    if (m == 0 || n == 0) return 0;
    const ptrdiff_t steps = ck_smaller(k, CK_GEMM_CHUNK), columns = ck_rounded(n);
    const ptrdiff_t rows = ck_smaller(m, CK_GEMM_RESTING_ROWS), width = ck_smaller((n + 63) / 64 * 64, CK_GEMM_RESTING_COLUMNS);
    const ptrdiff_t resting = k > CK_GEMM_CHUNK ? rows * width : 0;
    return 16 + CK_GEMM_BLOCK * ck_rounded(steps) + (packed_b ? 0 : ck_rounded(ck_smaller(steps * columns, CK_GEMM_GROUP)))
        + ck_rounded(resting);
}

// The same of a·bᵀ by way of its transpose (ck_gemm_swap.h), for all products of up to m rows: a turned, and a band of sums before and
// after it is turned.
static inline ptrdiff_t ck_gemm_swap_floats(ptrdiff_t m, ptrdiff_t k) {
    const ptrdiff_t rows = ck_rounded(ck_smaller(m, CK_GEMM_SWAP_ROWS)), a = ck_smaller(rows * k, CK_GEMM_SWAP_ELEMENTS + 16 * k);
    return 16 + ck_rounded(a) + 2 * CK_GEMM_SWAP_BAND * rows + ck_gemm_floats(CK_GEMM_SWAP_BAND, rows, k, 1);
}

// The larger of both where b may be read either way: a transposed one that is not packed.
static inline ptrdiff_t ck_gemm_either_floats(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, int packed_b, int transpose_b) {
    const ptrdiff_t floats = ck_gemm_floats(m, n, k, packed_b);
    if (floats == 0 || packed_b || !transpose_b) return floats;
    const ptrdiff_t swapped = ck_gemm_swap_floats(m, k);
    return floats > swapped ? floats : swapped;
}

#endif
