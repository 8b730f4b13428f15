// Sums of b's columns: the gradient of a bias, which rides on that of the weights.

#ifndef CK_GEMM_SUMS_H
#define CK_GEMM_SUMS_H

// Σ over k of b[k, n], in row order.
static void ck_gemm_sums(const ck_gemm *g) {
    for (ptrdiff_t j = 0; j < g->n; j += 64) {
        f16 sum[4] = {{0}, {0}, {0}, {0}};
        const ptrdiff_t columns = ck_smaller(64, g->n - j);
        for (ptrdiff_t p = 0; p < g->k; p++)
            for (int q = 0; q < 4; q++)
                if (16 * q < columns) sum[q] += ck_read16(g->b, p * g->b_row + j + 16 * q, ck_smaller(16, columns - 16 * q));
        for (int q = 0; q < 4; q++)
            if (16 * q < columns) ck_put(g->b_sums + j + 16 * q, sum[q], ck_smaller(16, columns - 16 * q));
    }
}

// The same of packed panels, whose steps follow those summed before: b is read once for its product and its sums.
static void ck_gemm_panel_sums(const float *packed, ptrdiff_t steps, ptrdiff_t columns, int first, float *sums) {
    for (ptrdiff_t j = 0; j < columns; j += CK_GEMM_WIDTH, packed += steps * CK_GEMM_WIDTH) {
        const ptrdiff_t filled = ck_smaller(CK_GEMM_WIDTH, columns - j), width = ck_gemm_padded(filled);
        f16 sum[4] = {{0}, {0}, {0}, {0}};
        for (int q = 0; q < 4 && !first; q++)
            if (16 * q < filled) sum[q] = ck_get(sums + j + 16 * q, ck_smaller(16, filled - 16 * q));
        for (ptrdiff_t p = 0; p < steps; p++)
            for (int q = 0; q < 4; q++)
                if (16 * q < filled) sum[q] += ck_get(packed + p * width + 16 * q, ck_smaller(16, width - 16 * q));
        for (int q = 0; q < 4; q++)
            if (16 * q < filled) ck_put(sums + j + 16 * q, sum[q], ck_smaller(16, filled - 16 * q));
    }
}

#endif
