// An LSTM layer over a whole sequence.
//
// Only the recurrent product is sequential: a step adds it to the products of x, which are made for many time steps at once where the
// gates will read them. The gradients of x and of the weights are made for many steps at once as well. All are products of ck_gemm.h
// against weights in panels, which are packed here if they come plain.
//
// Products of bf16 are made of floats that have been rounded to bf16; kernels on tiles replace them.

#include "ck_lstm_gates.h"
#include "ck_lstm_plan.h"

// MARK: Forward

typedef struct ck_lstm_forward_memory {
    void *wx, *wh, *state, *next, *x, *products;
    float *bias, *cells, *gates;
} ck_lstm_forward_memory;

static ptrdiff_t ck_lstm_lay_out_forward(const ck_lstm *g, const ck_lstm_plan *p, char *workspace, ck_lstm_forward_memory *m) {
    const ptrdiff_t size = ck_bytes_of(g->type);
    char *at = workspace;
    m->wx = ck_lstm_take(&at, ck_lstm_packed_bytes(g, p->inputs, p->gates, 0));
    m->wh = ck_lstm_take(&at, ck_lstm_packed_bytes(g, p->hidden, p->gates, 0));
    m->bias = ck_lstm_take(&at, 4 * p->gates);
    m->cells = ck_lstm_take(&at, 4 * p->blocks * p->rows * 16);
    m->state = ck_lstm_take(&at, size * p->rows * p->hidden_row);
    m->next = ck_lstm_take(&at, size * p->rows * p->hidden_row);
    m->gates = ck_lstm_take(&at, 4 * p->chunk * p->gates_row);
    m->x = ck_lstm_take(&at, size * p->chunk * p->inputs);
    m->products = at;
    return at - workspace;
}

// One step: the recurrent sums, then every block's gates.
static void ck_lstm_step(const ck_lstm *g, const ck_lstm_plan *p, const ck_lstm_forward_memory *m, ptrdiff_t t, const void *wh,
                         float *gates, ck_out y, ck_out saved) {
    const ck_in held = {saved.data, saved.type};
    if (t > 0) {
        const ck_gemm product = ck_lstm_recurrent_product(g, p, m->state, wh, gates);
        g->kernels->gemm(&product, m->products);
    }
    for (ptrdiff_t block = 0; block < p->blocks; block++) {
        const ck_lstm_block b = {
            .rows = p->rows,
            .units = ck_lstm_units(p, block),
            .saved = (void *)ck_lstm_from(held, ck_lstm_saved_at(p, t, block)),
            .sums = gates + 16 * block,
            .sums_row = p->gates_row,
            .gate = p->hidden,
            .cells = m->cells + block * p->rows * 16,
            .y = y,
            .y_at = t * p->hidden + 16 * block,
            .y_row = p->length * p->hidden,
            .state = {m->next, g->type},
            .state_at = 16 * block,
            .state_row = p->hidden_row,
        };
        ck_lstm_forward_block(saved.type, &b);
    }
}

static void ck_lstm_layer(const ck_lstm *g, ck_in x, const void *wx, const void *wh, const float *bias_x, const float *bias_h, ck_out y,
                          ck_out saved, void *workspace) {
    const ck_lstm_plan plan = ck_lstm_planned(g), *const p = &plan;
    ck_lstm_forward_memory m;
    ck_lstm_lay_out_forward(g, p, workspace, &m);
    if (p->rows == 0 || p->length == 0 || p->hidden == 0) return;
    wx = ck_lstm_packed(g, wx, p->inputs, p->gates, 0, m.wx);
    wh = ck_lstm_packed(g, wh, p->hidden, p->gates, 0, m.wh);
    ck_add(p->gates, bias_x, bias_h, m.bias);
    memset(m.cells, 0, sizeof(float) * (size_t)(p->blocks * p->rows * 16));
    for (ptrdiff_t first = 0; first < p->length; first += p->steps) {
        const ptrdiff_t steps = ck_smaller(p->steps, p->length - first);
        const void *inputs = ck_lstm_from(x, first * p->rows * p->inputs);
        if (!p->in_time_order || x.type != g->type) {
            ck_lstm_gather(p, x, first, steps, p->inputs, (ck_out){m.x, g->type});
            inputs = m.x;
        }
        const ck_gemm product = ck_lstm_input_product(g, p, steps * p->rows, inputs, wx, m.bias, m.gates);
        g->kernels->gemm(&product, m.products);
        for (ptrdiff_t t = first; t < first + steps; t++) {
            ck_lstm_step(g, p, &m, t, wh, m.gates + (t - first) * p->rows * p->gates_row, y, saved);
            void *const swapped = m.state;
            m.state = m.next;
            m.next = swapped;
        }
    }
}

