// An LSTM layer in bf16 on tiles.
//
// A step's products are taken 32 units at a time, and gates follow them. 32 rows at a time go through the whole sequence if the weights of
// x and of the state fit in the second-level cache together, or if there are no more rows; else several blocks of 32 go together, so that
// the weights are read from beyond that cache once for all of them. Backward, each 32 tokens of x, of the states and of the gates'
// gradients are laid out for the gradients of the weights as soon as they are complete, while they are near; those are one product over
// all tokens.

#include "ck_amx_lstm_gates.h"
#include "ck_amx_lstm_run.h"
#include "ck_amx_lstm_plan.h"
#include "ck_amx_lstm_forward.h"
#include "ck_amx_lstm_blocks.h"
#include "ck_amx_lstm_backward.h"

static void ck_amx_lstm_layer(const ck_lstm *g, ck_in x, const void *wx, const void *wh, const float *bias_x, const float *bias_h,
                              ck_out y, ck_out saved, void *workspace) {
    const ck_amx_lstm_plan plan = ck_amx_lstm_planned(g), *const p = &plan;
    ck_amx_lstm_forward_memory m;
    ck_amx_lstm_lay_forward(g, p, workspace, &m);
    if (p->rows == 0 || p->length == 0 || p->hidden == 0) return;
    if (!g->packed_weights) {
        ck_amx_pack_weights(wx, p->inputs, p->gates, m.wx);
        ck_amx_pack_weights(wh, p->hidden, p->gates, m.wh);
        wx = m.wx;
        wh = m.wh;
    }
    // As the functions take them: gates i, f, o are powers of two.
    for (ptrdiff_t j = 0; j < p->gates; j++)
        m.bias[j] = (bias_x[j] + bias_h[j]) * (j / p->hidden == 2 ? 1.0f : -0x1.715476p+0f);
    ck_amx_lstm_forward s = {.plan = p, .memory = &m, .wx = wx, .wh = wh, .x = x, .y = y, .saved = saved};
    s.x_unit = p->in_steps * CK_PAIR_BYTES;
    s.h_unit = p->units * CK_PAIR_BYTES;
    s.x_gate = p->units * s.x_unit;
    s.h_gate = p->units * s.h_unit;
    if (p->hidden % 32) {
        ck_amx_lstm_part_gates(wx, p->inputs, p->hidden, m.parted_x);
        ck_amx_lstm_part_gates(wh, p->hidden, p->hidden, m.parted_h);
        s.wx = m.parted_x;
        s.wh = m.parted_h;
        s.x_gate = s.x_unit;
        s.h_gate = s.h_unit;
        s.x_unit *= 4;
        s.h_unit *= 4;
    }
    for (int i = 0; i < 2; i++) memset(m.state[i], 0, (size_t)(p->blocks * p->units * CK_PAIR_BYTES));
    memset(m.x, 0, (size_t)(p->blocks * p->in_steps * CK_PAIR_BYTES));
    for (ptrdiff_t first = 0; first < p->rows; first += 32 * p->blocks) {
        s.group = (ck_amx_lstm_rows){first, ck_smaller(32 * p->blocks, p->rows - first)};
        memset(m.cells, 0, (size_t)(p->blocks * p->units * CK_SUMS_PANEL));
        if (p->blocks == 1) ck_amx_lstm_block_alone(&s, wx);
        else ck_amx_lstm_blocks(&s);
    }
    _tile_release();
}

static ptrdiff_t ck_amx_lstm_workspace(const ck_lstm *g, ck_dtype x_type) {
    if (g->type != CK_BF16) return ck_amx_below.lstm_workspace(g, x_type);
    const ck_amx_lstm_plan p = ck_amx_lstm_planned(g);
    ck_amx_lstm_forward_memory forward;
    ck_amx_lstm_backward_memory backward;
    const ptrdiff_t ahead = ck_amx_lstm_lay_forward(g, &p, 0, &forward), back = ck_amx_lstm_lay_backward(g, &p, 0, &backward);
    return 64 + (ahead > back ? ahead : back);
}

static void ck_amx_lstm(const ck_lstm *g, ck_in x, const void *wx, const void *wh, const float *bias_x, const float *bias_h, ck_out y,
                        ck_out saved, void *workspace) {
    if (g->type == CK_BF16) ck_amx_lstm_layer(g, x, wx, wh, bias_x, bias_h, y, saved, workspace);
    else ck_amx_below.lstm(g, x, wx, wh, bias_x, bias_h, y, saved, workspace);
}

static void ck_amx_lstm_gradient(const ck_lstm *g, ck_in x, const void *wx, const void *wh, ck_in y, ck_in saved, ck_in dy, ck_out dx,
                                 float *dwx, float *dwh, float *dbias_x, float *dbias_h, void *workspace) {
    if (g->type == CK_BF16) ck_amx_lstm_layer_gradient(g, x, wx, wh, y, saved, dy, dx, dwx, dwh, dbias_x, dbias_h, workspace);
    else ck_amx_below.lstm_gradient(g, x, wx, wh, y, saved, dy, dx, dwx, dwh, dbias_x, dbias_h, workspace);
}

static void ck_fill_amx_lstm(ck_table *t) {
    t->lstm_workspace = ck_amx_lstm_workspace;
    t->lstm = ck_amx_lstm;
    t->lstm_gradient = ck_amx_lstm_gradient;
}
