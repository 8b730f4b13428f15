// Backward: blocks of up to 32 rows through the sequence from its end, then the gradients of the weights over all tokens.

typedef struct ck_amx_lstm_backward {
    const ck_amx_lstm_plan *plan;
    const ck_amx_lstm_backward_memory *memory;
    ck_amx_lstm_rows group;
    ptrdiff_t blocks;
    const char *wx, *wh;
    ck_in x, y, saved, dy;
    ck_out dx;
    float *bias;
    // Tokens that wait for others, and steps of 32 of the weights' gradients that are complete.
    ptrdiff_t held, steps;
    ck_amx_lstm_held sums;
} ck_amx_lstm_backward;

// `panels` panels of 32 columns of dgates · weights, of every block; the blocks' sums are `apart` panels from each other. Of several blocks
// each fetches its share of the weights that are needed next.
static void ck_amx_lstm_back_product(ck_amx_lstm_backward *s, const char *weights, ptrdiff_t panels, float *to, ptrdiff_t apart) {
    const ptrdiff_t steps = s->plan->gate_steps, height = s->blocks > 1 ? 32 : s->group.count;
    for (ptrdiff_t panel = 0; panel < panels; panel += CK_AMX_LSTM_PANELS) {
        const ptrdiff_t end = ck_smaller(panel + CK_AMX_LSTM_PANELS, panels);
        for (ptrdiff_t done = 0; done < steps; done += CK_AMX_LSTM_STRETCH) {
            const ptrdiff_t count = ck_smaller(CK_AMX_LSTM_STRETCH, steps - done);
            const ptrdiff_t next = done + count < steps ? count : CK_AMX_LSTM_PANELS * steps - done;
            for (ptrdiff_t b = 0; b < s->blocks; b++) {
                const ptrdiff_t line = 32 * b / s->blocks, lines = s->blocks > 1 ? 32 * (b + 1) / s->blocks - line : 0;
                const char *const a = s->memory->dgates + (b * steps + done) * CK_PAIR_BYTES;
                for (ptrdiff_t j = panel; j < end; j++) {
                    const ck_amx_lstm_part part = {a, weights + (j * steps + done) * CK_PAIR_BYTES, count,
                                                   next * CK_PAIR_BYTES + 64 * line, (int)lines};
                    float *const sums = to + 1024 * (b * apart + j);
                    ck_amx_lstm_multiply(height, &part, 1, done ? sums : 0, CK_SUMS_ROW, sums, &s->sums);
                }
            }
        }
    }
}

// dx of step t of a block, from its sums.
static void ck_amx_lstm_put_dx(const ck_amx_lstm_backward *s, ck_amx_lstm_rows rows, const float *sums, ptrdiff_t t) {
    const ck_amx_lstm_plan *p = s->plan;
    for (ptrdiff_t r = 0; r < rows.count; r++) {
        const ptrdiff_t at = ((rows.first + r) * p->length + t) * p->inputs;
        for (ptrdiff_t j = 0; j < p->inputs; j += 32) {
            const float *from = sums + 32 * j + 32 * r;
            const f16 v[2] = {f16_load(from), f16_load(from + 16)};
            const __mmask32 lanes = ck_mask_of_32(p->inputs - j);
            if (p->inputs - j >= 32) {
                ck_amx_lstm_put(2, s->dx, at + j, v, 0);
            } else {
                ck_amx_put(s->dx, at + j, v[0], (__mmask16)lanes);
                ck_amx_put(s->dx, at + j + 16, v[1], (__mmask16)(lanes >> 16));
            }
        }
    }
}

// The 32 tokens that are together, as the next step of the weights' gradients.
static void ck_amx_lstm_pack_tokens(ck_amx_lstm_backward *s, const char *x, const char *h, const char *dgates) {
    const ck_amx_lstm_plan *p = s->plan;
    char *const turned = s->memory->turned + s->steps * CK_PAIR_BYTES, *const pairs = s->memory->pairs + s->steps * CK_PAIR_BYTES;
    for (ptrdiff_t i = 0; i < p->in_steps + p->units; i++) {
        const char *const from = i < p->in_steps ? x + i * CK_PAIR_BYTES : h + (i - p->in_steps) * CK_PAIR_BYTES;
        char *const to = turned + i * p->token_panel;
        ck_tiles_of_turned(from, 64, to, to + CK_TILE_BYTES);
    }
    for (ptrdiff_t j = 0; j < p->gate_steps; j++) ck_amx_pair_block(dgates + j * CK_PAIR_BYTES, 64, pairs + j * p->token_panel);
    s->steps++;
}

CK_INLINE void ck_amx_lstm_hold(const char *from, ptrdiff_t blocks, ptrdiff_t at, ptrdiff_t rows, ptrdiff_t held, char *to) {
    for (ptrdiff_t i = 0; i < blocks; i++)
        memcpy(to + i * CK_PAIR_BYTES + 64 * held, from + i * CK_PAIR_BYTES + 64 * at, (size_t)(64 * rows));
}

