// c = a·bᵀ by way of its transpose, b·aᵀ: what b is to the tiles, aᵀ is then, and rows of b are read where they lie.
//
// This is the input gradient of a dense layer of few rows. Else its weights would have to be turned, and all of them packed, for each
// product or each step; a is much smaller, and so is c, whose sums are turned on their way out. A factor is a factor on either side, so
// every element is the same chain.

#ifndef CK_GEMM_SWAP_H
#define CK_GEMM_SWAP_H

// Whether a product would be turned if b is not packed.
static int ck_gemm_may_swap(const ck_gemm *g) {
    return g->transpose_b && !g->transpose_a && g->batch == 1 && !g->accumulate && !g->epilogue.bias && g->a.type == CK_F32
        && g->b.type == CK_F32 && g->m <= CK_GEMM_SWAP_ROWS && g->n >= 2 * g->m && g->k >= CK_GEMM_SWAP_STEPS
        && g->m * g->k <= CK_GEMM_SWAP_ELEMENTS;
}

static void ck_gemm_swapped(const ck_gemm *g, float *workspace) {
    const ptrdiff_t rows = ck_rounded(g->m);
    float *const a = ck_take(&workspace, rows * g->k);
    float *const sums = ck_take(&workspace, CK_GEMM_SWAP_BAND * rows), *const turned = ck_take(&workspace, CK_GEMM_SWAP_BAND * rows);
    const ck_epilogue rest = g->epilogue;
    const int in_place = ck_gemm_is_plain(g) && rest.activation == CK_IDENTITY;
    ck_pack_columns(g->a, 0, g->a_row, 1, g->k, g->m, g->k, a);
    for (ptrdiff_t j = 0; j < g->n; j += CK_GEMM_SWAP_BAND) {
        const ptrdiff_t columns = ck_smaller(CK_GEMM_SWAP_BAND, g->n - j), width = ck_rounded(columns);
        const ck_gemm band = {
            .m = columns,
            .n = g->m,
            .k = g->k,
            .batch = 1,
            .packed_b = 1,
            .a = {(const float *)g->b.data + j * g->b_row, CK_F32},
            .b = {a, CK_F32},
            .c = {sums, CK_F32},
            .a_row = g->b_row,
            .b_row = g->m,
            .c_row = rows,
        };
        const ck_gemm_plan plan = ck_gemm_planned(&band);
        ck_gemm_member(&band, &plan, 0, 0, 0, 0, workspace);
        if (in_place) {
            ck_pack_panel_turned(CK_F32, sums, 0, rows, g->m, columns, columns, (float *)g->c.data + j, g->c_row);
            continue;
        }
        ck_pack_panel_turned(CK_F32, sums, 0, rows, g->m, columns, width, turned, width);
        ck_finish(&rest, g->c, j, g->c_row, 0, g->m, columns, turned, width);
    }
}

#endif
