// Convolutions in bf16 tiles. The rows of a tile are images at one pixel: sixteen at a time in both directions, thirty-two as the
// contraction of weight gradients. Products in fp32 and grouped windows are the level's below.

#include "../bodies/ck_conv_axis.h"
#include "../bodies/ck_conv_finish.h"
#include "../bodies/ck_moments.h"
#include "ck_amx_conv_moments.h"
#include "ck_amx_conv_rows.h"
#include "ck_amx_conv_pack.h"
#include "ck_amx_conv_pass.h"
#include "ck_amx_conv_weights.h"
#include "ck_amx_conv_points.h"

// The entries of the level below, kept when the tables are filled.
static ck_table ck_conv_below;

static inline int ck_tiled_convolves(const ck_conv *g) { return g->type == CK_BF16 && g->window.groups == 1; }

static ptrdiff_t ck_tiled_packed_bytes(const ck_conv *g, int for_input_gradient) {
    if (!ck_tiled_convolves(g)) return ck_conv_below.conv_packed_bytes(g, for_input_gradient);
    const ck_pass p = ck_pass_of(&g->window, for_input_gradient);
    return ck_tiled_pass_packed(&p);
}

static void ck_tiled_pack(const ck_conv *g, int for_input_gradient, const float *weights, void *packed) {
    if (!ck_tiled_convolves(g)) return ck_conv_below.conv_pack(g, for_input_gradient, weights, packed);
    const ck_pass p = ck_pass_of(&g->window, for_input_gradient);
    ck_tiled_pass_pack(&p, weights, packed);
}

static ptrdiff_t ck_tiled_workspace(const ck_conv *g) {
    if (!ck_tiled_convolves(g)) return ck_conv_below.conv_workspace(g);
    const ck_pass forward = ck_pass_of(&g->window, 0), backward = ck_pass_of(&g->window, 1);
    ptrdiff_t most = ck_tiled_is_folded_points(&forward) ? ck_tiled_point_weight_bytes(&forward) : ck_tiled_weight_bytes(&forward);
    for (int i = 0; i < 2; i++) {
        const ck_pass *p = i ? &backward : &forward;
        const ptrdiff_t images = ck_tiled_is_folded_points(p) ? 0 : ck_tiled_pass_bytes(p), points = ck_tiled_points_bytes(p);
        const ptrdiff_t moments = g->measures && !i ? ck_conv_bytes(ck_moments_bytes(1, p->n)) : 0;
        const ptrdiff_t bytes = (images > points ? images : points) + (g->packed_weights ? 0 : ck_tiled_pass_packed(p)) + moments;
        if (bytes > most) most = bytes;
    }
    return most + 64;
}

static char *ck_tiled_aligned(void *workspace) { return (char *)(((uintptr_t)workspace + 63) & ~(uintptr_t)63); }

static void ck_tiled_either(const ck_conv *g, int backward, ck_in in, const void *weights, const ck_epilogue *epilogue, ck_out out,
                            const ck_statistics *statistics, void *workspace) {
    const ck_pass p = ck_pass_of(&g->window, backward);
    char *scratch = ck_tiled_aligned(workspace);
    if (!g->packed_weights) {
        void *packed = ck_conv_take(&scratch, ck_tiled_pass_packed(&p));
        ck_tiled_pass_pack(&p, weights, packed);
        weights = packed;
    }
    ck_moments moments;
    if (statistics) {
        moments = ck_moments_begin(ck_conv_take(&scratch, ck_conv_bytes(ck_moments_bytes(1, p.n))), 1, p.n);
        moments.pairs = out.type == CK_BF16;
    }
    (ck_tiled_is_points(&p, in.type) ? ck_tiled_points_pass : ck_tiled_pass)(&p, g->rows, in, weights, epilogue, out,
                                                                             statistics ? &moments : 0, scratch);
    if (statistics) ck_moments_end(&moments, statistics);
}

static void ck_tiled_forward(const ck_conv *g, ck_in x, const void *weights, const ck_epilogue *epilogue, ck_out y,
                             const ck_statistics *statistics, void *workspace) {
    if (!ck_tiled_convolves(g)) return ck_conv_below.conv(g, x, weights, epilogue, y, statistics, workspace);
    ck_tiled_either(g, 0, x, weights, epilogue, y, statistics, workspace);
}

static void ck_tiled_input_gradient(const ck_conv *g, ck_in dy, const void *weights, const ck_epilogue *epilogue, ck_out dx,
                                       void *workspace) {
    if (!ck_tiled_convolves(g)) return ck_conv_below.conv_input_gradient(g, dy, weights, epilogue, dx, workspace);
    ck_tiled_either(g, 1, dy, weights, epilogue, dx, 0, workspace);
}

static void ck_tiled_weight_gradient(const ck_conv *g, ck_in x, ck_in dy, float *dw, float *bias_gradient, void *workspace) {
    if (!ck_tiled_convolves(g)) return ck_conv_below.conv_weight_gradient(g, x, dy, dw, bias_gradient, workspace);
    const ck_pass p = ck_pass_of(&g->window, 0);
    (ck_tiled_is_folded_points(&p) ? ck_tiled_point_weights : ck_tiled_weight_pass)(&p, g->rows, x, dy, dw, ck_tiled_aligned(workspace));
    if (!bias_gradient) return;
    const ptrdiff_t pixels = g->rows * p.y.out * p.x.out;
    for (ptrdiff_t f = 0; f < p.n; f += 64) {
        const ptrdiff_t columns = ck_smaller(64, p.n - f);
        f16 sums[4] = {f16_set(0.0f), f16_set(0.0f), f16_set(0.0f), f16_set(0.0f)};
        for (ptrdiff_t i = 0; i < pixels; i++)
            for (ptrdiff_t j = 0; j < columns; j += 16) sums[j / 16] += ck_read16(dy, i * p.n + f + j, ck_smaller(16, columns - j));
        for (ptrdiff_t j = 0; j < columns; j += 16) f16_store_some(bias_gradient + f + j, sums[j / 16], ck_smaller(16, columns - j));
    }
}

static void ck_fill_amx_conv(ck_table *t) {
    ck_conv_below = *t;
    t->conv_workspace = ck_tiled_workspace;
    t->conv = ck_tiled_forward;
    t->conv_input_gradient = ck_tiled_input_gradient;
    t->conv_weight_gradient = ck_tiled_weight_gradient;
    t->conv_packed_bytes = ck_tiled_packed_bytes;
    t->conv_pack = ck_tiled_pack;
}
