// The micro-kernels: four tiles of sums over a stretch of the contraction, and what rides along.
//
// A product of tiles keeps the tile unit busy for 16 cycles and takes one issue slot, so three quarters of the slots are free. The sums
// of the tile before go through the epilogue there, a few rows with each step, and operands that come next are packed and fetched.

#ifndef CK_AMX_KERNELS_H
#define CK_AMX_KERNELS_H

// Operands to be packed: `left` pairs of tiles from `from` on, one after every `every` steps of a kernel.
typedef struct ck_amx_packer {
    ptrdiff_t left, every, wait;
    void (*one)(struct ck_amx_packer *);
    // Where in the operand the next pair lies: step `step` of panel `panel`, the steps of each panel running from `first` to `end`. A panel
    // has `steps` steps and `to` is where the first of them goes.
    const char *from;
    ptrdiff_t row, k, extent, steps, first, end, step, panel;
    char *to;
    ck_amx_sums sums;
    float *sums_to;
} ck_amx_packer;

// Lines to be fetched into the second level: `lines` of each of `rows` rows, `quota` with each step.
typedef struct ck_amx_fetcher {
    const char *from;
    ptrdiff_t row, lines, line, rows, quota;
} ck_amx_fetcher;

typedef struct ck_amx_side {
    // Rows of finished sums: `left` of them from `tile` on.
    const ck_epilogue *epilogue;
    ck_amx_way way;
    const float *tile;
    ptrdiff_t left, quota, columns, at, column, c_row;
    ck_out c;
    ck_amx_packer a, b;
    ck_amx_fetcher next_a;
} ck_amx_side;

CK_INLINE void ck_amx_fetch(ck_amx_fetcher *f) {
    ptrdiff_t line = f->line;
    const char *from = f->from + 64 * line;
    for (ptrdiff_t i = 0; i < f->quota; i++, from += 64) {
        _mm_prefetch(from, _MM_HINT_T1);
        if (++line == f->lines) {
            line = 0;
            f->from += f->row;
            from = f->from - 64;
            if (--f->rows == 0) break;
        }
    }
    f->line = line;
}

// The next `rows` rows of the finished panels, which are 32 columns wide and 32 rows high.
CK_INLINE void ck_amx_side_finish(ck_amx_side *s, ptrdiff_t rows) {
    if (rows > s->left) rows = s->left;
    ck_amx_finish(s->way, s->epilogue, s->tile, rows, s->columns < 32 ? s->columns : 32, s->c, s->c_row, s->at, s->column);
    if (s->columns > 32) {
        ck_amx_finish(s->way, s->epilogue, s->tile + 1024, rows, s->columns - 32, s->c, s->c_row, s->at + 32, s->column + 32);
    }
    s->left -= rows;
    s->tile += 32 * rows;
    s->at += s->c_row * rows;
}

CK_INLINE void ck_amx_side_step(ck_amx_side *s) {
    if (s->left) ck_amx_side_finish(s, s->quota);
    if (s->a.left && --s->a.wait <= 0) s->a.one(&s->a);
    if (s->b.left && --s->b.wait <= 0) s->b.one(&s->b);
    if (s->next_a.rows) ck_amx_fetch(&s->next_a);
}

// A stretch of the contraction: `steps` steps of 32, then one from `last` if there is one. Row tile i of a lies a_tile further than
// the one above it, its rows are a_row apart, and each step is a_step further; b is packed, b_panel from panel to panel.
typedef struct ck_amx_stretch {
    const char *a, *last, *b;
    ptrdiff_t a_row, a_tile, a_step, b_panel, steps;
    // The sums start from `from`, or from 0 if it is null, and go to `to`: rows sums_row bytes apart, panels sums_panel.
    const float *from;
    float *to;
    ptrdiff_t sums_row, sums_panel;
} ck_amx_stretch;

// b is read past the first-level cache (T1), which a then has for itself: a block of a is read once for every panel, b once for every
// block.
#define CK_TILE_A(t, p, row) _tile_loadd(t, p, row)
#define CK_TILE_B(t, p) _tile_stream_loadd(t, p, 64)
// Sums in a buffer: panels of 32 × 32.
enum { CK_SUMS_ROW = 128, CK_SUMS_PANEL = 4096 };

// Two row tiles, two column tiles: tiles 0 1 over 2 3 are sums, 4 5 are b, 6 7 are a.
static void ck_amx_two_by_two(const ck_amx_stretch *s, ck_amx_side *side) {
    const char *a = s->a, *b = s->b;
    const ptrdiff_t a_row = s->a_row, a_tile = s->a_tile, a_step = s->a_step;
    const char *from = (const char *)s->from, *last = s->last;
    char *to = (char *)s->to;
    const ptrdiff_t sums_row = s->sums_row, sums_lower = 16 * sums_row;
    if (from) {
        _tile_loadd(0, from, sums_row);
        _tile_loadd(1, from + 64, sums_row);
        _tile_loadd(2, from + sums_lower, sums_row);
        _tile_loadd(3, from + sums_lower + 64, sums_row);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
#define CK_STEP(upper, row, tile)              \
    do {                                       \
        const char *u_ = (upper);              \
        CK_TILE_B(4, b);                       \
        CK_TILE_A(6, u_, row);                 \
        _tile_dpbf16ps(0, 6, 4);               \
        CK_TILE_B(5, b + CK_TILE_BYTES);       \
        _tile_dpbf16ps(1, 6, 5);               \
        CK_TILE_A(7, u_ + (tile), row);        \
        _tile_dpbf16ps(2, 7, 4);               \
        _tile_dpbf16ps(3, 7, 5);               \
        ck_amx_side_step(side);                \
    } while (0)
    for (ptrdiff_t i = s->steps; i > 0; i--, a += a_step, b += CK_PAIR_BYTES) CK_STEP(a, a_row, a_tile);
    if (last) CK_STEP(last, 64, CK_TILE_BYTES);
#undef CK_STEP
    _tile_stored(0, to, sums_row);
    _tile_stored(1, to + 64, sums_row);
    _tile_stored(2, to + sums_lower, sums_row);
    _tile_stored(3, to + sums_lower + 64, sums_row);
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
