// The micro-kernels for what is left at the edges: one column tile, or one row tile.

#ifndef CK_AMX_KERNELS_NARROW_H
#define CK_AMX_KERNELS_NARROW_H

// No product at all: the sums that there are.
static void ck_amx_no_steps(const ck_amx_stretch *s, ptrdiff_t rows) {
    for (ptrdiff_t i = 0; i < rows; i++) {
        float *to = s->to + i * s->sums_row / 4;
        const float *from = s->from + i * s->sums_row / 4;
        f16_store(to, s->from ? f16_load(from) : f16_set(0.0f));
        f16_store(to + 16, s->from ? f16_load(from + 16) : f16_set(0.0f));
    }
}

// Two row tiles, one column tile.
static void ck_amx_two_by_one(const ck_amx_stretch *s, ck_amx_side *side) {
    const char *a = s->a, *b = s->b;
    const ptrdiff_t a_row = s->a_row, a_tile = s->a_tile, a_step = s->a_step;
    const char *from = (const char *)s->from, *last = s->last;
    char *to = (char *)s->to;
    const ptrdiff_t sums_row = s->sums_row, sums_lower = 16 * sums_row;
    if (from) {
        _tile_loadd(0, from, sums_row);
        _tile_loadd(2, from + sums_lower, sums_row);
    } else {
        _tile_zero(0);
        _tile_zero(2);
    }
#define CK_STEP(upper, row, tile)              \
    do {                                       \
        const char *u_ = (upper);              \
        CK_TILE_B(4, b);                       \
        CK_TILE_A(6, u_, row);                 \
        _tile_dpbf16ps(0, 6, 4);               \
        CK_TILE_A(7, u_ + (tile), row);        \
        _tile_dpbf16ps(2, 7, 4);               \
        ck_amx_side_step(side);                \
    } while (0)
    for (ptrdiff_t i = s->steps; i > 0; i--, a += a_step, b += CK_PAIR_BYTES) CK_STEP(a, a_row, a_tile);
    if (last) CK_STEP(last, 64, CK_TILE_BYTES);
#undef CK_STEP
    _tile_stored(0, to, sums_row);
    _tile_stored(2, to + sums_lower, sums_row);
}

// One row tile and four column tiles, of two panels: tiles 0 to 3 are sums, 4 5 7 are b, 6 is a.
static void ck_amx_one_by_four(const ck_amx_stretch *s, ck_amx_side *side) {
    const char *a = s->a, *b = s->b;
    const ptrdiff_t a_row = s->a_row, a_step = s->a_step, b_panel = s->b_panel;
    const char *from = (const char *)s->from, *last = s->last;
    char *to = (char *)s->to;
    const ptrdiff_t sums_row = s->sums_row, sums_panel = s->sums_panel;
    if (from) {
        _tile_loadd(0, from, sums_row);
        _tile_loadd(1, from + 64, sums_row);
        _tile_loadd(2, from + sums_panel, sums_row);
        _tile_loadd(3, from + sums_panel + 64, sums_row);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
#define CK_STEP(upper, row)                    \
    do {                                       \
        CK_TILE_A(6, upper, row);              \
        CK_TILE_B(4, b);                       \
        _tile_dpbf16ps(0, 6, 4);               \
        CK_TILE_B(5, b + CK_TILE_BYTES);       \
        _tile_dpbf16ps(1, 6, 5);               \
        CK_TILE_B(7, b + b_panel);             \
        _tile_dpbf16ps(2, 6, 7);               \
        CK_TILE_B(4, b + b_panel + CK_TILE_BYTES); \
        _tile_dpbf16ps(3, 6, 4);               \
        ck_amx_side_step(side);                \
    } while (0)
    for (ptrdiff_t i = s->steps; i > 0; i--, a += a_step, b += CK_PAIR_BYTES) CK_STEP(a, a_row);
    if (last) CK_STEP(last, 64);
#undef CK_STEP
    _tile_stored(0, to, sums_row);
    _tile_stored(1, to + 64, sums_row);
    _tile_stored(2, to + sums_panel, sums_row);
    _tile_stored(3, to + sums_panel + 64, sums_row);
}

// One row tile, one panel.
static void ck_amx_one_by_two(const ck_amx_stretch *s, ck_amx_side *side) {
    const char *a = s->a, *b = s->b;
    const ptrdiff_t a_row = s->a_row, a_step = s->a_step;
    const char *from = (const char *)s->from, *last = s->last;
    char *to = (char *)s->to;
    const ptrdiff_t sums_row = s->sums_row;
    if (from) {
        _tile_loadd(0, from, sums_row);
        _tile_loadd(1, from + 64, sums_row);
    } else {
        _tile_zero(0);
        _tile_zero(1);
    }
#define CK_STEP(upper, row)                    \
    do {                                       \
        CK_TILE_A(6, upper, row);              \
        CK_TILE_B(4, b);                       \
        _tile_dpbf16ps(0, 6, 4);               \
        CK_TILE_B(5, b + CK_TILE_BYTES);       \
        _tile_dpbf16ps(1, 6, 5);               \
        ck_amx_side_step(side);                \
    } while (0)
    for (ptrdiff_t i = s->steps; i > 0; i--, a += a_step, b += CK_PAIR_BYTES) CK_STEP(a, a_row);
    if (last) CK_STEP(last, 64);
#undef CK_STEP
    _tile_stored(0, to, sums_row);
    _tile_stored(1, to + 64, sums_row);
}

#endif
