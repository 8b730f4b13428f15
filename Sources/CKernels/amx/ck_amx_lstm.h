// An LSTM layer in bf16 on tiles.
//
// A step's products are taken 32 units at a time, and the gates of the 32 units before follow them. If the weights of x and of the state
// fit in the second-level cache together and rows fill the tiles, x is multiplied in the same step, so sums never leave the first level;
// else the products of x are made beforehand for many steps. Backward, each 32 tokens of x, of the states and of the gates' gradients are
// laid out for the gradients of the weights as soon as they are complete, while they are near; those are one product over all tokens.

#include "ck_amx_lstm_gates.h"
#include "ck_amx_lstm_run.h"
#include "ck_amx_lstm_plan.h"
#include "ck_amx_lstm_forward.h"
#include "ck_amx_lstm_backward.h"

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
