// Convolutions in both element types, with strides, dilation, groups and an epilogue. Products in bf16 are computed in fp32 on
// operands rounded to bf16; levels with tiles override that.

#include "ck_conv_axis.h"
#include "ck_conv_finish.h"
#include "ck_moments.h"
#include "ck_conv_tile.h"
#include "ck_conv_pass.h"
#include "ck_conv_weights.h"
#include "ck_conv_depthwise.h"

static ptrdiff_t ck_conv_packed_bytes_of(const ck_pass *p) {
    return ck_conv_is_depthwise(p) ? ck_conv_bytes(p->taps * p->in_channels * 4) : ck_conv_pass_packed(p);
}

static ptrdiff_t ck_conv_packed_bytes(const ck_conv *g, int for_input_gradient) {
    const ck_pass p = ck_pass_of(&g->window, for_input_gradient);
    return ck_conv_packed_bytes_of(&p);
}

static void ck_conv_either_pack(const ck_pass *p, ck_dtype type, const float *weights, float *packed) {
    if (ck_conv_is_depthwise(p)) ck_conv_depthwise_pack(p, type, weights, packed);
    else ck_conv_pass_pack(p, type, weights, packed);
}

static void ck_conv_pack(const ck_conv *g, int for_input_gradient, const float *weights, void *packed) {
    const ck_pass p = ck_pass_of(&g->window, for_input_gradient);
    ck_conv_either_pack(&p, g->type, weights, packed);
}

// Depthwise convolutions have their channels side by side.
static inline ptrdiff_t ck_conv_moment_groups(const ck_pass *p) { return ck_conv_is_depthwise(p) ? 1 : p->groups; }
static ptrdiff_t ck_conv_moment_bytes(const ck_pass *p) {
    const ptrdiff_t groups = ck_conv_moment_groups(p);
    return ck_conv_bytes(ck_moments_bytes(groups, p->out_channels / groups));
}

static ptrdiff_t ck_conv_workspace(const ck_conv *g) {
    const ck_pass forward = ck_pass_of(&g->window, 0), backward = ck_pass_of(&g->window, 1);
    const int depthwise = ck_conv_is_depthwise(&forward);
    ptrdiff_t most = depthwise ? ck_conv_depthwise_bytes(&forward) : ck_conv_weight_bytes(&forward);
    for (int i = 0; i < 2; i++) {
        const ck_pass *p = i ? &backward : &forward;
        const ptrdiff_t own = depthwise ? ck_conv_depthwise_bytes(p) : ck_conv_pass_bytes(p);
        const ptrdiff_t bytes = own + (g->packed_weights ? 0 : ck_conv_packed_bytes_of(p)) + (g->measures && !i ? ck_conv_moment_bytes(p) : 0);
        if (bytes > most) most = bytes;
    }
    return most + 64;
}

static void ck_conv_either(const ck_conv *g, int backward, ck_in in, const void *weights, const ck_epilogue *epilogue, ck_out out,
                           const ck_statistics *statistics, void *workspace) {
    const ck_pass p = ck_pass_of(&g->window, backward);
    char *scratch = (char *)(((uintptr_t)workspace + 63) & ~(uintptr_t)63);
    if (!g->packed_weights) {
        float *packed = ck_conv_take(&scratch, ck_conv_packed_bytes_of(&p));
        ck_conv_either_pack(&p, g->type, weights, packed);
        weights = packed;
    }
    ck_moments moments;
    if (statistics) {
        const ptrdiff_t groups = ck_conv_moment_groups(&p);
        moments = ck_moments_begin(ck_conv_take(&scratch, ck_conv_moment_bytes(&p)), groups, p.out_channels / groups);
    }
    (ck_conv_is_depthwise(&p) ? ck_conv_depthwise : ck_conv_pass)(&p, g->type, g->rows, in, weights, epilogue, out,
                                                                  statistics ? &moments : 0, scratch);
    if (statistics) ck_moments_end(&moments, statistics);
}

static void ck_conv_forward(const ck_conv *g, ck_in x, const void *weights, const ck_epilogue *epilogue, ck_out y,
                            const ck_statistics *statistics, void *workspace) {
    ck_conv_either(g, 0, x, weights, epilogue, y, statistics, workspace);
}

static void ck_conv_input_gradient(const ck_conv *g, ck_in dy, const void *weights, const ck_epilogue *epilogue, ck_out dx,
                                   void *workspace) {
    ck_conv_either(g, 1, dy, weights, epilogue, dx, 0, workspace);
}

static void ck_conv_weight_gradient(const ck_conv *g, ck_in x, ck_in dy, float *dw, float *bias_gradient, void *workspace) {
    const ck_pass p = ck_pass_of(&g->window, 0);
    char *scratch = (char *)(((uintptr_t)workspace + 63) & ~(uintptr_t)63);
    (ck_conv_is_depthwise(&p) ? ck_conv_depthwise_weights : ck_conv_weight_pass)(&p, g->type, g->rows, x, dy, dw, bias_gradient, scratch);
}

static void ck_fill_conv(ck_table *t) {
    t->conv_workspace = ck_conv_workspace;
    t->conv = ck_conv_forward;
    t->conv_input_gradient = ck_conv_input_gradient;
    t->conv_weight_gradient = ck_conv_weight_gradient;
    t->conv_packed_bytes = ck_conv_packed_bytes;
    t->conv_pack = ck_conv_pack;
}