// The tokens of step t of a block, whose gates' gradients are complete. A full block is a step of the weights' gradients by itself; the
// rows of the last one wait until 32 are together.
static void ck_amx_lstm_add_tokens(ck_amx_lstm_backward *s, ck_amx_lstm_rows rows, const char *dgates, ptrdiff_t t) {
    const ck_amx_lstm_plan *p = s->plan;
    const ck_amx_lstm_backward_memory *m = s->memory;
    ck_amx_lstm_lay_rows(s->x, (rows.first * p->length + t) * p->inputs, p->length * p->inputs, rows.count, p->inputs, m->x);
    if (t == 0) memset(m->h, 0, (size_t)(p->units * CK_PAIR_BYTES));
    else ck_amx_lstm_lay_rows(s->y, (rows.first * p->length + t - 1) * p->hidden, p->length * p->hidden, rows.count, p->hidden, m->h);
    if (rows.count == 32) {
        ck_amx_lstm_pack_tokens(s, m->x, m->h, dgates);
        return;
    }
    for (ptrdiff_t at = 0; at < rows.count;) {
        const ptrdiff_t count = ck_smaller(32 - s->held, rows.count - at);
        ck_amx_lstm_hold(m->x, p->in_steps, at, count, s->held, m->held_x);
        ck_amx_lstm_hold(m->h, p->units, at, count, s->held, m->held_h);
        ck_amx_lstm_hold(dgates, p->gate_steps, at, count, s->held, m->held_dgates);
        s->held += count;
        at += count;
        if (s->held < 32) continue;
        ck_amx_lstm_pack_tokens(s, m->held_x, m->held_h, m->held_dgates);
        s->held = 0;
    }
}

// What waits, filled up with zeros.
static void ck_amx_lstm_last_tokens(ck_amx_lstm_backward *s) {
    const ck_amx_lstm_plan *p = s->plan;
    const ck_amx_lstm_backward_memory *m = s->memory;
    if (s->held == 0) return;
    const size_t rest = (size_t)(64 * (32 - s->held));
    for (ptrdiff_t i = 0; i < p->in_steps; i++) memset(m->held_x + i * CK_PAIR_BYTES + 64 * s->held, 0, rest);
    for (ptrdiff_t i = 0; i < p->units; i++) memset(m->held_h + i * CK_PAIR_BYTES + 64 * s->held, 0, rest);
    for (ptrdiff_t i = 0; i < p->gate_steps; i++) memset(m->held_dgates + i * CK_PAIR_BYTES + 64 * s->held, 0, rest);
    ck_amx_lstm_pack_tokens(s, m->held_x, m->held_h, m->held_dgates);
}

static void ck_amx_lstm_step_back(ck_amx_lstm_backward *s, ptrdiff_t t) {
    const ck_amx_lstm_plan *p = s->plan;
    const ck_amx_lstm_backward_memory *m = s->memory;
    const ptrdiff_t panels = p->units + p->in_steps;
    const int later = t + 1 < p->length;
    if (later) {
        if (s->dx.data) ck_amx_lstm_back_product(s, s->wx, p->in_steps, m->rest + 1024 * p->units, panels);
        ck_amx_lstm_back_product(s, s->wh, p->units, m->rest, panels);
        ck_amx_lstm_release(&s->sums);
    }
    for (ptrdiff_t b = 0; b < s->blocks; b++) {
        const ck_amx_lstm_rows rows = ck_amx_lstm_block(&s->group, b);
        const float *const sums = m->rest + 1024 * panels * b;
        char *const dgates = m->dgates + p->gate_steps * CK_PAIR_BYTES * b;
        const ptrdiff_t step = 5 * p->hidden * rows.count, begin = 5 * p->hidden * rows.first * p->length;
        if (later && s->dx.data) ck_amx_lstm_put_dx(s, rows, sums + 1024 * p->units, t + 1);
        for (ptrdiff_t u = 0; u < p->units; u++) {
            ck_amx_lstm_item gates = {
                .rows = rows.count,
                .hidden = p->hidden,
                .block = 2 * u,
                .sums = later ? sums + 1024 * u : 0,
                .y_at = (rows.first * p->length + t) * p->hidden,
                .y_row = p->length * p->hidden,
                .saved = {(void *)s->saved.data, s->saved.type},
                .saved_at = begin + t * step,
                .before_at = t > 0 ? begin + (t - 1) * step : -1,
                .dy = s->dy,
                .dcells = m->dcells + 1024 * p->units * b,
                .dbias = s->bias,
                .dgates = dgates,
            };
            ck_amx_lstm_backward_item(&gates);
        }
        ck_amx_lstm_add_tokens(s, rows, dgates, t);
    }
}

