// Forward: up to 32 rows through the whole sequence.

typedef struct ck_amx_lstm_forward {
    ck_amx_lstm_side side;
    const ck_amx_lstm_plan *plan;
    const ck_amx_lstm_forward_memory *memory;
    // Rows from `first` on. Weights as [32 units, gate] panels: unit_bytes and gate_bytes apart.
    ptrdiff_t first;
    // The step and the item in work.
    ptrdiff_t t, item;
    const char *wx, *wh;
    ptrdiff_t x_unit, x_gate, h_unit, h_gate;
    ck_in x;
    ck_out y, saved;
    // What is added to the sums of row r at step t: row (t − early_from)·rows + r of `early`, or the bias.
    const float *early;
    ptrdiff_t early_from;
} ck_amx_lstm_forward;

// A piece of item done: units 32·u and on at step t.
static ptrdiff_t ck_amx_lstm_finish_gates(ck_amx_lstm_side *side) {
    const ck_amx_lstm_forward *s = (const ck_amx_lstm_forward *)side;
    const ck_amx_lstm_plan *p = s->plan;
    const ptrdiff_t r = side->piece / 2, half = side->piece % 2, behind = side->done < s->item;
    const ptrdiff_t t = behind && s->item == s->t * p->units ? s->t - 1 : s->t, u = side->done - t * p->units, block = 2 * u + half;
    const ptrdiff_t token = (s->first + r) * p->length + t;
    if (16 * block >= p->hidden) return 1;
    const ck_amx_lstm_row row = {
        .hidden = p->hidden,
        .sums = s->memory->sums[side->done & 1],
        .input = s->early ? s->early + ((t - s->early_from) * side->rows + r) * p->gates_row : s->memory->bias,
        .cells = s->memory->cells,
        .state = s->memory->state[t & 1],
        .y = s->y,
        .y_at = token * p->hidden,
        .saved = s->saved,
        .saved_at = 5 * p->hidden * (s->first * p->length + t * side->rows),
    };
    const ptrdiff_t left = p->hidden - 16 * block;
    if (left >= 16) ck_amx_lstm_forward_half(&row, 16, block, side->rows, r);
    else ck_amx_lstm_forward_half(&row, left, block, side->rows, r);
    // Lines of the next step, so that they are near when they are needed: of y, since a store that waits for its line holds up all
    // others, and of x.
    if (half == 0) {
        __builtin_prefetch((const char *)s->y.data + (token * p->hidden + p->hidden + 32 * u) * (s->y.type == CK_F32 ? 4 : 2), 1, 2);
    } else if (!s->early && u < p->in_steps && t + 1 < p->length) {
        _mm_prefetch((const char *)s->x.data + ((token + 1) * p->inputs + 32 * u) * (s->x.type == CK_F32 ? 4 : 2), _MM_HINT_T1);
    }
    return CK_AMX_GATES_COST;
}

// One step of time.
static void ck_amx_lstm_step(ck_amx_lstm_forward *s, ptrdiff_t t) {
    const ck_amx_lstm_plan *p = s->plan;
    const ck_amx_lstm_forward_memory *m = s->memory;
    ck_amx_lstm_side *side = &s->side;
    const ptrdiff_t in_steps = s->early ? 0 : p->in_steps, state_steps = t > 0 ? p->units : 0;
    if (in_steps) ck_amx_lstm_lay_rows(s->x, (s->first * p->length + t) * p->inputs, p->length * p->inputs, side->rows, p->inputs, m->x);
    for (ptrdiff_t u = 0; u < p->units; u++) {
        const ptrdiff_t item = t * p->units + u;
        float *const sums = m->sums[item & 1];
        const int first = u == 0 && t > 0;
        ck_amx_lstm_drain(side, item - 1);
        s->t = t;
        s->item = item;
        // The last units of the step before are finished while x is multiplied: the state is needed after that.
        const ptrdiff_t steps = 4 * (first ? in_steps : in_steps + state_steps);
        side->budget = steps ? (2 * side->rows * CK_AMX_GATES_COST + steps - 1) / steps : 0;
        for (ptrdiff_t q = 0; q < 4; q++) {
            const ck_amx_lstm_part parts[2] = {{m->x, s->wx + u * s->x_unit + q * s->x_gate, in_steps},
                                               {m->state[~t & 1], s->wh + u * s->h_unit + q * s->h_gate, state_steps}};
            ck_amx_lstm_multiply(side->rows, parts, first ? 1 : 2, 0, sums + 1024 * q, side);
        }
        if (first) {
            ck_amx_lstm_drain(side, item);
            for (ptrdiff_t q = 0; q < 4; q++) {
                const ck_amx_lstm_part part = {m->state[~t & 1], s->wh + q * s->h_gate, state_steps};
                ck_amx_lstm_multiply(side->rows, &part, 1, sums + 1024 * q, sums + 1024 * q, side);
            }
        }
        side->ready = item + 1;
    }
}

// The products of x for `steps` steps from t on.
static void ck_amx_lstm_go_ahead(ck_amx_lstm_forward *s, const char *packed_wx, ptrdiff_t t, ptrdiff_t steps) {
    const ck_amx_lstm_plan *p = s->plan;
    const ck_amx_lstm_forward_memory *m = s->memory;
    uint16_t *to = m->gathered;
    for (ptrdiff_t i = t; i < t + steps; i++) {
        for (ptrdiff_t r = 0; r < s->side.rows; r++, to += p->inputs) {
            const ptrdiff_t at = ((s->first + r) * p->length + i) * p->inputs;
            for (ptrdiff_t j = 0; j < p->inputs; j += 16) {
                const __mmask16 lanes = (__mmask16)ck_mask_of_32(p->inputs - j);
                ck_amx_put((ck_out){to, CK_BF16}, j, ck_amx_get(s->x, at + j, lanes), lanes);
            }
        }
    }
    const ck_gemm product = ck_amx_lstm_ahead(p, steps * s->side.rows, m->gathered, packed_wx, m->bias, m->early);
    ck_amx_gemm(&product, m->products);
    ck_amx_lstm_tiles(s->side.rows);
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
    for (ptrdiff_t j = 0; j < p->gates; j++) m.bias[j] = bias_x[j] + bias_h[j];
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
        s.side = (ck_amx_lstm_side){.rows = ck_smaller(32, p->rows - s.first), .finish = ck_amx_lstm_finish_gates};
        s.early = 0;
        memset(m.cells, 0, (size_t)(p->units * CK_SUMS_PANEL));
        const int in_step = p->fits && s.side.rows >= CK_AMX_LSTM_ROWS;
        const ptrdiff_t ahead = CK_AMX_LSTM_AHEAD / s.side.rows;
        ck_amx_lstm_tiles(s.side.rows);
        for (ptrdiff_t t = 0; t < p->length; t++) {
            if (!in_step && t % ahead == 0) {
                // Rows that wait still need what was made before.
                ck_amx_lstm_drain(&s.side, s.side.ready);
                ck_amx_lstm_go_ahead(&s, wx, t, ck_smaller(ahead, p->length - t));
            }
            ck_amx_lstm_step(&s, t);
        }
        ck_amx_lstm_drain(&s.side, s.side.ready);
    }
    _tile_release();
}
