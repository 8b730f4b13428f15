// How an LSTM's work is divided and where its intermediate results lie.
//
// Intermediate results are in order of time, row by row within a step, so that each step is one block and the products of many steps
// are one product. With one row, or one step, that is the order of x and y as well, and they are read in place.

#ifndef CK_LSTM_PLAN_H
#define CK_LSTM_PLAN_H

enum {
    // Rows of the products of x between two visits to the recurrence: enough to pay for a pass over the weights, few enough that
    // what they make is still in the second-level cache when the recurrence reads it.
    CK_LSTM_ROWS = 256,
};

typedef struct ck_lstm_plan {
    ptrdiff_t rows, length, inputs, hidden, gates;
    // Blocks of up to sixteen units.
    ptrdiff_t blocks;
    // Time steps of one product of x, and its rows.
    ptrdiff_t steps, chunk;
    // Distances of rows: never a multiple of a page, where rows would fall on one set of the first-level cache.
    ptrdiff_t hidden_row, gates_row;
    int in_time_order;
} ck_lstm_plan;

CK_INLINE ptrdiff_t ck_lstm_row(ptrdiff_t columns) { return ck_rounded(columns) + 16; }

static inline ck_lstm_plan ck_lstm_planned(const ck_lstm *g) {
    ck_lstm_plan p = {.rows = g->rows, .length = g->length, .inputs = g->inputs, .hidden = g->hidden, .gates = 4 * g->hidden};
    p.blocks = (g->hidden + 15) / 16;
    p.steps = g->rows > 0 && g->rows < CK_LSTM_ROWS ? CK_LSTM_ROWS / g->rows : 1;
    p.steps = ck_smaller(p.steps, g->length);
    // Not rows × steps, which may be larger for fewer rows.
    p.chunk = ck_smaller(g->rows * g->length, g->rows > CK_LSTM_ROWS ? g->rows : CK_LSTM_ROWS);
    p.hidden_row = ck_lstm_row(g->hidden);
    p.gates_row = ck_lstm_row(p.gates);
    p.in_time_order = g->rows == 1 || g->length == 1;
    return p;
}

CK_INLINE ptrdiff_t ck_lstm_units(const ck_lstm_plan *p, ptrdiff_t block) { return ck_smaller(16, p->hidden - 16 * block); }
// Where a block begins in saved at step t.
CK_INLINE ptrdiff_t ck_lstm_saved_at(const ck_lstm_plan *p, ptrdiff_t t, ptrdiff_t block) {
    return 5 * p->rows * (t * p->hidden + 16 * block);
}

// MARK: The products of all time steps

// Against packed weights [k, n].
static inline ck_gemm ck_lstm_product(const ck_lstm *g, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const void *a, ptrdiff_t a_row,
                                      const void *weights, ck_out c, ptrdiff_t c_row) {
    return (ck_gemm){
        .m = m,
        .n = n,
        .k = k,
        .batch = 1,
        .packed_b = 1,
        .a = {a, g->type},
        .b = {weights, g->type},
        .c = c,
        .a_row = a_row,
        .b_row = n,
        .c_row = c_row,
    };
}

// gates[m, 4H] = x·wx + bias.
static inline ck_gemm ck_lstm_input_product(const ck_lstm *g, const ck_lstm_plan *p, ptrdiff_t m, const void *x, const void *wx,
                                            const float *bias, float *gates) {
    ck_gemm product = ck_lstm_product(g, m, p->gates, p->inputs, x, p->inputs, wx, (ck_out){gates, CK_F32}, p->gates_row);
    product.epilogue.bias = bias;
    return product;
}

// gates[rows, 4H] += h·wh.
static inline ck_gemm ck_lstm_recurrent_product(const ck_lstm *g, const ck_lstm_plan *p, const void *h, const void *wh, float *gates) {
    ck_gemm product = ck_lstm_product(g, p->rows, p->gates, p->hidden, h, p->hidden_row, wh, (ck_out){gates, CK_F32}, p->gates_row);
    product.accumulate = 1;
    return product;
}

// dh[rows, H] = dgates·whᵀ.
static inline ck_gemm ck_lstm_recurrent_gradient(const ck_lstm *g, const ck_lstm_plan *p, const void *dgates, const void *wh, float *dh) {
    return ck_lstm_product(g, p->rows, p->hidden, p->gates, dgates, p->gates_row, wh, (ck_out){dh, CK_F32}, p->hidden_row);
}

