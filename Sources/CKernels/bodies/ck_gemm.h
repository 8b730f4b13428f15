// Matrix products of operands of either type, in fp32.
//
// Columns of c are taken in groups whose panels of b stay in the second-level cache, k in chunks, rows in blocks; in a block, each tile
// of rows sweeps the panels of the group. Sums go to c while they may lie there, and are finished there: see ck_gemm_plan.h. Every
// element of c is one chain of multiply-adds in ascending k, started from the bias and the old c, whatever the cut.

#include "ck_epilogue.h"
#include "ck_gemm_tile.h"
#include "ck_gemm_pack.h"
#include "ck_gemm_weights.h"
#include "ck_gemm_plan.h"
#include "ck_gemm_sums.h"
#include "ck_gemm_run.h"
#include "ck_gemm_down.h"
#include "ck_gemm_member.h"
#include "ck_gemm_swap.h"

// Turning b for each product costs a third of a cycle per element, and as much memory traffic as packing it once; a plain b is
// packed in passing or not at all. So packed weights pay for a transposed b, unless many rows share the packing or it is a that is
// turned.
static int ck_gemm_prefers_packed(const ck_gemm *g) {
    return g->b.type != CK_F32 || g->a.type != CK_F32 || (g->transpose_b && g->m <= CK_GEMM_PACKING_ROWS && !ck_gemm_may_swap(g));
}

// The same at every level, and no less for larger extents.
static ptrdiff_t ck_gemm_workspace(const ck_gemm *g) { return 4 * ck_gemm_either_floats(g->m, g->n, g->k, g->packed_b, g->transpose_b); }

static void ck_gemm_all(const ck_gemm *g, void *workspace) {
    const int sums = g->b_sums && g->transpose_a && !g->transpose_b;
    if (g->m == 0 || g->n == 0) {
        if (sums) ck_gemm_sums(g);
        return;
    }
    if (!g->packed_b && ck_gemm_may_swap(g)) {
        ck_gemm_swapped(g, workspace);
        return;
    }
    const ck_gemm_plan plan = ck_gemm_planned(g);
    if (ck_gemm_goes_down(g, &plan)) {
        ck_gemm_downwards(g, workspace);
        return;
    }
    const int passing = sums && plan.b == CK_B_PACKED_HERE && g->batch == 1;
    if (sums && !passing) ck_gemm_sums(g);
    for (ptrdiff_t i = 0; i < g->batch; i++)
        ck_gemm_member(g, &plan, i * g->a_batch, g->packed_b ? 0 : i * g->b_batch, i * g->c_batch, passing ? g->b_sums : 0,
                       workspace);
}

// The product of dense fp32 matrices.
static void ck_matmul(int transpose_a, int transpose_b, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, const float *b,
                      const float *bias, ck_activation activation, int accumulate, float *c, float *workspace) {
    const ck_gemm g = {
        .m = m,
        .n = n,
        .k = k,
        .batch = 1,
        .transpose_a = transpose_a,
        .transpose_b = transpose_b,
        .accumulate = accumulate,
        .a = {a, CK_F32},
        .b = {b, CK_F32},
        .c = {c, CK_F32},
        .a_row = transpose_a ? m : k,
        .b_row = transpose_b ? k : n,
        .c_row = n,
        .epilogue = {.bias = bias, .activation = activation},
    };
    ck_gemm_all(&g, workspace);
}

static void ck_fill_gemm(ck_table *t) {
    t->gemm_workspace = ck_gemm_workspace;
    t->gemm = ck_gemm_all;
    t->prefers_packed = ck_gemm_prefers_packed;
    t->packed_bytes = ck_gemm_packed_bytes;
    t->pack = ck_gemm_pack;
}
