// Weight gradients of few columns: all rows of a block pass along one panel of b, which stays in the first-level cache, and then along
// the next. a is packed by the first of these passes, a block of c stays in the second-level cache until k is through.
//
// With few panels, the other order (a tile's rows along all panels) packs rows of a with every few tiles. With many, rows of c that lie
// side by side are met side by side there, which counts for more.

#ifndef CK_GEMM_DOWN_H
#define CK_GEMM_DOWN_H

#if CK_PACKING_TILES

// Columns of a block of c, its rows, and steps of k between two visits to it: a panel of so many steps leaves room beside it.
enum { CK_DOWN_COLUMNS = 512, CK_DOWN_ROWS = 384, CK_DOWN_STEPS = 128 };
// Panels of a group up to which this order is better; elements of c from which it is fetched ahead.
enum { CK_DOWN_PANELS = 9, CK_DOWN_FAR_C = 1 << 18 };

typedef struct ck_down {
    const ck_gemm *g;
    // Extents of a block and of a chunk.
    ptrdiff_t rows, columns, steps;
    float *panel, *slivers;
} ck_down;

// One chunk of one block: its first row, column and step, and their counts. No columns: there is none.
typedef struct ck_down_part {
    ptrdiff_t row, rows, column, columns, step, steps;
} ck_down_part;

// Equal parts of whole units.
static ptrdiff_t ck_down_even(ptrdiff_t extent, ptrdiff_t most, ptrdiff_t unit) {
    const ptrdiff_t parts = (extent + most - 1) / most, units = (extent + unit - 1) / unit;
    return (units + parts - 1) / parts * unit;
}

static ck_down ck_gemm_down_plan(const ck_gemm *g) {
    return (ck_down){
        .g = g,
        .rows = ck_down_even(g->m, CK_DOWN_ROWS, ck_tile_heights[3]),
        .columns = ck_down_even(g->n, CK_DOWN_COLUMNS, CK_GEMM_WIDTH),
        .steps = ck_down_even(g->k, CK_DOWN_STEPS, 16),
    };
}
static ptrdiff_t ck_down_tiles(ptrdiff_t rows) { return (rows + ck_tile_heights[3] - 1) / ck_tile_heights[3]; }

static int ck_gemm_goes_down(const ck_gemm *g, const ck_gemm_plan *plan) {
    if (!g->transpose_a || g->transpose_b || g->packed_b || g->batch != 1 || g->a.type != CK_F32 || g->b.type != CK_F32) return 0;
    if (g->n % CK_GEMM_WIDTH != 0 || g->n < 2 * CK_GEMM_WIDTH || g->m < CK_GEMM_BLOCK || g->k < 3 * CK_DOWN_STEPS) return 0;
    if (plan->group > CK_DOWN_PANELS * CK_GEMM_WIDTH || !ck_gemm_owns_c(g) || !ck_gemm_is_plain(g) || g->epilogue.bias) return 0;
    const ck_down d = ck_gemm_down_plan(g);
    return 32 + (CK_GEMM_WIDTH + ck_down_tiles(d.rows) * CK_GEMM_SLIVER) * d.steps <= ck_gemm_floats(g->m, g->n, g->k, 0);
}

// What follows: the next chunk, else the next rows, else the next columns.
static ck_down_part ck_down_after(const ck_down *d, ck_down_part x) {
    const ck_gemm *g = d->g;
    x.step += d->steps;
    if (x.step >= g->k) {
        x.step = 0;
        x.row += d->rows;
    }
    if (x.row >= g->m) {
        x.row = 0;
        x.column += d->columns;
    }
    x.rows = ck_smaller(d->rows, g->m - x.row);
    x.columns = x.column < g->n ? ck_smaller(d->columns, g->n - x.column) : 0;
    x.steps = ck_smaller(d->steps, g->k - x.step);
    return x;
}

