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

// Sums that are still in the tiles 0 to 3, and where they go: rows `row` bytes apart. The first step of the next panel stores them one
// by one, just before it needs the tile; all at once, at the end of their own panel, they would wait for the products and hold up others.
typedef struct ck_amx_held {
    char *to;
    ptrdiff_t row;
    // What is to be finished once they are stored; rows 0 if nothing.
    ptrdiff_t rows, columns, at, column;
} ck_amx_held;

typedef struct ck_amx_side {
    // Rows of finished sums: `left` of them from `tile` on.
    const ck_epilogue *epilogue;
    ck_amx_way way;
    const float *tile;
    ptrdiff_t left, quota, columns, at, column, c_row;
    ck_out c;
    ck_amx_held held;
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

// What rides along with each step beside the epilogue.
CK_INLINE int ck_amx_side_rides(const ck_amx_side *s) { return s->a.left > 0 || s->b.left > 0 || s->next_a.rows > 0; }
static __attribute__((noinline)) void ck_amx_side_pack(ck_amx_side *s) {
    if (s->a.left && --s->a.wait <= 0) s->a.one(&s->a);
    if (s->b.left && --s->b.wait <= 0) s->b.one(&s->b);
}
CK_INLINE void ck_amx_side_ride(ck_amx_side *s) {
    if (s->next_a.rows) ck_amx_fetch(&s->next_a);
    if (s->a.left || s->b.left) ck_amx_side_pack(s);
}

CK_INLINE void ck_amx_side_step(ck_amx_side *s) {
    if (s->left) ck_amx_side_finish(s, s->quota);
    if (ck_amx_side_rides(s)) ck_amx_side_ride(s);
}

// The held sums are now where they are to be finished from.
CK_INLINE void ck_amx_side_take(ck_amx_side *s) {
    s->tile = (const float *)s->held.to;
    s->left = s->held.rows;
    s->columns = s->held.columns;
    s->at = s->held.at;
    s->column = s->held.column;
    s->held.to = 0;
}

// Has the tiles free: before they change their shape, or go to a kernel that does not store what is held.
static void ck_amx_side_release(ck_amx_side *s) {
    char *const to = s->held.to;
    if (!to) return;
    const ptrdiff_t row = s->held.row;
    _tile_stored(0, to, row);
    _tile_stored(1, to + 64, row);
    _tile_stored(2, to + 16 * row, row);
    _tile_stored(3, to + 16 * row + 64, row);
    ck_amx_side_take(s);
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

// Two row tiles, two column tiles: tiles 0 1 over 2 3 are sums, 4 5 are b, 6 7 are a. Rows of the panel before are finished in the way
// `way`, CK_WAY_ANY standing for whatever has no code of its own here, or not at all.
CK_INLINE void ck_amx_two_by_two_in(const ck_amx_way way, const int finishes, const ck_amx_stretch *s, ck_amx_side *side) {
    const char *a = s->a, *b = s->b, *last = s->last, *const from = (const char *)s->from;
    const ptrdiff_t a_row = s->a_row, a_tile = s->a_tile, a_step = s->a_step, sums_row = s->sums_row, sums_lower = 16 * sums_row;
    ptrdiff_t steps = s->steps;
    const int inlined = finishes && way != CK_WAY_ANY;
    const ck_epilogue *const e = side->epilogue;
    const ck_out c = side->c;
    const ptrdiff_t c_row = side->c_row;

    char *const to = side->held.to;
    const ptrdiff_t row = side->held.row;
    if (to) ck_amx_side_take(side);
    const int rides = ck_amx_side_rides(side);
    const float *tile = side->tile;
    const ptrdiff_t left = side->left;
    ptrdiff_t at = side->at;
    // The sums of the panel before are there after the first step; over the others they are spread. Long rows stand between the products
    // of a step, one by one: all after the last, they would fill the scheduler before the next products are in it.
    const int spread = way == CK_WAY_GELU || way == CK_WAY_GELU_SLOPE, unit = spread ? 1 : 2;
    const ptrdiff_t rounds = ck_amx_larger(steps + (last != 0) - (to != 0), 1), places = spread ? 3 * rounds : rounds;
    const ptrdiff_t units = left / unit;
    ptrdiff_t due = places - 1;
    side->quota = (left + rounds - 1) / rounds;
    f16 bias_a, bias_b;
    if (inlined) ck_amx_read_bias(way, e, side->column, 0xFFFFFFFFu, &bias_a, &bias_b);
#define CK_PLACE()                                                                                     \
    do {                                                                                               \
        for (due += units; due >= places; due -= places, tile += 32 * unit, at += unit * c_row)        \
            ck_amx_finish_rows(way, 1, 1, unit, e, tile, 0xFFFFFFFFu, c, c_row, at, bias_a, bias_b);   \
    } while (0)
#define CK_BETWEEN()                          \
    do {                                      \
        if (inlined && spread) CK_PLACE();    \
    } while (0)
// Where rows are finished without a call, there is none: it would have constants leave their registers.
#define CK_RIDE_ALONG()                                                             \
    do {                                                                            \
        if (!inlined) ck_amx_side_ride(side);                                       \
        else if (side->next_a.rows) ck_amx_fetch(&side->next_a);                    \
    } while (0)
#define CK_RIDE()                                                                                      \
    do {                                                                                               \
        if (inlined && !spread) CK_PLACE();                                                            \
        if (finishes && !inlined && side->left) ck_amx_side_finish(side, side->quota);                 \
        if (rides) CK_RIDE_ALONG();                                                                    \
    } while (0)
#define CK_BEGIN(tile, offset, sums_offset)                       \
    do {                                                          \
        if (to) _tile_stored(tile, to + (offset), row);           \
        if (from) _tile_loadd(tile, from + (sums_offset), sums_row); \
        else _tile_zero(tile);                                    \
    } while (0)

    const char *upper = a;
    ptrdiff_t upper_row = a_row, upper_tile = a_tile;
    if (steps > 0) {
        a += a_step;
        steps--;
    } else {
        upper = last;
        upper_row = 64;
        upper_tile = CK_TILE_BYTES;
        last = 0;
    }
    CK_TILE_B(4, b);
    CK_TILE_A(6, upper, upper_row);
    CK_BEGIN(0, 0, 0);
    _tile_dpbf16ps(0, 6, 4);
    CK_TILE_B(5, b + CK_TILE_BYTES);
    CK_BEGIN(1, 64, 64);
    _tile_dpbf16ps(1, 6, 5);
    CK_TILE_A(7, upper + upper_tile, upper_row);
    CK_BEGIN(2, 16 * row, sums_lower);
    _tile_dpbf16ps(2, 7, 4);
    CK_BEGIN(3, 16 * row + 64, sums_lower + 64);
    _tile_dpbf16ps(3, 7, 5);
    b += CK_PAIR_BYTES;
    if (to && (steps > 0 || last)) {
        if (rides) CK_RIDE_ALONG();
    } else {
        for (int i = 0; i < 3; i++) CK_BETWEEN();
        CK_RIDE();
    }
#define CK_STEP(upper, row, tile)              \
    do {                                       \
        const char *u_ = (upper);              \
        CK_TILE_B(4, b);                       \
        CK_TILE_A(6, u_, row);                 \
        _tile_dpbf16ps(0, 6, 4);               \
        CK_BETWEEN();                          \
        CK_TILE_B(5, b + CK_TILE_BYTES);       \
        _tile_dpbf16ps(1, 6, 5);               \
        CK_BETWEEN();                          \
        CK_TILE_A(7, u_ + (tile), row);        \
        _tile_dpbf16ps(2, 7, 4);               \
        CK_BETWEEN();                          \
        _tile_dpbf16ps(3, 7, 5);               \
        CK_RIDE();                             \
    } while (0)
    for (; steps > 0; steps--, a += a_step, b += CK_PAIR_BYTES) CK_STEP(a, a_row, a_tile);
    if (last) CK_STEP(last, 64, CK_TILE_BYTES);
#undef CK_STEP
#undef CK_BEGIN
#undef CK_RIDE
#undef CK_RIDE_ALONG
#undef CK_BETWEEN
#undef CK_PLACE
    if (inlined) {
        if (unit == 2 && (left & 1)) ck_amx_finish_rows(way, 1, 1, 1, e, tile, 0xFFFFFFFFu, c, c_row, at, bias_a, bias_b);
        side->left = 0;
    }
    side->held.to = (char *)s->to;
    side->held.row = sums_row;
}

// The code of each way apart, so that rows are finished without a call.
#define CK_WAY_OF_TWO(way) \
    static __attribute__((noinline)) void ck_amx_two_by_two_##way(const ck_amx_stretch *s, ck_amx_side *side) { \
        ck_amx_two_by_two_in(way, 1, s, side);                                                                  \
    }
CK_WAY_OF_TWO(CK_WAY_PLAIN)
CK_WAY_OF_TWO(CK_WAY_BIAS)
CK_WAY_OF_TWO(CK_WAY_RELU)
CK_WAY_OF_TWO(CK_WAY_GELU)
CK_WAY_OF_TWO(CK_WAY_GELU_SLOPE)
CK_WAY_OF_TWO(CK_WAY_RESIDUAL)
CK_WAY_OF_TWO(CK_WAY_FACTOR)
CK_WAY_OF_TWO(CK_WAY_OPEN)
CK_WAY_OF_TWO(CK_WAY_ANY)
#undef CK_WAY_OF_TWO
static __attribute__((noinline)) void ck_amx_two_by_two_alone(const ck_amx_stretch *s, ck_amx_side *side) {
    ck_amx_two_by_two_in(CK_WAY_ANY, 0, s, side);
}

// The sums stay in the tiles (side->held).
static void ck_amx_two_by_two(const ck_amx_stretch *s, ck_amx_side *side) {
    const ptrdiff_t left = side->held.to ? side->held.rows : side->left, columns = side->held.to ? side->held.columns : side->columns;
    if (!left) {
        ck_amx_two_by_two_alone(s, side);
        return;
    }
    const int packs = side->a.left || side->b.left;
    switch (columns == 32 && side->c.type == CK_BF16 && !packs ? side->way : CK_WAY_ANY) {
    case CK_WAY_PLAIN: ck_amx_two_by_two_CK_WAY_PLAIN(s, side); break;
    case CK_WAY_BIAS: ck_amx_two_by_two_CK_WAY_BIAS(s, side); break;
    case CK_WAY_RELU: ck_amx_two_by_two_CK_WAY_RELU(s, side); break;
    case CK_WAY_GELU: ck_amx_two_by_two_CK_WAY_GELU(s, side); break;
    case CK_WAY_GELU_SLOPE: ck_amx_two_by_two_CK_WAY_GELU_SLOPE(s, side); break;
    case CK_WAY_RESIDUAL: ck_amx_two_by_two_CK_WAY_RESIDUAL(s, side); break;
    case CK_WAY_FACTOR: ck_amx_two_by_two_CK_WAY_FACTOR(s, side); break;
    case CK_WAY_OPEN: ck_amx_two_by_two_CK_WAY_OPEN(s, side); break;
    default: ck_amx_two_by_two_CK_WAY_ANY(s, side); break;
    }
}

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
