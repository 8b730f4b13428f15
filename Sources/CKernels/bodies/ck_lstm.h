// An LSTM layer over a whole sequence.
//
// Only the recurrent product is sequential. The products of x are made for many time steps at once, and the gradients of the weights
// for all of them. The recurrent weights are laid out once per call in panels as the strips of `ck_matmul.h` read them: forward with
// the four gates of sixteen units side by side, so that a block of units is finished, gates and all, while its sums are in the
// first-level cache.
//
// Products of bf16 are made of floats that have been rounded to bf16; kernels on tiles replace them.

#include "ck_lstm_gates.h"
#include "ck_lstm_plan.h"

enum {
    // Columns of a block: four gates of sixteen units.
    CK_LSTM_COLUMNS = 64,
};

// c[rows, columns] (+)= a·panels, each panel [k, CK_PANEL]; columns is a multiple of a panel.
static void ck_lstm_multiply(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t k, const float *a, ptrdiff_t a_row, const float *panels,
                             const ptrdiff_t *steps, int load, float *c, ptrdiff_t c_row) {
    for (ptrdiff_t j = 0; j < columns; j += CK_PANEL, panels += k * CK_PANEL) {
        for (ptrdiff_t p = 0; p < k; p += CK_STEP_BLOCK) {
            const ck_strip s = {
                .a = a + p,
                .a_row = a_row,
                .steps = steps,
                .k = ck_smaller(CK_STEP_BLOCK, k - p),
                .b = panels + p * CK_PANEL,
                .b_row = CK_PANEL,
                .c = c + j,
                .c_row = c_row,
                .load = load || p > 0,
                .tail = CK_LANES,
            };
            ck_run_panel(&s, rows, 2, 0);
        }
    }
}

static void ck_lstm_round_panels(ptrdiff_t count, float *panels) {
    for (ptrdiff_t i = 0; i < count; i += 16) f16_store(panels + i, ck_lstm_rounded(f16_load(panels + i)));
}

// Packed weights b[k, n] (ck_gemm_pack.h: panels, floats whatever the type of the products) as they were, to be laid out for strips.
static ptrdiff_t ck_lstm_plain_bytes(const ck_lstm *g) { return g->packed_weights ? 4 * 4 * g->hidden * g->hidden : 0; }
static const float *ck_lstm_plain(const ck_lstm *g, const void *weights, ptrdiff_t k, ptrdiff_t n, float *plain) {
    if (!g->packed_weights) return weights;
    const float *packed = weights;
    for (ptrdiff_t j = 0; j < n; j += CK_GEMM_WIDTH) {
        const ptrdiff_t columns = ck_smaller(CK_GEMM_WIDTH, n - j), width = ck_gemm_padded(columns);
        for (ptrdiff_t p = 0; p < k; p++, packed += width) memcpy(plain + p * n + j, packed, sizeof(float) * (size_t)columns);
    }
    return plain;
}

// wh[H, 4H] as blocks of 64 columns: i, f, g, o of sixteen units, zeros beyond H.
static void ck_lstm_pack(const ck_lstm_plan *p, const float *wh, float *panels) {
    for (ptrdiff_t block = 0; block < p->blocks; block++, panels += CK_LSTM_COLUMNS * p->hidden) {
        const ptrdiff_t units = ck_lstm_units(p, block);
        for (ptrdiff_t k = 0; k < p->hidden; k++) {
            float line[CK_LSTM_COLUMNS];
            for (int q = 0; q < 4; q++) f16_store(line + 16 * q, ck_get(wh + k * p->gates + q * p->hidden + 16 * block, units));
            for (int j = 0; j < CK_LSTM_COLUMNS; j += CK_PANEL)
                memcpy(panels + j * p->hidden + k * CK_PANEL, line + j, CK_PANEL * sizeof(float));
        }
    }
}

// MARK: Forward

typedef struct ck_lstm_forward_memory {
    float *plain, *panels, *bias, *cells, *state, *next, *sums, *gates;
    void *weights, *x, *products;
} ck_lstm_forward_memory;

