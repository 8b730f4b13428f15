// Convolutions and their input gradients in tiles: two tiles of images × two tiles of filters are summed over all taps in ascending
// order, and taps in the padding are left out.

#include "ck_amx_conv_sum.h"

enum {
    // Bytes of copied rows beside small and beside large weights, which all stay in the second-level cache.
    CK_TILED_FEW_ROWS = 512 * 1024,
    CK_TILED_MANY_ROWS = 1152 * 1024,
    // Bytes of a panel that stay in the first-level cache. Longer panels are taken in parts, unless these are too many: each part
    // is one more way of the sums to memory and back.
    CK_TILED_NEAR = 40 * 1024,
    CK_TILED_PARTED = 96 * 1024,
};

// Images side by side, output rows of a block, and the rows of the copy.
typedef struct ck_tiled_cut {
    ptrdiff_t images, lines, slots, row;
} ck_tiled_cut;

static ck_tiled_cut ck_tiled_cut_of(const ck_pass *p) {
    ck_tiled_cut cut = {.images = 32};
    const ptrdiff_t limit = ck_tiled_pass_packed(p) < 400 * 1024 ? CK_TILED_FEW_ROWS : CK_TILED_MANY_ROWS;
    const int folds = ck_tiled_folds(p);
    cut.row = ck_tiled_row_pixels(p) * ck_tiled_pixel(2, ck_tiled_blocks(p));
    if ((folds ? 1 : ck_conv_reach(p, 1)) * cut.row > CK_TILED_MANY_ROWS) {
        cut.images = 16;
        cut.row = ck_tiled_row_pixels(p) * ck_tiled_pixel(1, ck_tiled_blocks(p));
    }
    cut.lines = 1;
    while (cut.lines < p->y.out && (folds ? cut.lines + 1 : ck_conv_reach(p, cut.lines + 1)) * cut.row <= limit) cut.lines++;
    cut.slots = folds ? cut.lines : ck_conv_reach(p, cut.lines);
    return cut;
}

// Sums of a block's pixels for one panel: at most two tiles of images each. Odd tiles take the place of two.
static ptrdiff_t ck_tiled_slab(const ck_pass *p, const ck_tiled_cut *cut) { return cut->lines * p->x.out * 4096 + 4096; }

static ptrdiff_t ck_tiled_pass_bytes(const ck_pass *p) {
    const ck_tiled_cut cut = ck_tiled_cut_of(p);
    return ck_axis_bytes(&p->y) + ck_axis_bytes(&p->x) + ck_conv_bytes(cut.slots * cut.row)
        + ck_conv_bytes(p->taps * (ptrdiff_t)sizeof(ck_tiled_tap)) + ck_conv_bytes(ck_tiled_slab(p, &cut)) + ck_conv_bytes(ck_tiled_blocks(p) * 64 + 64);
}

typedef struct ck_tiled_pass_job {
    ck_tiled_image_rows rows;
    ck_axis y, x;
    ck_tiled_cut cut;
    const ck_epilogue *epilogue;
    ck_out out;
    const ck_moments *moments;
    ck_tiled_tap *taps;
    float *sums;
    char *copy;
    const char *packed, *packed_end;
} ck_tiled_pass_job;

