// How an LSTM on tiles is divided, and its memory.

#ifndef CK_AMX_LSTM_PLAN_H
#define CK_AMX_LSTM_PLAN_H

enum {
    // Rows that make it worthwhile to multiply x step by step, and bytes of weights that may be in use by then. The sums are the same.
    CK_AMX_LSTM_ROWS = 20,
    CK_AMX_LSTM_WEIGHTS = 5 << 18,
    // Blocks of 32 rows that go through the sequence together where the weights come from beyond the second-level cache.
    CK_AMX_LSTM_BLOCKS = 4,
    // Rows of a product of x made beforehand.
    CK_AMX_LSTM_AHEAD = 256,
    // Steps of 32 of a contraction between two rests of the sums: that much of a stays in the first-level cache.
    CK_AMX_LSTM_STRETCH = 16,
    // Panels of the weights that meet the gates' gradients together: that much of them stays in the second.
    CK_AMX_LSTM_PANELS = 8,
    // Blocks of 32 rows and panels of 32 columns of the weights' gradients whose sums stay in the second level, with their operands.
    CK_AMX_LSTM_BAND = 16,
    CK_AMX_LSTM_GROUP = 16,
};

typedef struct ck_amx_lstm_plan {
    ptrdiff_t rows, length, inputs, hidden, gates;
    // 32s of the inputs, the units, and of all gates.
    ptrdiff_t in_steps, units, gate_steps;
    // Distance of rows of gates: not a multiple of a kilobyte.
    ptrdiff_t gates_row;
    // Whether the weights of one step stay in the second-level cache.
    int fits;
    // Blocks of 32 rows that go through the sequence together: each piece of the weights meets them one after the other.
    ptrdiff_t blocks;
    // Bytes of packed weights.
    ptrdiff_t wx_bytes, wh_bytes;
    // Tokens in steps of 32, and the distance of panels of that many: no multiple of the caches' periods.
    ptrdiff_t token_steps, token_panel;
} ck_amx_lstm_plan;

static ck_amx_lstm_plan ck_amx_lstm_planned(const ck_lstm *g) {
    ck_amx_lstm_plan p = {.rows = g->rows, .length = g->length, .inputs = g->inputs, .hidden = g->hidden, .gates = 4 * g->hidden};
    p.in_steps = ck_amx_32s(p.inputs);
    p.units = ck_amx_32s(p.hidden);
    p.gate_steps = ck_amx_32s(p.gates);
    p.gates_row = 32 * p.gate_steps + 32;
    p.wx_bytes = p.in_steps * p.gate_steps * CK_PAIR_BYTES;
    p.wh_bytes = p.units * p.gate_steps * CK_PAIR_BYTES;
    p.fits = p.wx_bytes + p.wh_bytes <= CK_AMX_LSTM_WEIGHTS;
    p.blocks = p.fits || p.rows == 0 ? 1 : ck_amx_share(ck_amx_32s(p.rows), CK_AMX_LSTM_BLOCKS);
    p.token_steps = ck_amx_32s(p.rows * p.length);
    p.token_panel = (p.token_steps + 1) * CK_PAIR_BYTES;
    return p;
}

CK_INLINE void *ck_amx_lstm_take(char **at, ptrdiff_t bytes) {
    char *p = (char *)(((uintptr_t)*at + 63) & ~(uintptr_t)63);
    *at = p + (bytes + 63) / 64 * 64;
    return p;
}

// sums[m, 4H] = x·wx.
static ck_gemm ck_amx_lstm_ahead(const ck_amx_lstm_plan *p, ptrdiff_t m, const void *x, const void *wx, float *sums) {
    return (ck_gemm){.m = m, .n = p->gates, .k = p->inputs, .batch = 1, .packed_b = 1, .a = {x, CK_BF16}, .b = {wx, CK_BF16},
                     .c = {sums, CK_F32}, .a_row = p->inputs, .b_row = p->gates, .c_row = p->gates_row};
}

// Rows of a group of blocks that go through the sequence together.
typedef struct ck_amx_lstm_rows {
    ptrdiff_t first, count;
} ck_amx_lstm_rows;
// Block b of a group.
CK_INLINE ck_amx_lstm_rows ck_amx_lstm_block(const ck_amx_lstm_rows *group, ptrdiff_t b) {
    return (ck_amx_lstm_rows){group->first + 32 * b, ck_smaller(32, group->count - 32 * b)};
}

// Arrays of units hold [block of 16, 32 rows, 16] floats; those for tiles 32 rows of 64 bytes for each 32 columns. Cells, states and x
// hold that for each block of rows.
typedef struct ck_amx_lstm_forward_memory {
    // Packed weights, made here if they come plain; the same with the gates apart if H is no multiple of 32.
    char *wx, *wh, *parted_x, *parted_h;
    float *bias, *cells;
    char *state[2], *x;
    // Sums of four gates of 32 units: those in work and those that wait, or those of each block.
    float *sums, *early;
    uint16_t *gathered;
    void *products;
} ck_amx_lstm_forward_memory;

