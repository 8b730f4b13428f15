#include "bodies/ck_layout.h"

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

ptrdiff_t ck_matmul_workspace(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) { return ck_gemm_either_floats(m, n, k, 0, 1); }

// Of a product by strips (ck_strip_product.h): one packed group of panels of b and one packed block of a.
static ptrdiff_t strips(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
    if (m == 0 || n == 0) return 0;
    const ptrdiff_t steps = ck_smaller(k, CK_STEP_BLOCK);
    const ptrdiff_t rows = ck_smaller(m, CK_ROW_BLOCK) + CK_TALLEST_TILE;
    return 16 + ck_rounded(steps * CK_PACKED_COLUMNS) + ck_rounded(steps * rows);
}

static ptrdiff_t padded_copy(const ck_window *w) { return ck_is_padded(w) ? ck_rounded(ck_padded_count(w)) : 0; }

static ptrdiff_t forward(const ck_window *w) {
    return padded_copy(w) + ck_rounded(2 * ck_patch(w)) + ck_rounded(ck_patch(w) * ck_paneled(w->output_channels));
}

static ptrdiff_t weight_gradient(const ck_window *w, ptrdiff_t pixels) {
    return padded_copy(w) + ck_rounded(2 * ck_patch(w)) + ck_rounded(2 * pixels)
        + strips(ck_patch(w), w->output_channels, pixels);
}

static ptrdiff_t input_gradient(const ck_window *w) {
    return 2 * padded_copy(w) + ck_rounded(w->output_channels * ck_paneled(ck_patch(w))) + ck_rounded(w->output_width * ck_patch(w))
        + ck_rounded(2 * w->output_channels);
}

ptrdiff_t ck_convolve_pool_workspace(const ck_window *w, const ck_window *pool) {
    // The rows of the convolution under one row of pool windows.
    const ptrdiff_t pixels = ck_smaller(pool->kernel_height, w->output_height) * w->output_width;
    const ptrdiff_t scratch = ck_rounded(pixels * w->output_channels);
    // The candidates of some rows of 2×2 windows, and the places of their taps.
    const ptrdiff_t reach = ck_pair_reach(w, pool, ck_pair_lines(w, pool));
    const ptrdiff_t pairs = reach * ck_rounded(ck_pair_span(w, pool)) * 4 + ck_rounded(2 * ck_patch(w));
    return 16 + scratch + larger(forward(w), weight_gradient(w, pixels) + input_gradient(w) + pairs);
}
