// Attention in bf16 tiles. Probabilities and the gradients of scores are rounded to bf16 before they are multiplied; maxima, sums,
// statistics and everything added up is fp32. Results that would be denormal are stored as zero.
//
// Operands that are not bf16 go to the level below. So does a batch row with an infinite or NaN operand under a causal mask: tiles
// multiply what a query does not see by zero.

#include "../bodies/ck_attention_ahead.h"
#include "ck_amx_attention_math.h"
#include "ck_amx_attention_layout.h"
#include "ck_amx_attention_forward.h"
#include "ck_amx_attention_patches.h"
#include "ck_amx_attention_backward.h"

// The entries of the level below, set when the table is filled.
static ptrdiff_t (*ck_lower_attention_workspace)(const ck_attention *, ck_dtype);
static void (*ck_lower_attention)(const ck_attention *, ck_in, ck_out, float *, void *);
static void (*ck_lower_attention_gradient)(const ck_attention *, ck_in, ck_in, const float *, ck_in, ck_out, void *);

static ptrdiff_t ck_amx_attention_workspace(const ck_attention *g, ck_dtype type) {
    ptrdiff_t bytes = ck_lower_attention_workspace(g, type);
    if (type == CK_F32) return bytes;
    ck_tile_forward forward;
    ck_tile_backward backward;
    const ptrdiff_t needed[] = {ck_tile_forward_plan(g, 0, &forward), ck_tile_backward_plan(g, 0, &backward)};
    for (int i = 0; i < 2; i++)
        if (needed[i] > bytes) bytes = needed[i];
    return bytes;
}

static void ck_amx_tiles_on(void) {
    const uint8_t rows[8] = {16, 16, 16, 16, 16, 16, 16, 16};
    ck_tiles_configure(rows);
}

static void ck_amx_attention(const ck_attention *g, ck_in qkv, ck_out y, float *statistics, void *workspace) {
    if (qkv.type != CK_BF16 || y.type != CK_BF16) {
        ck_lower_attention(g, qkv, y, statistics, workspace);
        return;
    }
    ck_tile_forward forward;
    ck_tile_forward_plan(g, workspace, &forward);
    const ptrdiff_t tokens = g->length * g->heads;
    ck_amx_tiles_on();
    for (ptrdiff_t r = 0; r < g->rows; r++) {
        if (ck_tile_forward_row(g, r, qkv.data, y.data, statistics, &forward)) continue;
        ck_attention one = *g;
        one.rows = 1;
        one.row_keys = g->row_keys ? g->row_keys + r : 0;
        ck_lower_attention(&one, (ck_in){(const uint16_t *)qkv.data + r * 3 * tokens * g->size, CK_BF16},
                           (ck_out){(uint16_t *)y.data + r * tokens * g->size, CK_BF16}, statistics + r * tokens, workspace);
    }
    _tile_release();
}

static void ck_amx_attention_gradient(const ck_attention *g, ck_in qkv, ck_in y, const float *statistics, ck_in dy, ck_out dqkv,
                                      void *workspace) {
    if (qkv.type != CK_BF16 || y.type != CK_BF16 || dy.type != CK_BF16 || dqkv.type != CK_BF16) {
        ck_lower_attention_gradient(g, qkv, y, statistics, dy, dqkv, workspace);
        return;
    }
    ck_tile_backward backward;
    ck_tile_backward_plan(g, workspace, &backward);
    const ptrdiff_t tokens = g->length * g->heads;
    ck_amx_tiles_on();
    for (ptrdiff_t r = 0; r < g->rows; r++) {
        if (ck_tile_backward_row(g, r, qkv.data, y.data, statistics, dy.data, dqkv.data, &backward)) continue;
        ck_attention one = *g;
        one.rows = 1;
        one.row_keys = g->row_keys ? g->row_keys + r : 0;
        const ptrdiff_t in = r * 3 * tokens * g->size, out = r * tokens * g->size;
        ck_lower_attention_gradient(&one, (ck_in){(const uint16_t *)qkv.data + in, CK_BF16},
                                    (ck_in){(const uint16_t *)y.data + out, CK_BF16}, statistics + r * tokens,
                                    (ck_in){(const uint16_t *)dy.data + out, CK_BF16},
                                    (ck_out){(uint16_t *)dqkv.data + in, CK_BF16}, workspace);
    }
    _tile_release();
}

static void ck_fill_amx_attention(ck_table *t) {
    ck_lower_attention_workspace = t->attention_workspace;
    ck_lower_attention = t->attention;
    ck_lower_attention_gradient = t->attention_gradient;
    t->attention_workspace = ck_amx_attention_workspace;
    t->attention = ck_amx_attention;
    t->attention_gradient = ck_amx_attention_gradient;
}