CK_INLINE float *ck_amx_lstm_sums(const ck_amx_lstm_forward_memory *m, ptrdiff_t i) { return m->sums + 4096 * i; }

static ptrdiff_t ck_amx_lstm_lay_forward(const ck_lstm *g, const ck_amx_lstm_plan *p, char *at, ck_amx_lstm_forward_memory *m) {
    const char *const start = at;
    const int parted = p->hidden % 32 != 0;
    const ptrdiff_t ahead = ck_smaller(CK_AMX_LSTM_AHEAD, p->rows * p->length);
    m->wx = ck_amx_lstm_take(&at, g->packed_weights ? 0 : p->wx_bytes);
    m->wh = ck_amx_lstm_take(&at, g->packed_weights ? 0 : p->wh_bytes);
    m->parted_x = ck_amx_lstm_take(&at, parted ? 4 * p->units * p->in_steps * CK_PAIR_BYTES : 0);
    m->parted_h = ck_amx_lstm_take(&at, parted ? 4 * p->units * p->units * CK_PAIR_BYTES : 0);
    m->bias = ck_amx_lstm_take(&at, 4 * p->gates);
    m->cells = ck_amx_lstm_take(&at, p->blocks * p->units * CK_SUMS_PANEL);
    for (int i = 0; i < 2; i++) m->state[i] = ck_amx_lstm_take(&at, p->blocks * p->units * CK_PAIR_BYTES);
    m->x = ck_amx_lstm_take(&at, p->blocks * p->in_steps * CK_PAIR_BYTES);
    m->sums = ck_amx_lstm_take(&at, ck_amx_larger(2, p->blocks) * 4 * CK_SUMS_PANEL);
    m->early = ck_amx_lstm_take(&at, 4 * ahead * p->gates_row);
    m->gathered = ck_amx_lstm_take(&at, 2 * ahead * p->inputs);
    m->products = at;
    const ck_gemm product = ck_amx_lstm_ahead(p, ahead, 0, 0, 0);
    return at - start + ck_amx_gemm_workspace(&product);
}

// Rows of x, of the states before them and of the gradients of their gates, until 32 tokens are together: [32 columns, 32 rows of 64
// bytes]. Then they go where the gradients of the weights read them: as a turned, and as b in pairs; panels token_panel apart.
typedef struct ck_amx_lstm_backward_memory {
    char *wx, *wh;
    // For each block of rows: the gradient of the cell; sums of dh, then of dx; the gradients of the gates.
    float *dcells, *rest;
    char *dgates;
    // One step of a block: x, and the states before it.
    char *x, *h;
    char *held_x, *held_h, *held_dgates;
    char *turned, *pairs;
    float *sums;
} ck_amx_lstm_backward_memory;

static ptrdiff_t ck_amx_lstm_lay_backward(const ck_lstm *g, const ck_amx_lstm_plan *p, char *at, ck_amx_lstm_backward_memory *m) {
    const char *const start = at;
    m->wx = ck_amx_lstm_take(&at, g->packed_weights ? 0 : p->gate_steps * p->in_steps * CK_PAIR_BYTES);
    m->wh = ck_amx_lstm_take(&at, g->packed_weights ? 0 : p->gate_steps * p->units * CK_PAIR_BYTES);
    m->dcells = ck_amx_lstm_take(&at, p->blocks * p->units * CK_SUMS_PANEL);
    m->rest = ck_amx_lstm_take(&at, p->blocks * (p->units + p->in_steps) * CK_SUMS_PANEL);
    m->x = ck_amx_lstm_take(&at, p->in_steps * CK_PAIR_BYTES);
    m->h = ck_amx_lstm_take(&at, p->units * CK_PAIR_BYTES);
    m->dgates = ck_amx_lstm_take(&at, p->blocks * p->gate_steps * CK_PAIR_BYTES);
    m->held_x = ck_amx_lstm_take(&at, p->in_steps * CK_PAIR_BYTES);
    m->held_h = ck_amx_lstm_take(&at, p->units * CK_PAIR_BYTES);
    m->held_dgates = ck_amx_lstm_take(&at, p->gate_steps * CK_PAIR_BYTES);
    m->turned = ck_amx_lstm_take(&at, (p->in_steps + p->units) * p->token_panel);
    m->pairs = ck_amx_lstm_take(&at, p->gate_steps * p->token_panel);
    m->sums = ck_amx_lstm_take(&at, ck_smaller(p->in_steps + p->units, CK_AMX_LSTM_BAND) * ck_smaller(p->gate_steps, CK_AMX_LSTM_GROUP)
                                        * CK_SUMS_PANEL);
    return at - start;
}

#endif