// One run of one output row: pairs of tiles that share their taps. Where tiles are full, a pair is two neighbouring pixels of the same
// images, of which the second is what the first one's next tap reads: three taps read four tiles instead of six. `sums` is the run's
// place in the slab.
static void ck_tiled_run(ck_tiled_pass_job *g, ptrdiff_t oy, const ck_run *run, ptrdiff_t advance, ck_tiled_sum *sum, ptrdiff_t column,
                         int last, float *sums) {
    const ck_pass *p = g->rows.p;
    const ptrdiff_t halves = g->rows.halves, half = g->rows.blocks * 1024, columns = ck_smaller(32, p->n - column);
    const ptrdiff_t tiles = run->count * halves, row = oy * p->x.out + run->first, images = g->rows.images;
    const int neighbours = halves == 1 || images == 32;
    ptrdiff_t steps = 1;
    for (ptrdiff_t t = 0; t < sum->count; t++) steps += sum->taps[t].count * sum->blocks;
    const ptrdiff_t quota = 31 / steps + 1;
    for (ptrdiff_t i = 0; i < tiles; i += 2, sums += 1024) {
        const int two = i + 1 < tiles;
        sum->to = sums;
        sum->side.quota = quota;
        ptrdiff_t pixel[2], which[2], at[2], count[2];
        for (int t = 0; t < 2; t++) {
            pixel[t] = neighbours ? (i + t) % run->count : (i + t) / halves;
            which[t] = neighbours ? (i + t) / run->count : (i + t) % halves;
            at[t] = (g->rows.first + which[t] * 16) * p->out + (row + pixel[t] * g->x.step) * p->out_channels + column;
            count[t] = ck_smaller(16, images - which[t] * 16);
            if (last && (two || t == 0)) ck_tiled_ask(g->out, at[t], p->out, count[t]);
        }
        sum->slides = which[0] == which[1] && advance == sum->next_from;
        sum->first = g->copy + pixel[0] * advance + which[0] * half;
        sum->second = g->copy + pixel[1] * advance + which[1] * half;
        if (columns > 16) (two ? ck_tiled_sum_2_2 : ck_tiled_sum_1_2)(sum);
        else (two ? ck_tiled_sum_2_1 : ck_tiled_sum_1_1)(sum);
        if (!last) continue;
        ck_tiled_side *side = &sum->side;
        ck_tiled_finish_all(side);
        side->column = column;
        if (g->moments) side->strips = ck_moments_at(g->moments, 0, column);
        side->columns = columns;
        // A single tile is the second, whose rows end the work.
        for (int t = 0; t < 2; t++) {
            const int tile = two ? t : 0;
            side->sums[t] = sums + tile * 512;
            side->at[t] = at[tile];
            side->unseen[t] = side->rows[t] = t == 0 && !two ? 0 : count[tile];
        }
    }
}

// The taps from..<to of a pair of runs.
static ptrdiff_t ck_tiled_find_taps(const ck_tiled_pass_job *g, const ck_run *y, ptrdiff_t within, const ck_run *x, ptrdiff_t from,
                                    ptrdiff_t to, ptrdiff_t step) {
    const ck_pass *p = g->rows.p;
    const ptrdiff_t pixel = ck_tiled_pixel(g->rows.halves, g->rows.blocks);
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0, rows = 0; i < y->taps; i++, rows = count)
        for (ptrdiff_t j = 0; j < x->taps; j++) {
            const ptrdiff_t tap = y->tap[i].tap * p->x.kernel + x->tap[j].tap;
            if (tap < from || tap >= to) continue;
            const ptrdiff_t row = (y->tap[i].from + within * g->y.advance) % g->cut.slots;
            const ck_tiled_tap one = {(row * p->x.in + x->tap[j].from) * pixel, tap * step, 1};
            ck_tiled_tap *last = &g->taps[count - 1];
            const int adjacent = count > rows && one.from == last->from + last->count * pixel && one.at == last->at + last->count * step;
            if (adjacent) last->count++;
            else g->taps[count++] = one;
        }
    return count;
}

// The output rows line..<line + lines, panel by panel, and as many taps at a time as stay near.
static void ck_tiled_block(ck_tiled_pass_job *g, ptrdiff_t line, ptrdiff_t lines) {
    const ck_pass *p = g->rows.p;
    const int folded = g->rows.folded;
    const ptrdiff_t pixel = ck_tiled_pixel(g->rows.halves, g->rows.blocks), taps = folded ? 1 : p->taps;
    const char *panel = g->packed;
    ck_tiled_sum sum = {.row = 64, .step = 1024, .taps = g->taps, .blocks = g->rows.blocks};
    sum.side = (ck_tiled_side){.epilogue = g->epilogue, .way = ck_amx_way_of(g->epilogue, g->out.type), .out = g->out, .image = p->out};
    for (ptrdiff_t n = 0; n < p->n; n += 32) {
        const ptrdiff_t step = g->rows.blocks * (p->n - n > 16 ? 2048 : 1024), whole = taps * step;
        // A pixel under a stride has few taps, whose sums should make their way but once.
        const int sparse = p->y.backward && p->y.stride * p->x.stride > 1;
        const ptrdiff_t parts = whole <= CK_TILED_PARTED && !sparse ? (whole + CK_TILED_NEAR - 1) / CK_TILED_NEAR : 1;
        const ptrdiff_t near = (taps + parts - 1) / parts;
        sum.panel = panel;
        sum.next_from = pixel;
        sum.next_at = step;
        // Weights that fit beside the rows stay where they are.
        if (g->packed_end - g->packed > CK_TILED_FEW_ROWS) {
            sum.ahead = n + 32 < p->n ? panel + whole : g->packed;
            sum.ahead_end = sum.ahead + whole < g->packed_end ? sum.ahead + whole : g->packed_end;
        }
        for (ptrdiff_t tap = 0; tap < taps; tap += near) {
            float *sums = g->sums;
            sum.load = tap > 0;
            for (ptrdiff_t r = 0; r < g->y.runs; r++) {
                const ck_run *y = &g->y.run[r];
                for (ptrdiff_t within = 0; within < y->count; within++) {
                    const ptrdiff_t oy = y->first + within * g->y.step;
                    if (oy < line || oy >= line + lines) continue;
                    for (ptrdiff_t c = 0; c < g->x.runs; c++) {
                        const ck_run *x = &g->x.run[c];
                        const int last = tap + near >= taps;
                        ptrdiff_t advance = g->x.advance * pixel;
                        if (folded) {
                            g->taps[0] = (ck_tiled_tap){((oy - line) * p->x.out + x->first) * pixel, 0, 1};
                            sum.count = 1;
                            advance = g->x.step * pixel;
                        } else {
                            sum.count = ck_tiled_find_taps(g, y, within, x, tap, tap + near, step);
                        }
                        if (sum.count > 0 || tap == 0 || last) ck_tiled_run(g, oy, x, advance, &sum, n, last, sums);
                        sums += (x->count * g->rows.halves + 1) / 2 * 1024;
                    }
                }
            }
            // The next part's sums take the places of what is still on its way.
            ck_tiled_finish_all(&sum.side);
        }
        panel += whole;
    }
}