// The tiles of one panel, of which the first packs b, and all pack a if it is the part's first panel.
static void ck_down_panel(const ck_down *d, const ck_down_part *x, ptrdiff_t j, ck_stream *streams, ptrdiff_t every) {
    const ck_gemm *g = d->g;
    const ptrdiff_t tiles = ck_down_tiles(x->rows), height = x->rows / tiles, taller = x->rows % tiles;
    const int packs_a = j == 0 ? CK_PACKS_A : 0, last = x->step + x->steps == g->k;
    const float *a = packs_a ? (const float *)g->a.data + x->step * g->a_row + x->row : d->slivers;
    float *sliver = d->slivers, *c = (float *)g->c.data + x->row * g->c_row + x->column + j;
    for (ptrdiff_t n = 0; n < tiles;) {
        const ptrdiff_t high = height + (n < taller);
        const int packs = packs_a | (n == 0 ? CK_PACKS_B : 0);
        ck_tiles t = {
            .k = x->steps,
            .count = n == 0 ? 1 : n < taller ? taller - n : tiles - n,
            .a = a,
            .a_row = packs_a ? g->a_row : CK_GEMM_SLIVER,
            .a_next = packs_a ? high : x->steps * CK_GEMM_SLIVER,
            .b = d->panel,
            .b_row = CK_GEMM_WIDTH,
            .c = c,
            .c_row = g->c_row,
            .c_next = high * g->c_row,
            .load = g->accumulate || x->step > 0,
            .relu = last && g->epilogue.activation == CK_RELU,
            .sliver = sliver,
            .sliver_next = x->steps * CK_GEMM_SLIVER,
            .streams = streams,
            .every = every,
        };
        if (x->step == 0 && g->m * g->n >= CK_DOWN_FAR_C) {
            t.under = 2 * t.c_next;
            ck_gemm_fetch_under(&t, high);
        }
        if (n == 0) {
            t.panel = d->panel;
            t.b = (const float *)g->b.data + x->step * g->b_row + x->column + j;
            t.b_row = g->b_row;
        }
        (packs ? ck_packing_tiles[high - 1][CK_BY_COLUMNS][packs - 1] : ck_tile_functions[3][high - 1][CK_BY_COLUMNS])(&t);
        n += t.count;
        a += t.count * t.a_next;
        c += t.count * t.c_next;
        sliver += t.count * t.sliver_next;
    }
    if (g->b_sums && x->row == 0) ck_gemm_panel_sums(d->panel, x->steps, CK_GEMM_WIDTH, x->step == 0, g->b_sums + x->column + j);
}

static void ck_gemm_downwards(const ck_gemm *g, void *workspace) {
    ck_down d = ck_gemm_down_plan(g);
    float *space = workspace;
    d.panel = ck_take(&space, CK_GEMM_WIDTH * d.steps);
    d.slivers = ck_take(&space, ck_down_tiles(d.rows) * CK_GEMM_SLIVER * d.steps);
    ck_down_part x = {.columns = ck_smaller(d.columns, g->n), .rows = ck_smaller(d.rows, g->m), .steps = ck_smaller(d.steps, g->k)}, next;
    for (; x.columns > 0; x = next) {
        next = ck_down_after(&d, x);
        const ptrdiff_t tiles = ck_down_tiles(x.rows), all = tiles * (x.columns / CK_GEMM_WIDTH);
        // a of the next part is fetched with all tiles of this one, the next panel of b with those of this panel.
        ck_stream streams[3] = {{0}};
        if (next.columns) {
            const ptrdiff_t at = next.step * g->a_row + next.row;
            streams[0] = ck_stream_of(g->a.data, 4, at, g->a_row, next.steps, next.rows, all);
        }
        const ptrdiff_t every_a = ck_stream_every(&streams[0], all, x.steps, &streams[0].length);
        for (ptrdiff_t j = 0; j < x.columns; j += CK_GEMM_WIDTH) {
            const int within = j + CK_GEMM_WIDTH < x.columns;
            const ck_down_part *const of = within ? &x : &next;
            streams[1] = (ck_stream){0};
            if (of->columns) {
                const ptrdiff_t at = of->step * g->b_row + of->column + (within ? j + CK_GEMM_WIDTH : 0);
                streams[1] = ck_stream_of(g->b.data, 4, at, g->b_row, of->steps, CK_GEMM_WIDTH, tiles);
            }
            const ptrdiff_t every_b = ck_stream_every(&streams[1], tiles, x.steps, &streams[1].length);
            ck_down_panel(&d, &x, j, streams, ck_smaller(every_a, every_b));
        }
    }
}
#else
static int ck_gemm_goes_down(const ck_gemm *g, const ck_gemm_plan *plan) { return 0; }
static void ck_gemm_downwards(const ck_gemm *g, void *workspace) {}
#endif

#endif
