// Weights, packed before the products that use them: panels over the whole of k, as floats; those for products in bf16 are rounded to it.

#ifndef CK_GEMM_WEIGHTS_H
#define CK_GEMM_WEIGHTS_H

static ptrdiff_t ck_gemm_packed_bytes(const ck_packing *w) { return w->k * ck_gemm_padded(w->n) * 4; }

static void ck_gemm_round(ck_dtype type, ptrdiff_t count, float *values) {
    if (type == CK_BF16) CK_EACH(count, { CK_PUT(values, f16_rounded(CK_GET(values))); });
}

// Rows are steps of the contraction: each is a line of every panel.
static void ck_gemm_pack_plain(const ck_packing *w, const float *weights, float *out) {
    for (ptrdiff_t p = w->first; p < w->end; p++) {
        const float *row = weights + p * w->n;
        for (ptrdiff_t j = 0; j < w->n; j += CK_GEMM_WIDTH) {
            const ptrdiff_t filled = ck_smaller(CK_GEMM_WIDTH, w->n - j), width = ck_gemm_padded(filled);
            float *line = out + j * w->k + p * width;
            // Rows may be pages apart, where no hardware looks ahead.
            for (ptrdiff_t i = 0; i < filled; i += 16) __builtin_prefetch(row + 8 * w->n + j + i, 0, 3);
            ck_pack_line(CK_F32, row, j, filled, width, line);
            ck_gemm_round(w->type, width, line);
        }
    }
}

// Rows are columns of b: a panel is as many of them as it is wide.
static void ck_gemm_pack_turned(const ck_packing *w, const float *weights, float *out) {
    for (ptrdiff_t j = w->first; j < w->end; j += CK_GEMM_WIDTH) {
        const ptrdiff_t filled = ck_smaller(CK_GEMM_WIDTH, w->n - j), width = ck_gemm_padded(filled);
        ck_pack_panel_turned(CK_F32, weights, j * w->k, w->k, w->k, filled, width, out + j * w->k, width);
        ck_gemm_round(w->type, w->k * width, out + j * w->k);
    }
}

static void ck_gemm_pack(const ck_packing *w, const float *weights, void *packed) {
    if (w->transposed) ck_gemm_pack_turned(w, weights, packed);
    else ck_gemm_pack_plain(w, weights, packed);
}

#endif
