// Forward, several blocks of 32 rows together, where the weights come from beyond the second-level cache: each piece of them, once it is
// near, meets every block. All blocks have the tiles' full height: what stands in rows that are not there (zeros, or what a group before
// left) stays in them, and nobody reads it.

// A stretch of the contraction, which is that over x and then that over the state: so short that a block's part of a stays in the
// first-level cache while it meets the four gates, and the weights of 32 units in the second while they meet the blocks.
typedef struct ck_amx_lstm_stretch {
    // a of the first block and the weights of the first gate; how far the next block's and the next gate's are from them.
    const char *a, *weights;
    ptrdiff_t block, gate, steps;
} ck_amx_lstm_stretch;

CK_INLINE ptrdiff_t ck_amx_lstm_stretches(ptrdiff_t steps) { return (steps + CK_AMX_LSTM_STRETCH - 1) / CK_AMX_LSTM_STRETCH; }

// Stretch i of units from 32·u on at step t.
CK_INLINE ck_amx_lstm_stretch ck_amx_lstm_stretch_at(const ck_amx_lstm_forward *s, ptrdiff_t t, ptrdiff_t u, ptrdiff_t i) {
    const ck_amx_lstm_plan *p = s->plan;
    const ptrdiff_t of_x = ck_amx_lstm_stretches(p->in_steps);
    const int x = i < of_x;
    const ptrdiff_t all = x ? p->in_steps : p->units, step = CK_AMX_LSTM_STRETCH * (x ? i : i - of_x);
    return (ck_amx_lstm_stretch){
        .a = (x ? s->memory->x : s->memory->state[~t & 1]) + step * CK_PAIR_BYTES,
        .weights = (x ? s->wx + u * s->x_unit : s->wh + u * s->h_unit) + step * CK_PAIR_BYTES,
        .block = all * CK_PAIR_BYTES,
        .gate = x ? s->x_gate : s->h_gate,
        .steps = ck_smaller(CK_AMX_LSTM_STRETCH, all - step),
    };
}

// Sums of 32 units over one stretch, added to those so far unless it is the first. Each block fetches its share of what comes next.
static void ck_amx_lstm_add_stretch(ck_amx_lstm_forward *s, const ck_amx_lstm_stretch *now, const ck_amx_lstm_stretch *next, int first) {
    const ptrdiff_t blocks = ck_amx_32s(s->group.count);
    for (ptrdiff_t b = 0; b < blocks; b++) {
        float *const sums = ck_amx_lstm_sums(s->memory, b);
        const ptrdiff_t line = 32 * b / blocks, lines = 32 * (b + 1) / blocks - line;
        for (ptrdiff_t q = 0; q < 4; q++) {
            const char *const weights = now->weights + q * now->gate;
            const ck_amx_lstm_part part = {now->a + b * now->block, weights, now->steps,
                                           next->weights + q * next->gate + 64 * line - weights, (int)lines};
            ck_amx_lstm_multiply(32, &part, 1, first ? 0 : sums + 1024 * q, CK_SUMS_ROW, sums + 1024 * q, &s->held);
        }
    }
}

static void ck_amx_lstm_blocks(ck_amx_lstm_forward *s) {
    const ck_amx_lstm_plan *p = s->plan;
    const ptrdiff_t blocks = ck_amx_32s(s->group.count);
    ck_amx_lstm_tiles(32);
    for (ptrdiff_t t = 0; t < p->length; t++) {
        const ptrdiff_t stretches = ck_amx_lstm_stretches(p->in_steps) + (t > 0 ? ck_amx_lstm_stretches(p->units) : 0);
        for (ptrdiff_t b = 0; b < blocks; b++) ck_amx_lstm_lay_x(s, b, t);
        for (ptrdiff_t u = 0; u < p->units; u++) {
            ck_amx_lstm_stretch now = ck_amx_lstm_stretch_at(s, t, u, 0);
            for (ptrdiff_t i = 0; i < stretches; i++) {
                const int over = i + 1 == stretches;
                const ck_amx_lstm_stretch next = ck_amx_lstm_stretch_at(s, t, over ? (u + 1) % p->units : u, over ? 0 : i + 1);
                ck_amx_lstm_add_stretch(s, &now, &next, i == 0);
                now = next;
            }
            ck_amx_lstm_release(&s->held);
            for (ptrdiff_t b = 0; b < blocks; b++) ck_amx_lstm_gates_of(s, b, t, u, ck_amx_lstm_sums(s->memory, b));
        }
    }
}