// MARK: Backward

typedef struct ck_lstm_backward_memory {
    void *wx, *wh, *dgates, *x, *h, *products;
    float *dcells, *dh, *dx;
} ck_lstm_backward_memory;

static ptrdiff_t ck_lstm_lay_out_backward(const ck_lstm *g, const ck_lstm_plan *p, char *workspace, ck_lstm_backward_memory *m) {
    const ptrdiff_t size = ck_bytes_of(g->type), tokens = p->rows * p->length;
    char *at = workspace;
    m->wx = ck_lstm_take(&at, ck_lstm_packed_bytes(g, p->gates, p->inputs, 1));
    m->wh = ck_lstm_take(&at, ck_lstm_packed_bytes(g, p->gates, p->hidden, 1));
    m->dcells = ck_lstm_take(&at, 4 * p->blocks * p->rows * 16);
    m->dh = ck_lstm_take(&at, 4 * p->rows * p->hidden_row);
    m->dx = ck_lstm_take(&at, 4 * p->chunk * p->inputs);
    m->dgates = ck_lstm_take(&at, size * tokens * p->gates_row);
    m->x = ck_lstm_take(&at, size * tokens * p->inputs);
    m->h = ck_lstm_take(&at, size * tokens * p->hidden);
    m->products = at;
    return at - workspace;
}

static ptrdiff_t ck_lstm_layer_workspace(const ck_lstm *g, ck_dtype x_type) {
    (void)x_type;
    const ck_lstm_plan p = ck_lstm_planned(g);
    ck_lstm_forward_memory forward;
    ck_lstm_backward_memory backward;
    const ptrdiff_t own = ck_lstm_larger(ck_lstm_lay_out_forward(g, &p, 0, &forward), ck_lstm_lay_out_backward(g, &p, 0, &backward));
    return 64 + own + ck_lstm_product_workspace(g, &p);
}

// The gradients of the gates at step t, from those at t + 1.
static void ck_lstm_step_back(const ck_lstm *g, const ck_lstm_plan *p, const ck_lstm_backward_memory *m, const void *wh, ptrdiff_t t,
                              ck_in saved, ck_in dy, float *dbias) {
    const ptrdiff_t size = ck_bytes_of(g->type), step_bytes = size * p->rows * p->gates_row;
    char *const dgates = (char *)m->dgates + t * step_bytes;
    if (t + 1 < p->length) {
        const ck_gemm product = ck_lstm_recurrent_gradient(g, p, dgates + step_bytes, wh, m->dh);
        g->kernels->gemm(&product, m->products);
    }
    for (ptrdiff_t block = 0; block < p->blocks; block++) {
        const ck_lstm_block b = {
            .rows = p->rows,
            .units = ck_lstm_units(p, block),
            .saved = (void *)ck_lstm_from(saved, ck_lstm_saved_at(p, t, block)),
            .before = t > 0 ? ck_lstm_from(saved, ck_lstm_saved_at(p, t - 1, block)) : 0,
            .dy = dy,
            .y_at = t * p->hidden + 16 * block,
            .y_row = p->length * p->hidden,
            .dh = t + 1 < p->length ? m->dh + 16 * block : 0,
            .dh_row = p->hidden_row,
            .dcells = m->dcells + block * p->rows * 16,
            .dgates = dgates + 16 * block * size,
            .dgates_row = p->gates_row,
            .gate = p->hidden,
            .bias = dbias + 16 * block,
        };
        ck_lstm_backward_block(saved.type, g->type, &b);
    }
}

