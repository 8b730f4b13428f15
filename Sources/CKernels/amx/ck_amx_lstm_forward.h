// Forward: up to 32 rows through the whole sequence.

typedef struct ck_amx_lstm_forward {
    const ck_amx_lstm_plan *plan;
    const ck_amx_lstm_forward_memory *memory;
    // Rows from `first` on. Weights as [32 units, gate] panels: unit_bytes and gate_bytes apart.
    ptrdiff_t first, rows;
    // Items (32 units of a step, in order of time) whose sums are complete, and those whose gates are.
    ptrdiff_t ready, done;
    const char *wx, *wh;
    ptrdiff_t x_unit, x_gate, h_unit, h_gate;
    ck_in x;
    ck_out y, saved;
    // The products of x of the steps from early_from on, if they are made beforehand.
    const float *early;
    ptrdiff_t early_from;
    ck_amx_lstm_held held;
} ck_amx_lstm_forward;

// The gates of all items before `item`.
static void ck_amx_lstm_finish(ck_amx_lstm_forward *s, ptrdiff_t item) {
    const ck_amx_lstm_plan *p = s->plan;
    for (; s->done < item; s->done++) {
        const ptrdiff_t t = s->done / p->units, u = s->done % p->units, x_size = s->x.type == CK_F32 ? 4 : 2;
        ck_amx_lstm_item gates = {
            .rows = s->rows,
            .hidden = p->hidden,
            .block = 2 * u,
            .sums = s->memory->sums[s->done & 1],
            .y_at = (s->first * p->length + t) * p->hidden,
            .y_row = p->length * p->hidden,
            .saved = s->saved,
            .saved_at = 5 * p->hidden * (s->first * p->length + t * s->rows),
            .bias = s->memory->bias,
            .cells = s->memory->cells,
            .state = s->memory->state[t & 1],
            .y = s->y,
        };
        if (!s->early && u < p->in_steps && t + 1 < p->length) {
            gates.fetch = (const char *)s->x.data + ((s->first * p->length + t + 1) * p->inputs + 32 * u) * x_size;
            gates.fetch_row = p->length * p->inputs * x_size;
        } else {
            gates.fetch = s->memory->state[0];
        }
        ck_amx_lstm_forward_item(&gates);
    }
}

// One step of time. Each element is one chain over x, then over the state, wherever the products of x are made.
static void ck_amx_lstm_step(ck_amx_lstm_forward *s, ptrdiff_t t) {
    const ck_amx_lstm_plan *p = s->plan;
    const ck_amx_lstm_forward_memory *m = s->memory;
    const ptrdiff_t in_steps = s->early ? 0 : p->in_steps, state_steps = t > 0 ? p->units : 0, early_row = 4 * p->gates_row;
    const float *const early = s->early ? s->early + (t - s->early_from) * s->rows * p->gates_row : 0;
    if (in_steps) ck_amx_lstm_lay_rows(s->x, (s->first * p->length + t) * p->inputs, p->length * p->inputs, s->rows, p->inputs, m->x);
    for (ptrdiff_t u = 0; u < p->units; u++) {
        const ptrdiff_t item = t * p->units + u;
        float *const sums = m->sums[item & 1];
        // The last units of the step before are finished after x is multiplied: the state is needed then.
        const int first = u == 0 && t > 0;
        for (ptrdiff_t q = 0; q < 4; q++) {
            const ck_amx_lstm_part parts[2] = {{m->x, s->wx + u * s->x_unit + q * s->x_gate, in_steps},
                                               {m->state[~t & 1], s->wh + u * s->h_unit + q * s->h_gate, state_steps}};
            ck_amx_lstm_multiply(s->rows, parts, first ? 1 : 2, early ? early + q * p->hidden + 32 * u : 0, early_row, sums + 1024 * q,
                                 &s->held);
        }
        ck_amx_lstm_release(&s->held);
        ck_amx_lstm_finish(s, item);
        if (first) {
            for (ptrdiff_t q = 0; q < 4; q++) {
                const ck_amx_lstm_part part = {m->state[~t & 1], s->wh + q * s->h_gate, state_steps};
                ck_amx_lstm_multiply(s->rows, &part, 1, sums + 1024 * q, CK_SUMS_ROW, sums + 1024 * q, &s->held);
            }
            ck_amx_lstm_release(&s->held);
        }
        s->ready = item + 1;
    }
}

// The products of x for `steps` steps from t on.
static void ck_amx_lstm_go_ahead(ck_amx_lstm_forward *s, const char *packed_wx, ptrdiff_t t, ptrdiff_t steps) {
    const ck_amx_lstm_plan *p = s->plan;
    const ck_amx_lstm_forward_memory *m = s->memory;
    uint16_t *to = m->gathered;
    for (ptrdiff_t i = t; i < t + steps; i++) {
        for (ptrdiff_t r = 0; r < s->rows; r++, to += p->inputs) {
            const ptrdiff_t at = ((s->first + r) * p->length + i) * p->inputs;
            for (ptrdiff_t j = 0; j < p->inputs; j += 16) {
                const __mmask16 lanes = (__mmask16)ck_mask_of_32(p->inputs - j);
                ck_amx_put((ck_out){to, CK_BF16}, j, ck_amx_get(s->x, at + j, lanes), lanes);
            }
        }
    }
    const ck_gemm product = ck_amx_lstm_ahead(p, steps * s->rows, m->gathered, packed_wx, m->early);
    ck_amx_gemm(&product, m->products);
    ck_amx_lstm_tiles(s->rows);
    s->early = m->early;
    s->early_from = t;
}

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
    memset(m.state[0], 0, (size_t)(p->units * CK_PAIR_BYTES));
    memset(m.state[1], 0, (size_t)(p->units * CK_PAIR_BYTES));
    memset(m.x, 0, (size_t)(p->in_steps * CK_PAIR_BYTES));
    for (s.first = 0; s.first < p->rows; s.first += 32) {
        s.rows = ck_smaller(32, p->rows - s.first);
        s.early = 0;
        s.ready = s.done = 0;
        memset(m.cells, 0, (size_t)(p->units * CK_SUMS_PANEL));
        const int in_step = p->fits && s.rows >= CK_AMX_LSTM_ROWS;
        const ptrdiff_t ahead = CK_AMX_LSTM_AHEAD / s.rows;
        ck_amx_lstm_tiles(s.rows);
        for (ptrdiff_t t = 0; t < p->length; t++) {
            if (!in_step && t % ahead == 0) ck_amx_lstm_go_ahead(&s, wx, t, ck_smaller(ahead, p->length - t));
            ck_amx_lstm_step(&s, t);
        }
        ck_amx_lstm_finish(&s, s.ready);
    }
    _tile_release();
}
