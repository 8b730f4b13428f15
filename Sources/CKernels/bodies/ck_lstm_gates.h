// What an LSTM does between its products, for one block of up to sixteen hidden units at one time step, all batch rows: gates, cell and
// hidden state forward, and their gradients backward.
//
// `saved` is opaque to callers, so it lies as these loops walk: [time, block, row, i f g o cell, unit], a block's units being sixteen
// or what is left of H. Every pass is then one stream.

#ifndef CK_LSTM_GATES_H
#define CK_LSTM_GATES_H

// n elements (1 to 16) from or to element `at`.
CK_INLINE f16 ck_lstm_get(const ck_dtype type, const void *from, ptrdiff_t at, ptrdiff_t n) { return ck_read16((ck_in){from, type}, at, n); }
CK_INLINE void ck_lstm_put(const ck_dtype type, void *to, ptrdiff_t at, f16 v, ptrdiff_t n) { ck_write16((ck_out){to, type}, at, v, n); }

// Elements at `at` of memory of that type.
CK_INLINE const void *ck_lstm_from(ck_in x, ptrdiff_t at) {
    return (const char *)x.data + at * (x.type == CK_F32 ? 4 : 2);
}

CK_INLINE void ck_lstm_copy_row_of(const ck_dtype from, const ck_dtype to, ptrdiff_t count, const void *x, void *y) {
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) ck_lstm_put(to, y, i, ck_lstm_get(from, x, i, 16), 16);
    if (i < count) ck_lstm_put(to, y, i, ck_lstm_get(from, x, i, count - i), count - i);
}
// A row from one type to another.
static inline void ck_lstm_copy_row(ptrdiff_t count, ck_dtype from, const void *x, ck_dtype to, void *y) {
    if (from == to) memcpy(y, x, (size_t)count * (from == CK_F32 ? 4 : 2));
    else if (from == CK_F32) ck_lstm_copy_row_of(CK_F32, CK_BF16, count, x, y);
    else ck_lstm_copy_row_of(CK_BF16, CK_F32, count, x, y);
}

// One block at one step. Arrays have a row per batch row; those without a stride of their own are [rows, 16].
typedef struct ck_lstm_block {
    ptrdiff_t rows, units;
    // Where the block's part of this step begins in saved (and of the step before; null at the first).
    void *saved;
    const void *before;
    // Distance of the four gates in sums, dgates and bias.
    ptrdiff_t gate;
    // Forward: the gates' sums, and the cell.
    const float *sums;
    ptrdiff_t sums_row;
    float *cells;
    // The hidden state in the output, from element y_at on (and its gradient there); what is fed back, in the type of the products.
    ck_out y, state;
    ptrdiff_t y_at, y_row, state_at, state_row;
    // Backward: the gradient of the hidden state is dy plus dh, the recurrent part, unless that is null; of the cell, updated in place; of
    // the gates' sums, in the type of the products; their sums over rows and time for the bias.
    ck_in dy;
    const float *dh;
    ptrdiff_t dh_row;
    float *dcells, *bias;
    void *dgates;
    ptrdiff_t dgates_row;
} ck_lstm_block;

CK_INLINE void ck_lstm_forward_rows(const ck_dtype type, const ptrdiff_t n, const ck_lstm_block *b) {
    const ck_lstm_block s = *b;
    for (ptrdiff_t r = 0; r < s.rows; r++) {
        f16 z[4];
#pragma clang loop unroll(full)
        for (int q = 0; q < 4; q++) z[q] = ck_get(s.sums + r * s.sums_row + q * s.gate, n);
        const f16 i = f16_sigmoid(z[0]), f = f16_sigmoid(z[1]), g = f16_tanh(z[2]), o = f16_sigmoid(z[3]);
        const f16 cell = CK_MULADD(f, f16_load(s.cells + 16 * r), i * g);
        const f16 h = o * f16_tanh(cell);
        f16_store(s.cells + 16 * r, cell);
        ck_lstm_put(type, s.saved, (5 * r) * n, i, n);
        ck_lstm_put(type, s.saved, (5 * r + 1) * n, f, n);
        ck_lstm_put(type, s.saved, (5 * r + 2) * n, g, n);
        ck_lstm_put(type, s.saved, (5 * r + 3) * n, o, n);
        ck_lstm_put(type, s.saved, (5 * r + 4) * n, cell, n);
        ck_lstm_put(s.y.type, s.y.data, s.y_at + r * s.y_row, h, n);
        // What is fed back is what backward will read.
        ck_lstm_put(s.state.type, s.state.data, s.state_at + r * s.state_row, s.y.type == CK_BF16 ? f16_rounded(h) : h, n);
    }
}