static void ck_tiled_pass(const ck_pass *p, ptrdiff_t rows, ck_in in, const char *packed, const ck_epilogue *epilogue, ck_out out,
                          const ck_moments *moments, char *workspace) {
    ck_tiled_pass_job g = {
        .rows = {.p = p, .in = in, .blocks = ck_tiled_blocks(p), .folded = ck_tiled_folds(p)},
        .y = ck_axis_of(&p->y, &workspace),
        .x = ck_axis_of(&p->x, &workspace),
        .cut = ck_tiled_cut_of(p),
        .epilogue = epilogue,
        .out = out,
        .moments = moments,
        .packed = packed,
        .packed_end = packed + ck_tiled_pass_packed(p),
    };
    g.copy = ck_conv_take(&workspace, g.cut.slots * g.cut.row);
    g.taps = ck_conv_take(&workspace, p->taps * (ptrdiff_t)sizeof(ck_tiled_tap));
    g.sums = ck_conv_take(&workspace, ck_tiled_slab(p, &g.cut));
    uint16_t *window = (uint16_t *)workspace;
    for (ptrdiff_t first = 0; first < rows; first += g.cut.images) {
        g.rows.first = first;
        g.rows.images = ck_smaller(rows - first, g.cut.images);
        g.rows.halves = g.rows.images > 16 ? 2 : 1;
        const ptrdiff_t row = ck_tiled_row_pixels(p) * ck_tiled_pixel(g.rows.halves, g.rows.blocks);
        ck_tiled_configure(ck_smaller(g.rows.images, 16), g.rows.halves == 2 ? g.rows.images - 16 : g.rows.images);
        ptrdiff_t filled = 0;
        for (ptrdiff_t line = 0; line < p->y.out; line += g.cut.lines) {
            const ptrdiff_t lines = ck_smaller(p->y.out - line, g.cut.lines);
            // The rows that this block reaches, as far as they are not there yet.
            for (ptrdiff_t r = 0; r < g.y.runs; r++) {
                const ck_run *y = &g.y.run[r];
                for (ptrdiff_t j = 0; j < y->count; j++) {
                    const ptrdiff_t oy = y->first + j * g.y.step;
                    if (oy < line || oy >= line + lines) continue;
                    if (g.rows.folded) ck_tiled_fold_row(&g.rows, y, j, g.y.advance, &g.x, window, g.copy + (oy - line) * row);
                }
            }
            if (!g.rows.folded) {
                ptrdiff_t need = 0;
                for (ptrdiff_t r = 0; r < g.y.runs; r++) {
                    const ck_run *y = &g.y.run[r];
                    for (ptrdiff_t j = 0; j < y->count; j++) {
                        const ptrdiff_t oy = y->first + j * g.y.step;
                        if (oy < line || oy >= line + lines || y->taps == 0) continue;
                        const ptrdiff_t last = y->tap[y->taps - 1].from + j * g.y.advance + 1;
                        if (last > need) need = last;
                    }
                }
                if (need - filled > g.cut.slots) filled = need - g.cut.slots;
                for (; filled < need; filled++) ck_tiled_copy_row(&g.rows, filled, g.copy + filled % g.cut.slots * row);
            }
            ck_tiled_block(&g, line, lines);
        }
    }
    _tile_release();
}