// The gradients of the weights, of all time steps.
static void ck_lstm_weight_gradients(const ck_lstm *g, const ck_lstm_plan *p, ck_in x, ck_in y, const void *dgates, void *x_memory,
                                     void *h_memory, float *dwx, float *dwh, void *workspace) {
    const ptrdiff_t size = ck_bytes_of(g->type), tokens = p->rows * p->length, later = tokens - p->rows;
    const void *inputs = x.data, *states = y.data;
    if (!p->in_time_order || x.type != g->type) {
        ck_lstm_gather(p, x, 0, p->length, p->inputs, (ck_out){x_memory, g->type});
        inputs = x_memory;
    }
    if (!p->in_time_order || y.type != g->type) {
        ck_lstm_gather(p, y, 0, p->length - 1, p->hidden, (ck_out){h_memory, g->type});
        states = h_memory;
    }
    const ck_gemm of_inputs = ck_lstm_weight_gradient(g, p, tokens, p->inputs, inputs, dgates, dwx);
    g->kernels->gemm(&of_inputs, workspace);
    // The state before the first step is zero.
    if (later == 0) {
        memset(dwh, 0, sizeof(float) * (size_t)(p->hidden * p->gates));
    } else {
        const void *from_second = (const char *)dgates + size * p->rows * p->gates_row;
        const ck_gemm of_states = ck_lstm_weight_gradient(g, p, later, p->hidden, states, from_second, dwh);
        g->kernels->gemm(&of_states, workspace);
    }
}

// dx of some steps, while their gates' gradients are near.
static void ck_lstm_inputs_back(const ck_lstm *g, const ck_lstm_plan *p, const void *dgates, const void *wx, ptrdiff_t first,
                                ptrdiff_t steps, ck_out dx, float *scratch, void *workspace) {
    const ck_out direct = {(char *)dx.data + first * p->rows * p->inputs * ck_bytes_of(dx.type), dx.type};
    const ck_out out = p->in_time_order ? direct : (ck_out){scratch, dx.type};
    const ck_gemm product = ck_lstm_input_gradient(g, p, steps * p->rows, dgates, wx, out);
    g->kernels->gemm(&product, workspace);
    if (!p->in_time_order) ck_lstm_scatter(p, (ck_in){scratch, dx.type}, first, steps, p->inputs, dx);
}

static void ck_lstm_layer_gradient(const ck_lstm *g, ck_in x, const void *wx, const void *wh, ck_in y, ck_in saved, ck_in dy, ck_out dx,
                                   float *dwx, float *dwh, float *dbias_x, float *dbias_h, void *workspace) {
    const ck_lstm_plan plan = ck_lstm_planned(g), *const p = &plan;
    ck_lstm_backward_memory m;
    ck_lstm_lay_out_backward(g, p, workspace, &m);
    memset(dbias_x, 0, sizeof(float) * (size_t)p->gates);
    memset(dbias_h, 0, sizeof(float) * (size_t)p->gates);
    if (p->rows == 0 || p->length == 0 || p->hidden == 0) {
        memset(dwx, 0, sizeof(float) * (size_t)(p->inputs * p->gates));
        memset(dwh, 0, sizeof(float) * (size_t)(p->hidden * p->gates));
        return;
    }
    if (dx.data) wx = ck_lstm_packed(g, wx, p->gates, p->inputs, 1, m.wx);
    wh = ck_lstm_packed(g, wh, p->gates, p->hidden, 1, m.wh);
    memset(m.dcells, 0, sizeof(float) * (size_t)(p->blocks * p->rows * 16));
    const ptrdiff_t step_bytes = ck_bytes_of(g->type) * p->rows * p->gates_row;
    for (ptrdiff_t end = p->length; end > 0;) {
        const ptrdiff_t steps = ck_smaller(p->steps, end), first = end - steps;
        for (ptrdiff_t t = end - 1; t >= first; t--) ck_lstm_step_back(g, p, &m, wh, t, saved, dy, dbias_x);
        if (dx.data) ck_lstm_inputs_back(g, p, (const char *)m.dgates + first * step_bytes, wx, first, steps, dx, m.dx, m.products);
        end = first;
    }
    memcpy(dbias_h, dbias_x, sizeof(float) * (size_t)p->gates);
    ck_lstm_weight_gradients(g, p, x, y, m.dgates, m.x, m.h, dwx, dwh, m.products);
}

static void ck_fill_lstm(ck_table *t) {
    t->lstm_workspace = ck_lstm_layer_workspace;
    t->lstm = ck_lstm_layer;
    t->lstm_gradient = ck_lstm_layer_gradient;
}
