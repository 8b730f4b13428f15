// Forward, one block of up to 32 rows through the whole sequence.
//
// If the weights of x and of the state fit in the second-level cache together and rows fill the tiles, x is multiplied in the same step, so
// sums never leave the first level; else the products of x are made beforehand for many steps.

typedef struct ck_amx_lstm_forward {
    const ck_amx_lstm_plan *plan;
    const ck_amx_lstm_forward_memory *memory;
    ck_amx_lstm_rows group;
    // Of one block: items (32 units of a step, in order of time) whose sums are complete, and those whose gates are.
    ptrdiff_t ready, done;
    // Weights as [32 units, gate] panels: unit_bytes and gate_bytes apart.
    const char *wx, *wh;
    ptrdiff_t x_unit, x_gate, h_unit, h_gate;
    ck_in x;
    ck_out y, saved;
    // The products of x of the steps from early_from on, if they are made beforehand.
    const float *early;
    ptrdiff_t early_from;
    ck_amx_lstm_held held;
} ck_amx_lstm_forward;

// The gates of 32 units of block b at step t.
static void ck_amx_lstm_gates_of(ck_amx_lstm_forward *s, ptrdiff_t b, ptrdiff_t t, ptrdiff_t u, const float *sums) {
    const ck_amx_lstm_plan *p = s->plan;
    const ck_amx_lstm_rows rows = ck_amx_lstm_block(&s->group, b);
    ck_amx_lstm_item gates = {
        .rows = rows.count,
        .hidden = p->hidden,
        .block = 2 * u,
        .sums = sums,
        .y_at = (rows.first * p->length + t) * p->hidden,
        .y_row = p->length * p->hidden,
        .saved = s->saved,
        .saved_at = 5 * p->hidden * (rows.first * p->length + t * rows.count),
        .bias = s->memory->bias,
        .cells = s->memory->cells + 1024 * p->units * b,
        .state = s->memory->state[t & 1] + p->units * CK_PAIR_BYTES * b,
        .y = s->y,
    };
    if (!s->early && u < p->in_steps && t + 1 < p->length) {
        const ptrdiff_t size = s->x.type == CK_F32 ? 4 : 2;
        gates.fetch = (const char *)s->x.data + ((rows.first * p->length + t + 1) * p->inputs + 32 * u) * size;
        gates.fetch_row = p->length * p->inputs * size;
    } else {
        gates.fetch = s->memory->state[0];
    }
    ck_amx_lstm_forward_item(&gates);
}

// The gates of all items before `item`.
static void ck_amx_lstm_finish(ck_amx_lstm_forward *s, ptrdiff_t item) {
    const ptrdiff_t units = s->plan->units;
    for (; s->done < item; s->done++) ck_amx_lstm_gates_of(s, 0, s->done / units, s->done % units, ck_amx_lstm_sums(s->memory, s->done & 1));
}

// x of step t of block b, as a.
static void ck_amx_lstm_lay_x(const ck_amx_lstm_forward *s, ptrdiff_t b, ptrdiff_t t) {
    const ck_amx_lstm_plan *p = s->plan;
    const ck_amx_lstm_rows rows = ck_amx_lstm_block(&s->group, b);
    ck_amx_lstm_lay_rows(s->x, (rows.first * p->length + t) * p->inputs, p->length * p->inputs, rows.count, p->inputs,
                         s->memory->x + p->in_steps * CK_PAIR_BYTES * b);
}

// One step of one block. Each element is one chain over x, then over the state, wherever the products of x are made.
static void ck_amx_lstm_step(ck_amx_lstm_forward *s, ptrdiff_t t) {
    const ck_amx_lstm_plan *p = s->plan;
    const ck_amx_lstm_forward_memory *m = s->memory;
    const ptrdiff_t in_steps = s->early ? 0 : p->in_steps, state_steps = t > 0 ? p->units : 0, early_row = 4 * p->gates_row;
    const float *const early = s->early ? s->early + (t - s->early_from) * s->group.count * p->gates_row : 0;
    if (in_steps) ck_amx_lstm_lay_x(s, 0, t);
    for (ptrdiff_t u = 0; u < p->units; u++) {
        const ptrdiff_t item = t * p->units + u;
        float *const sums = ck_amx_lstm_sums(m, item & 1);
        // The last units of the step before are finished after x is multiplied: the state is needed then.
        const int first = u == 0 && t > 0;
        for (ptrdiff_t q = 0; q < 4; q++) {
            const ck_amx_lstm_part parts[2] = {{m->x, s->wx + u * s->x_unit + q * s->x_gate, in_steps},
                                               {m->state[~t & 1], s->wh + u * s->h_unit + q * s->h_gate, state_steps}};
            ck_amx_lstm_multiply(s->group.count, parts, first ? 1 : 2, early ? early + q * p->hidden + 32 * u : 0, early_row, sums + 1024 * q,
                                 &s->held);
        }
        ck_amx_lstm_release(&s->held);
        ck_amx_lstm_finish(s, item);
        if (first) {
            for (ptrdiff_t q = 0; q < 4; q++) {
                const ck_amx_lstm_part part = {m->state[~t & 1], s->wh + q * s->h_gate, state_steps};
                ck_amx_lstm_multiply(s->group.count, &part, 1, sums + 1024 * q, CK_SUMS_ROW, sums + 1024 * q, &s->held);
            }
            ck_amx_lstm_release(&s->held);
        }
        s->ready = item + 1;
    }
}

// The products of x for `steps` steps of one block from t on.
static void ck_amx_lstm_go_ahead(ck_amx_lstm_forward *s, const char *packed_wx, ptrdiff_t t, ptrdiff_t steps) {
    const ck_amx_lstm_plan *p = s->plan;
    const ck_amx_lstm_forward_memory *m = s->memory;
    uint16_t *to = m->gathered;
    for (ptrdiff_t i = t; i < t + steps; i++) {
        for (ptrdiff_t r = 0; r < s->group.count; r++, to += p->inputs) {
            const ptrdiff_t at = ((s->group.first + r) * p->length + i) * p->inputs;
            for (ptrdiff_t j = 0; j < p->inputs; j += 16) {
                const __mmask16 lanes = (__mmask16)ck_mask_of_32(p->inputs - j);
                ck_amx_put((ck_out){to, CK_BF16}, j, ck_amx_get(s->x, at + j, lanes), lanes);
            }
        }
    }
    const ck_gemm product = ck_amx_lstm_ahead(p, steps * s->group.count, m->gathered, packed_wx, m->early);
    ck_amx_gemm(&product, m->products);
    ck_amx_lstm_tiles(s->group.count);
    s->early = m->early;
    s->early_from = t;
}

static void ck_amx_lstm_block_alone(ck_amx_lstm_forward *s, const char *packed_wx) {
    const ck_amx_lstm_plan *p = s->plan;
    const int in_step = p->fits && s->group.count >= CK_AMX_LSTM_ROWS;
    const ptrdiff_t ahead = CK_AMX_LSTM_AHEAD / s->group.count;
    s->early = 0;
    s->ready = s->done = 0;
    ck_amx_lstm_tiles(s->group.count);
    for (ptrdiff_t t = 0; t < p->length; t++) {
        if (!in_step && t % ahead == 0) ck_amx_lstm_go_ahead(s, packed_wx, t, ck_smaller(ahead, p->length - t));
        ck_amx_lstm_step(s, t);
    }
    ck_amx_lstm_finish(s, s->ready);
}