static ptrdiff_t ck_lstm_lay_out_forward(const ck_lstm *g, const ck_lstm_plan *p, char *workspace, ck_lstm_forward_memory *m) {
    char *at = workspace;
    m->plain = ck_lstm_take(&at, ck_lstm_plain_bytes(g));
    m->panels = ck_lstm_take(&at, 4 * p->hidden * p->blocks * CK_LSTM_COLUMNS);
    m->bias = ck_lstm_take(&at, 4 * p->gates);
    m->cells = ck_lstm_take(&at, 4 * p->blocks * p->rows * 16);
    m->state = ck_lstm_take(&at, 4 * p->rows * p->hidden_row);
    m->next = ck_lstm_take(&at, 4 * p->rows * p->hidden_row);
    m->sums = ck_lstm_take(&at, 4 * p->rows * CK_LSTM_COLUMNS);
    m->gates = ck_lstm_take(&at, 4 * p->chunk * p->gates_row);
    m->weights = ck_lstm_take(&at, ck_lstm_rounded_bytes(g, p));
    m->x = ck_lstm_take(&at, (g->type == CK_F32 ? 4 : 2) * p->chunk * p->inputs);
    m->products = at;
    return at - workspace;
}

// One step: every block's recurrent sums, then its gates.
static void ck_lstm_step(const ck_lstm_plan *p, const ck_lstm_forward_memory *m, const ptrdiff_t *steps, ptrdiff_t t, const float *gates,
                         ck_out saved) {
    const ck_in held = {saved.data, saved.type};
    for (ptrdiff_t block = 0; block < p->blocks; block++) {
        if (t > 0)
            ck_lstm_multiply(p->rows, CK_LSTM_COLUMNS, p->hidden, m->state, p->hidden_row,
                             m->panels + block * CK_LSTM_COLUMNS * p->hidden, steps, 0, m->sums, CK_LSTM_COLUMNS);
        const ck_lstm_block b = {
            .rows = p->rows,
            .units = ck_lstm_units(p, block),
            .saved = (void *)ck_lstm_from(held, ck_lstm_saved_at(p, t, block)),
            .input = gates + 16 * block,
            .input_row = p->gates_row,
            .input_gate = p->hidden,
            .recurrent = t > 0 ? m->sums : 0,
            .recurrent_row = CK_LSTM_COLUMNS,
            .recurrent_gate = 16,
            .cells = m->cells + block * p->rows * 16,
            .h = m->next + 16 * block,
            .h_row = p->hidden_row,
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
    ptrdiff_t offsets[CK_STEP_BLOCK];
    for (ptrdiff_t i = 0; i < CK_STEP_BLOCK; i++) offsets[i] = i;
    ck_lstm_pack(p, ck_lstm_plain(g, wh, p->hidden, p->gates, m.plain), m.panels);
    if (g->type == CK_BF16) ck_lstm_round_panels(p->hidden * p->blocks * CK_LSTM_COLUMNS, m.panels);
    wx = ck_lstm_as_factors(g, p, wx, m.weights);
    ck_add(p->gates, bias_x, bias_h, m.bias);
    memset(m.cells, 0, sizeof(float) * (size_t)(p->blocks * p->rows * 16));
    const ptrdiff_t y_size = y.type == CK_F32 ? 4 : 2;
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
            ck_lstm_step(p, &m, offsets, t, m.gates + (t - first) * p->rows * p->gates_row, saved);
            for (ptrdiff_t r = 0; r < p->rows; r++) {
                float *h = m.next + r * p->hidden_row;
                ck_lstm_copy_row(p->hidden, CK_F32, h, y.type, (char *)y.data + (r * p->length + t) * p->hidden * y_size);
                // What is fed back is what backward will read, as the products see it.
                if (y.type == CK_BF16 || g->type == CK_BF16)
                    for (ptrdiff_t j = 0; j < p->hidden; j += 16) f16_store(h + j, ck_lstm_rounded(f16_load(h + j)));
            }
            float *const swapped = m.state;
            m.state = m.next;
            m.next = swapped;
        }
    }
}

// MARK: Backward

typedef struct ck_lstm_backward_memory {
    float *plain, *panels, *dcells, *dh, *values, *dx;
    void *weights, *dgates, *x, *h, *products;
} ck_lstm_backward_memory;

