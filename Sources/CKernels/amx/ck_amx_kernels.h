// The micro-kernels: four tiles of sums over a stretch of the contraction, and what rides along.
//
// A product of tiles keeps the tile unit busy for 16 cycles and takes one issue slot, so three quarters of the slots are free. The sums
// of the tile before go through the epilogue there, a few rows with each step, and operands that come next are packed and fetched.

#ifndef CK_AMX_KERNELS_H
#define CK_AMX_KERNELS_H

#include "ck_amx_side.h"

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
            ck_amx_finish_rows(way, 1, 1, 1, unit, e, tile, 0xFFFFFFFFu, c, c_row, at, bias_a, bias_b); \
    } while (0)
#define CK_BETWEEN()                          \
    do {                                      \
        if (inlined && spread) CK_PLACE();    \
    } while (0)
// Where rows are finished without a call, there is none: it would have constants leave their registers.
#define CK_RIDE_ALONG()                                                             \
    do {                                                                            \
        if (!inlined) ck_amx_side_ride(side);                                       \
        else if (side->next.rows) ck_amx_fetch(&side->next);                        \
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
        if (unit == 2 && (left & 1)) ck_amx_finish_rows(way, 1, 1, 1, 1, e, tile, 0xFFFFFFFFu, c, c_row, at, bias_a, bias_b);
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

#include "ck_amx_kernels_narrow.h"

#endif
