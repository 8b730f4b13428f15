// Backward: up to 32 rows through the sequence from its end, then the gradients of the weights over all tokens.

typedef struct ck_amx_lstm_backward {
    ck_amx_lstm_side side;
    const ck_amx_lstm_plan *plan;
    const ck_amx_lstm_backward_memory *memory;
    ptrdiff_t first, t;
    const char *wx, *wh;
    ck_in saved, dy;
    ck_out dx;
    float *bias;
} ck_amx_lstm_backward;

// Items of step t: the gates of each 32 units, then 32 columns each of dx at step t + 1.
static ptrdiff_t ck_amx_lstm_finish_back(ck_amx_lstm_side *side) {
    const ck_amx_lstm_backward *s = (const ck_amx_lstm_backward *)side;
    const ck_amx_lstm_plan *p = s->plan;
    const ptrdiff_t r = side->piece / 2, half = side->piece % 2, u = side->done, token = (s->first + r) * p->length + s->t;
    if (u >= p->units) {
        const float *from = s->memory->rest + 1024 * u + 32 * r + 16 * half;
        const ptrdiff_t column = 32 * (u - p->units) + 16 * half, at = (token + 1) * p->inputs + column;
        ck_amx_put(s->dx, at, f16_load(from), (__mmask16)ck_mask_of_32(p->inputs - column));
        return 1;
    }
    const ptrdiff_t block = 2 * u + half, left = p->hidden - 16 * block;
    if (left <= 0) return 1;
    const ptrdiff_t step = 5 * p->hidden * side->rows;
    const ck_amx_lstm_row row = {
        .hidden = p->hidden,
        .saved = {(void *)s->saved.data, s->saved.type},
        .saved_at = 5 * p->hidden * s->first * p->length + s->t * step,
        .before_at = s->t > 0 ? 5 * p->hidden * s->first * p->length + (s->t - 1) * step : -1,
        .recurrent = s->t + 1 < p->length ? s->memory->rest + 1024 * u : 0,
        .dy = s->dy,
        .dy_at = token * p->hidden,
        .dcells = s->memory->dcells,
        .bias = s->bias,
        .dstate = s->memory->state[s->t & 1],
        .dgates = s->memory->dgates + token * p->gates_row,
    };
    if (s->t > 0 && half)
        _mm_prefetch((const char *)s->dy.data + ((token - 1) * p->hidden + 32 * u) * (s->dy.type == CK_F32 ? 4 : 2), _MM_HINT_T1);
    if (left >= 16) ck_amx_lstm_backward_half(&row, 16, block, side->rows, r);
    else ck_amx_lstm_backward_half(&row, left, block, side->rows, r);
    return CK_AMX_GATES_COST;
}

// `panels` panels of 32 columns of dgates(t + 1) · weights, to item `item` and on.
static void ck_amx_lstm_back_product(ck_amx_lstm_backward *s, const char *weights, ptrdiff_t panels, ptrdiff_t item) {
    const ptrdiff_t steps = s->plan->gate_steps;
    const char *const a = s->memory->state[~s->t & 1];
    for (ptrdiff_t done = 0; done < steps; done += CK_AMX_LSTM_STRETCH) {
        const ptrdiff_t count = ck_smaller(CK_AMX_LSTM_STRETCH, steps - done);
        for (ptrdiff_t j = 0; j < panels; j++) {
            const ck_amx_lstm_part part = {a + done * CK_PAIR_BYTES, weights + (j * steps + done) * CK_PAIR_BYTES, count};
            float *const sums = s->memory->rest + 1024 * (item + j);
            ck_amx_lstm_multiply(s->side.rows, &part, 1, done ? sums : 0, sums, &s->side);
            if (done + count == steps) s->side.ready = item + j + 1;
        }
    }
}

// Step t; t = −1 is only what is left of dx.
static void ck_amx_lstm_step_back(ck_amx_lstm_backward *s, ptrdiff_t t) {
    const ck_amx_lstm_plan *p = s->plan;
    s->t = t;
    s->side.done = s->side.ready = s->side.piece = s->side.credit = 0;
    s->side.budget = CK_AMX_GATES_COST;
    if (t + 1 == p->length) {
        s->side.ready = p->units;
    } else {
        if (t >= 0) ck_amx_lstm_back_product(s, s->wh, p->units, 0);
        else s->side.done = s->side.ready = p->units;
        if (s->dx.data) ck_amx_lstm_back_product(s, s->wx, p->in_steps, p->units);
    }
    ck_amx_lstm_drain(&s->side, s->side.ready);
}