// The gradients of the weights: `blocks` blocks of 32 rows of a from `block` on against `panels` panels of b from `panel` on, over all
// tokens. Stretches are so short that a block stays in the first-level cache while it meets the panels; sums rest between them.
static void ck_amx_lstm_meet(const ck_amx_lstm_plan *p, const ck_amx_lstm_backward_memory *m, ptrdiff_t block, ptrdiff_t blocks,
                             ptrdiff_t panel, ptrdiff_t panels, float *dwx, float *dwh, ck_amx_lstm_held *held) {
    const ptrdiff_t stretch = ck_amx_share(p->token_steps, CK_AMX_LSTM_STRETCH);
    for (ptrdiff_t done = 0; done < p->token_steps; done += stretch) {
        const ptrdiff_t count = ck_smaller(stretch, p->token_steps - done);
        for (ptrdiff_t i = 0; i < blocks; i++) {
            const int of_x = block + i < p->in_steps;
            const ptrdiff_t row = 32 * (of_x ? block + i : block + i - p->in_steps);
            const ptrdiff_t rows = ck_smaller(32, (of_x ? p->inputs : p->hidden) - row);
            for (ptrdiff_t j = 0; j < panels; j++) {
                const ck_amx_lstm_part part = {m->turned + (block + i) * p->token_panel + done * CK_PAIR_BYTES,
                                               m->pairs + (panel + j) * p->token_panel + done * CK_PAIR_BYTES, count, 0, 0};
                float *const sums = m->sums + 1024 * (i * panels + j), *const from = done ? sums : 0;
                const ptrdiff_t column = 32 * (panel + j);
                float *const result = (of_x ? dwx : dwh) + row * p->gates + column;
                // Whole panels go where they belong with their last step.
                const int over = done + count == p->token_steps, whole = rows == 32 && column + 32 <= p->gates;
                float *const to = over && whole ? result : sums;
                const ptrdiff_t to_row = over && whole ? 4 * p->gates : CK_SUMS_ROW;
                if (i == 0) ck_amx_lstm_multiply_rows(1, 1, 0, &part, 1, from, CK_SUMS_ROW, to, to_row, held);
                else ck_amx_lstm_multiply_rows(1, 0, 0, &part, 1, from, CK_SUMS_ROW, to, to_row, held);
                if (!over || whole) continue;
                ck_amx_lstm_release(held);
                const __mmask32 lanes = ck_mask_of_32(p->gates - column);
                for (ptrdiff_t r = 0; r < rows; r++) {
                    _mm512_mask_storeu_ps(result + r * p->gates, (__mmask16)lanes, (__m512)f16_load(sums + 32 * r));
                    _mm512_mask_storeu_ps(result + r * p->gates + 16, (__mmask16)(lanes >> 16), (__m512)f16_load(sums + 32 * r + 16));
                }
            }
        }
    }
}

static void ck_amx_lstm_weight_gradients(const ck_amx_lstm_plan *p, const ck_amx_lstm_backward_memory *m, float *dwx, float *dwh) {
    const ptrdiff_t blocks = p->in_steps + p->units;
    const ptrdiff_t band = ck_amx_share(blocks, CK_AMX_LSTM_BAND), group = ck_amx_share(p->gate_steps, CK_AMX_LSTM_GROUP);
    ck_amx_lstm_tiles(32);
    ck_amx_lstm_held held = {0};
    for (ptrdiff_t panel = 0; panel < p->gate_steps; panel += group) {
        for (ptrdiff_t block = 0; block < blocks; block += band) {
            ck_amx_lstm_meet(p, m, block, ck_smaller(band, blocks - block), panel, ck_smaller(group, p->gate_steps - panel), dwx, dwh,
                             &held);
        }
    }
    ck_amx_lstm_release(&held);
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
    ck_amx_lstm_backward s = {.plan = p, .memory = &m, .wx = wx, .wh = wh, .x = x, .y = y, .saved = saved, .dy = dy, .dx = dx,
                              .bias = dbias_x};
    // What lies beyond the columns is never written.
    memset(m.x, 0, (size_t)(p->in_steps * CK_PAIR_BYTES));
    memset(m.h, 0, (size_t)(p->units * CK_PAIR_BYTES));
    memset(m.dgates, 0, (size_t)(p->blocks * p->gate_steps * CK_PAIR_BYTES));
    const ptrdiff_t panels = p->units + p->in_steps;
    for (ptrdiff_t first = 0; first < p->rows; first += 32 * p->blocks) {
        s.group = (ck_amx_lstm_rows){first, ck_smaller(32 * p->blocks, p->rows - first)};
        s.blocks = ck_amx_32s(s.group.count);
        memset(m.dcells, 0, (size_t)(s.blocks * p->units * CK_SUMS_PANEL));
        ck_amx_lstm_tiles(s.blocks > 1 ? 32 : s.group.count);
        for (ptrdiff_t t = p->length - 1; t >= 0; t--) ck_amx_lstm_step_back(&s, t);
        if (dx.data) {
            ck_amx_lstm_back_product(&s, s.wx, p->in_steps, m.rest + 1024 * p->units, panels);
            ck_amx_lstm_release(&s.sums);
            for (ptrdiff_t b = 0; b < s.blocks; b++)
                ck_amx_lstm_put_dx(&s, ck_amx_lstm_block(&s.group, b), m.rest + 1024 * (panels * b + p->units), 0);
        }
    }
    ck_amx_lstm_last_tokens(&s);
    memcpy(dbias_h, dbias_x, sizeof(float) * (size_t)p->gates);
    ck_amx_lstm_weight_gradients(p, &m, dwx, dwh);
    _tile_release();
}