// dx[m, D] = dgates·wxᵀ.
static inline ck_gemm ck_lstm_input_gradient(const ck_lstm *g, const ck_lstm_plan *p, ptrdiff_t m, const void *dgates, const void *wx,
                                             ck_out dx) {
    return ck_lstm_product(g, m, p->inputs, p->gates, dgates, p->gates_row, wx, dx, p->inputs);
}

// dw[width, 4H] = xᵀ·dgates over `tokens`.
static inline ck_gemm ck_lstm_weight_gradient(const ck_lstm *g, const ck_lstm_plan *p, ptrdiff_t tokens, ptrdiff_t width, const void *x,
                                              const void *dgates, float *dw) {
    return (ck_gemm){
        .m = width,
        .n = p->gates,
        .k = tokens,
        .batch = 1,
        .transpose_a = 1,
        .a = {x, g->type},
        .b = {dgates, g->type},
        .c = {dw, CK_F32},
        .a_row = width,
        .b_row = p->gates_row,
        .c_row = p->gates,
    };
}

// MARK: Order

// `steps` steps from t on of x[B, T, width], in order of time and of that type.
static inline void ck_lstm_gather(const ck_lstm_plan *p, ck_in x, ptrdiff_t t, ptrdiff_t steps, ptrdiff_t width, ck_out out) {
    const ptrdiff_t size = out.type == CK_F32 ? 4 : 2;
    char *to = out.data;
    for (ptrdiff_t s = t; s < t + steps; s++)
        for (ptrdiff_t r = 0; r < p->rows; r++, to += width * size)
            ck_lstm_copy_row(width, x.type, ck_lstm_from(x, (r * p->length + s) * width), out.type, to);
}

// The other way.
static inline void ck_lstm_scatter(const ck_lstm_plan *p, ck_in x, ptrdiff_t t, ptrdiff_t steps, ptrdiff_t width, ck_out out) {
    const ptrdiff_t size = out.type == CK_F32 ? 4 : 2;
    ptrdiff_t at = 0;
    for (ptrdiff_t s = t; s < t + steps; s++)
        for (ptrdiff_t r = 0; r < p->rows; r++, at += width)
            ck_lstm_copy_row(width, x.type, ck_lstm_from(x, at), out.type, (char *)out.data + (r * p->length + s) * width * size);
}

// MARK: Workspace

// Weights as b[k, n] of the products: as they come, or packed here. Stored [n, k] if turned.
static inline ptrdiff_t ck_lstm_packed_bytes(const ck_lstm *g, ptrdiff_t k, ptrdiff_t n, int turned) {
    const ck_packing packing = {k, n, turned, g->type, 0, turned ? n : k};
    return g->packed_weights ? 0 : g->kernels->packed_bytes(&packing);
}
static inline const void *ck_lstm_packed(const ck_lstm *g, const void *weights, ptrdiff_t k, ptrdiff_t n, int turned, void *memory) {
    if (g->packed_weights) return weights;
    const ck_packing packing = {k, n, turned, g->type, 0, turned ? n : k};
    g->kernels->pack(&packing, weights, memory);
    return memory;
}

// Bytes from the front of a workspace, aligned to 64.
CK_INLINE void *ck_lstm_take(char **workspace, ptrdiff_t bytes) {
    char *p = (char *)(((uintptr_t)*workspace + 63) & ~(uintptr_t)63);
    *workspace = p + (bytes + 63) / 64 * 64;
    return p;
}

CK_INLINE ptrdiff_t ck_lstm_larger(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

// What the products of both directions need of the level's own workspace.
static inline ptrdiff_t ck_lstm_product_workspace(const ck_lstm *g, const ck_lstm_plan *p) {
    const ptrdiff_t tokens = p->rows * p->length;
    const ck_gemm products[] = {
        ck_lstm_input_product(g, p, p->chunk, 0, 0, 0, 0),
        ck_lstm_recurrent_product(g, p, 0, 0, 0),
        ck_lstm_recurrent_gradient(g, p, 0, 0, 0),
        ck_lstm_input_gradient(g, p, p->chunk, 0, 0, (ck_out){0, CK_F32}),
        ck_lstm_weight_gradient(g, p, tokens, p->inputs, 0, 0, 0),
        ck_lstm_weight_gradient(g, p, tokens, p->hidden, 0, 0, 0),
    };
    ptrdiff_t largest = 0;
    for (int i = 0; i < 6; i++) largest = ck_lstm_larger(largest, g->kernels->gemm_workspace(&products[i]));
    return largest;
}

#endif