// The gradients of the weights: x and the states before each token against the gradients of the gates.
static void ck_amx_lstm_weight_gradients(const ck_amx_lstm_plan *p, const ck_amx_lstm_backward_memory *m, ck_in x, ck_in y, float *dwx,
                                         float *dwh) {
    const void *inputs = x.data;
    if (x.type != CK_BF16) {
        const ptrdiff_t count = p->rows * p->length * p->inputs;
        for (ptrdiff_t i = 0; i < count; i += 16) {
            const __mmask16 lanes = (__mmask16)ck_mask_of_32(count - i);
            ck_amx_put((ck_out){m->x, CK_BF16}, i, ck_amx_get(x, i, lanes), lanes);
        }
        inputs = m->x;
    }
    for (ptrdiff_t r = 0; r < p->rows; r++) {
        uint16_t *to = m->h + r * p->length * p->hidden;
        memset(to, 0, sizeof(uint16_t) * (size_t)p->hidden);
        const ptrdiff_t from = r * p->length * p->hidden, count = (p->length - 1) * p->hidden;
        for (ptrdiff_t i = 0; i < count; i += 16) {
            const __mmask16 lanes = (__mmask16)ck_mask_of_32(count - i);
            ck_amx_put((ck_out){to + p->hidden, CK_BF16}, i, ck_amx_get(y, from + i, lanes), lanes);
        }
    }
    const ck_gemm of_x = ck_amx_lstm_weights(p, p->inputs, inputs, m->dgates, dwx);
    ck_amx_gemm(&of_x, m->products);
    const ck_gemm of_h = ck_amx_lstm_weights(p, p->hidden, m->h, m->dgates, dwh);
    ck_amx_gemm(&of_h, m->products);
}

static void ck_amx_lstm_layer_gradient(const ck_lstm *g, ck_in x, const void *wx, const void *wh, ck_in y, ck_in saved, ck_in dy,
                                       ck_out dx, float *dwx, float *dwh, float *dbias_x, float *dbias_h, void *workspace) {
    const ck_amx_lstm_plan plan = ck_amx_lstm_planned(g), *const p = &plan;
    ck_amx_lstm_backward_memory m;
    ck_amx_lstm_lay_backward(g, p, workspace, &m);
    memset(dbias_x, 0, sizeof(float) * (size_t)p->gates);
    memset(dbias_h, 0, sizeof(float) * (size_t)p->gates);
    if (p->rows == 0 || p->length == 0 || p->hidden == 0) {
        memset(dwx, 0, sizeof(float) * (size_t)(p->inputs * p->gates));
        memset(dwh, 0, sizeof(float) * (size_t)(p->hidden * p->gates));
        return;
    }
    if (!g->packed_weights) {
        if (dx.data) ck_amx_pack_weights_turned(wx, p->gates, p->inputs, m.wx);
        ck_amx_pack_weights_turned(wh, p->gates, p->hidden, m.wh);
        wx = m.wx;
        wh = m.wh;
    }
    ck_amx_lstm_backward s = {.plan = p, .memory = &m, .wx = wx, .wh = wh, .saved = saved, .dy = dy, .dx = dx, .bias = dbias_x};
    memset(m.state[0], 0, (size_t)(p->gate_steps * CK_PAIR_BYTES));
    memset(m.state[1], 0, (size_t)(p->gate_steps * CK_PAIR_BYTES));
    for (s.first = 0; s.first < p->rows; s.first += 32) {
        s.side = (ck_amx_lstm_side){.rows = ck_smaller(32, p->rows - s.first), .finish = ck_amx_lstm_finish_back};
        memset(m.dcells, 0, (size_t)(p->units * CK_SUMS_PANEL));
        ck_amx_lstm_tiles(s.side.rows);
        for (ptrdiff_t t = p->length - 1; t >= (dx.data ? -1 : 0); t--) ck_amx_lstm_step_back(&s, t);
    }
    _tile_release();
    memcpy(dbias_h, dbias_x, sizeof(float) * (size_t)p->gates);
    ck_amx_lstm_weight_gradients(p, &m, x, y, dwx, dwh);
}