static ptrdiff_t ck_lstm_lay_out_backward(const ck_lstm *g, const ck_lstm_plan *p, char *workspace, ck_lstm_backward_memory *m) {
    const ptrdiff_t size = g->type == CK_F32 ? 4 : 2, tokens = p->rows * p->length;
    char *at = workspace;
    m->plain = ck_lstm_take(&at, ck_lstm_plain_bytes(g));
    m->panels = ck_lstm_take(&at, 4 * p->gates * ck_paneled(p->hidden));
    m->dcells = ck_lstm_take(&at, 4 * p->blocks * p->rows * 16);
    m->dh = ck_lstm_take(&at, 4 * p->rows * ck_lstm_row(ck_paneled(p->hidden)));
    m->values = g->type == CK_F32 ? 0 : ck_lstm_take(&at, 4 * p->rows * p->gates_row);
    m->dx = ck_lstm_take(&at, 4 * p->chunk * p->inputs);
    m->weights = ck_lstm_take(&at, ck_lstm_rounded_bytes(g, p));
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
static void ck_lstm_step_back(const ck_lstm *g, const ck_lstm_plan *p, const ck_lstm_backward_memory *m, const ptrdiff_t *steps,
                              ptrdiff_t t, ck_in saved, ck_in dy, float *dbias) {
    const ptrdiff_t size = g->type == CK_F32 ? 4 : 2, step_bytes = size * p->rows * p->gates_row;
    const ptrdiff_t columns = (p->hidden + CK_PANEL - 1) / CK_PANEL * CK_PANEL, dh_row = ck_lstm_row(ck_paneled(p->hidden));
    char *const dgates = (char *)m->dgates + t * step_bytes;
    for (ptrdiff_t r = 0; r < p->rows; r++) {
        float *dh = m->dh + r * dh_row;
        ck_lstm_copy_row(p->hidden, dy.type, ck_lstm_from(dy, (r * p->length + t) * p->hidden), CK_F32, dh);
        for (ptrdiff_t j = p->hidden; j < columns; j++) dh[j] = 0.0f;
    }
    if (t + 1 < p->length) {
        const float *later = g->type == CK_F32 ? (const float *)(dgates + step_bytes) : m->values;
        ck_lstm_multiply(p->rows, columns, p->gates, later, p->gates_row, m->panels, steps, 1, m->dh, dh_row);
    }
    for (ptrdiff_t block = 0; block < p->blocks; block++) {
        const ck_lstm_block b = {
            .rows = p->rows,
            .units = ck_lstm_units(p, block),
            .saved = (void *)ck_lstm_from(saved, ck_lstm_saved_at(p, t, block)),
            .before = t > 0 ? ck_lstm_from(saved, ck_lstm_saved_at(p, t - 1, block)) : 0,
            .dh = m->dh + 16 * block,
            .dh_row = dh_row,
            .dcells = m->dcells + block * p->rows * 16,
            .dgates = dgates + 16 * block * size,
            .dgates_row = p->gates_row,
            .dgates_gate = p->hidden,
            .values = m->values ? m->values + 16 * block : 0,
            .values_row = p->gates_row,
            .bias = dbias + 16 * block,
        };
        ck_lstm_backward_block(saved.type, g->type, &b);
    }
}

// The gradients of the weights, of all time steps.
static void ck_lstm_weight_gradients(const ck_lstm *g, const ck_lstm_plan *p, ck_in x, ck_in y, const void *dgates, void *x_memory,
                                     void *h_memory, float *dwx, float *dwh, void *workspace) {
    const ptrdiff_t size = g->type == CK_F32 ? 4 : 2, tokens = p->rows * p->length, later = tokens - p->rows;
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
    const ptrdiff_t dx_size = dx.type == CK_F32 ? 4 : 2;
    const ck_out direct = {(char *)dx.data + first * p->rows * p->inputs * dx_size, dx.type};
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
    ptrdiff_t offsets[CK_STEP_BLOCK];
    for (ptrdiff_t i = 0; i < CK_STEP_BLOCK; i++) offsets[i] = i;
    if (g->packed_weights) ck_pack(ck_lstm_plain(g, wh, p->gates, p->hidden, m.plain), p->hidden, p->gates, p->hidden, m.panels);
    else ck_pack_transposed(wh, p->gates, p->gates, p->hidden, m.panels);
    if (g->type == CK_BF16) ck_lstm_round_panels(p->gates * ((p->hidden + CK_PANEL - 1) / CK_PANEL * CK_PANEL), m.panels);
    wx = ck_lstm_as_factors(g, p, wx, m.weights);
    memset(m.dcells, 0, sizeof(float) * (size_t)(p->blocks * p->rows * 16));
    const ptrdiff_t step_bytes = (g->type == CK_F32 ? 4 : 2) * p->rows * p->gates_row;
    for (ptrdiff_t end = p->length; end > 0;) {
        const ptrdiff_t steps = ck_smaller(p->steps, end), first = end - steps;
        for (ptrdiff_t t = end - 1; t >= first; t--) ck_lstm_step_back(g, p, &m, offsets, t, saved, dy, dbias_x);
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