CK_INLINE void ck_lstm_backward_rows(const ck_dtype type, const ck_dtype product, const ptrdiff_t n, const ck_lstm_block *b) {
    const ck_lstm_block s = *b;
    f16 sums[4];
#pragma clang loop unroll(full)
    for (int q = 0; q < 4; q++) sums[q] = ck_get(s.bias + q * s.gate, n);
    for (ptrdiff_t r = 0; r < s.rows; r++) {
        const f16 i = ck_lstm_get(type, s.saved, (5 * r) * n, n), f = ck_lstm_get(type, s.saved, (5 * r + 1) * n, n);
        const f16 g = ck_lstm_get(type, s.saved, (5 * r + 2) * n, n), o = ck_lstm_get(type, s.saved, (5 * r + 3) * n, n);
        const f16 bent = f16_tanh(ck_lstm_get(type, s.saved, (5 * r + 4) * n, n));
        const f16 before = s.before ? ck_lstm_get(type, s.before, (5 * r + 4) * n, n) : f16_set(0.0f);
        f16 dh = ck_lstm_get(s.dy.type, s.dy.data, s.y_at + r * s.y_row, n);
        if (s.dh) dh += ck_get(s.dh + r * s.dh_row, n);
        const f16 dcell = CK_MULADD(dh * o, 1.0f - bent * bent, f16_load(s.dcells + 16 * r));
        f16 d[4] = {dcell * g * (i * (1.0f - i)), dcell * before * (f * (1.0f - f)), dcell * i * (1.0f - g * g),
                    dh * bent * (o * (1.0f - o))};
        f16_store(s.dcells + 16 * r, dcell * f);
#pragma clang loop unroll(full)
        for (int q = 0; q < 4; q++) {
            sums[q] += d[q];
            ck_lstm_put(product, s.dgates, r * s.dgates_row + q * s.gate, d[q], n);
        }
    }
#pragma clang loop unroll(full)
    for (int q = 0; q < 4; q++) ck_put(s.bias + q * s.gate, sums[q], n);
}

static __attribute__((noinline)) void ck_lstm_forward_block(ck_dtype type, const ck_lstm_block *b) {
    if (b->units == 16 && type == CK_F32) ck_lstm_forward_rows(CK_F32, 16, b);
    else if (b->units == 16) ck_lstm_forward_rows(CK_BF16, 16, b);
    else if (type == CK_F32) ck_lstm_forward_rows(CK_F32, b->units, b);
    else ck_lstm_forward_rows(CK_BF16, b->units, b);
}

static __attribute__((noinline)) void ck_lstm_backward_block(ck_dtype type, ck_dtype product, const ck_lstm_block *b) {
    if (b->units < 16 && product == CK_F32) ck_lstm_backward_rows(type, CK_F32, b->units, b);
    else if (b->units < 16) ck_lstm_backward_rows(type, CK_BF16, b->units, b);
    else if (type == CK_F32 && product == CK_F32) ck_lstm_backward_rows(CK_F32, CK_F32, 16, b);
    else if (type == CK_F32) ck_lstm_backward_rows(CK_F32, CK_BF16, 16, b);
    else if (product == CK_F32) ck_lstm_backward_rows(CK_BF16, CK_F32, 16, b);
    else ck_lstm_backward_rows(CK_BF16, CK_BF16, 16, b);
}

#endif
