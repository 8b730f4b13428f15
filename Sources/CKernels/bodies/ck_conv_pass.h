// fp32 convolutions and their input gradients: for a block of images and rows, for each panel of filters, tiles of pixels that share
// their taps. Where the weights of a panel are more than the second-level cache should hold, taps are taken in blocks and the sums
// wait in a slab.

enum {
    // Pixels of a block: sums of that many pixels × one panel are the slab.
    CK_CONV_BLOCK = 768,
    // Elements of a panel that are used before the next block of taps.
    CK_CONV_TAP_BLOCK = 80 * 1024,
};

// How a block is cut: images, and output rows.
typedef struct ck_conv_cut {
    ptrdiff_t images, lines;
} ck_conv_cut;

static inline ck_conv_cut ck_conv_cut_of(const ck_pass *p) {
    const ptrdiff_t pixels = p->y.out * p->x.out;
    ck_conv_cut cut = {.images = CK_CONV_BLOCK / pixels};
    if (cut.images < CK_CONV_TALLEST) cut.images = CK_CONV_TALLEST;
    if (cut.images > 32) cut.images = 32;
    cut.lines = CK_CONV_BLOCK / (cut.images * p->x.out);
    if (cut.lines < 1) cut.lines = 1;
    if (cut.lines > p->y.out) cut.lines = p->y.out;
    return cut;
}

// Registers of the panel that starts at column n of a group, and packed elements before it.
static inline ptrdiff_t ck_conv_registers(const ck_pass *p, ptrdiff_t n) {
    return (ck_smaller(p->n - n, CK_CONV_PANEL) + CK_LANES - 1) / CK_LANES;
}
static inline ptrdiff_t ck_conv_paneled(const ck_pass *p) { return (p->n + CK_LANES - 1) / CK_LANES * CK_LANES; }

static ptrdiff_t ck_conv_pass_bytes(const ck_pass *p) {
    const ck_conv_cut cut = ck_conv_cut_of(p);
    return ck_axis_bytes(&p->y) + ck_axis_bytes(&p->x) + ck_conv_bytes(p->taps * (ptrdiff_t)sizeof(ck_conv_span))
        + ck_conv_bytes(cut.images * cut.lines * p->x.out * CK_CONV_PANEL * 4) + ck_conv_bytes(CK_CONV_PANEL * 4)
        + ck_conv_bytes(cut.images * ck_conv_reach(p, cut.lines) * p->x.in * p->in_channels * 4);
}

#include "ck_conv_pack.h"

typedef struct ck_conv_job {
    const ck_pass *p;
    ck_axis y, x;
    // Rows `top`… of `images` images, `image` elements apart.
    const float *in;
    ptrdiff_t image, top, images, first;
    // The output rows of this block.
    ptrdiff_t line, lines;
    const ck_epilogue *epilogue;
    ck_out out;
    // Of what is stored; null if nobody asked.
    const ck_moments *moments;
    ck_conv_span *spans;
    float *slab, *bias;
    int bare;
} ck_conv_job;

// The spans of the taps from..<to of a pair of runs; adjacent taps of adjacent elements are one span.
static ptrdiff_t ck_conv_find_spans(const ck_conv_job *g, const ck_run *y, ptrdiff_t within, const ck_run *x, ptrdiff_t from,
                                    ptrdiff_t to, ptrdiff_t channel) {
    const ck_pass *p = g->p;
    ck_conv_span *spans = g->spans;
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < y->taps; i++)
        for (ptrdiff_t j = 0; j < x->taps; j++) {
            const ptrdiff_t tap = y->tap[i].tap * p->x.kernel + x->tap[j].tap;
            if (tap < from || tap >= to) continue;
            const ptrdiff_t row = y->tap[i].from + within * g->y.advance - g->top;
            const ck_conv_span span = {
                .from = (row * p->x.in + x->tap[j].from) * p->in_channels + channel,
                .at = tap * p->k,
                .length = p->k,
            };
            ck_conv_span *last = &spans[count - 1];
            if (count > 0 && last->from + last->length == span.from && last->at + last->length == span.at) last->length += p->k;
            else spans[count++] = span;
        }
    return count;
}

// Tiles of one run of one output row, for all images: the taps from..<to of the panel at column n.
static void ck_conv_run(const ck_conv_job *g, const ck_run *run, ptrdiff_t oy, ptrdiff_t spans, ptrdiff_t group, ptrdiff_t n,
                        const float *panel, int first, int last, float *slab) {
    const ck_pass *p = g->p;
    const ptrdiff_t registers = ck_conv_registers(p, n), width = registers * CK_LANES, columns = ck_smaller(p->n - n, width);
    const ptrdiff_t rows = g->images * run->count, column = group * p->n + n;
    const ptrdiff_t tiles = (rows + CK_CONV_TALLEST - 1) / CK_CONV_TALLEST, height = rows / tiles, taller = rows % tiles;
    const int direct = g->bare && columns == width;
    ck_moment_strip *const strips = last && g->moments ? ck_moments_at(g->moments, group, n) : 0;
    ck_conv_tile t = {.spans = g->spans, .count = spans, .panel = panel, .load = !first};
    if (first && g->epilogue->bias) {
        for (ptrdiff_t i = 0; i < width; i++) g->bias[i] = i < columns ? g->epilogue->bias[column + i] : 0.0f;
        t.bias = g->bias;
    }
    ptrdiff_t image = 0, j = 0;
    for (ptrdiff_t i = 0; i < tiles; i++) {
        const ptrdiff_t mr = i < taller ? height + 1 : height;
        ptrdiff_t at[CK_CONV_TALLEST];
        for (ptrdiff_t r = 0; r < mr; r++) {
            t.in[r] = g->in + image * g->image + j * g->x.advance * p->in_channels;
            const ptrdiff_t pixel = oy * p->x.out + run->first + j * g->x.step;
            at[r] = (g->first + image) * p->out + pixel * p->out_channels + column;
            t.out[r] = direct ? (float *)g->out.data + at[r] : slab + r * width;
            if (++j == run->count) {
                j = 0;
                image++;
            }
        }
        ck_conv_tiles[registers - 1][mr - 1](&t);
        if (last && !direct)
            for (ptrdiff_t r = 0; r < mr; r++) ck_conv_finish(g->epilogue, slab + r * width, columns, g->out, at[r]);
        if (strips) ck_moments_rows(strips, g->out, at, mr, columns);
        slab += mr * width;
    }
}

static void ck_conv_block(ck_conv_job *g, const float *packed) {
    const ck_pass *p = g->p;
    for (ptrdiff_t group = 0; group < p->groups; group++)
        for (ptrdiff_t n = 0; n < p->n; n += CK_CONV_PANEL) {
            const ptrdiff_t width = ck_conv_registers(p, n) * CK_LANES;
            // Whole blocks of taps, alike.
            const ptrdiff_t blocks = (p->taps * p->k * width + CK_CONV_TAP_BLOCK - 1) / CK_CONV_TAP_BLOCK;
            const ptrdiff_t step = (p->taps + blocks - 1) / blocks;
            for (ptrdiff_t tap = 0; tap < p->taps; tap += step) {
                float *slab = g->slab;
                for (ptrdiff_t r = 0; r < g->y.runs; r++) {
                    const ck_run *y = &g->y.run[r];
                    for (ptrdiff_t within = 0; within < y->count; within++) {
                        const ptrdiff_t oy = y->first + within * g->y.step;
                        if (oy < g->line || oy >= g->line + g->lines) continue;
                        for (ptrdiff_t i = 0; i < g->x.runs; i++) {
                            const ck_run *x = &g->x.run[i];
                            const ptrdiff_t spans = ck_conv_find_spans(g, y, within, x, tap, tap + step, group * p->k);
                            const int last = tap + step >= p->taps;
                            if (spans > 0 || tap == 0 || last)
                                ck_conv_run(g, x, oy, spans, group, n, packed, tap == 0, last, slab);
                            slab += g->images * x->count * width;
                        }
                    }
                }
            }
            packed += p->taps * p->k * width;
        }
}

static void ck_conv_pass(const ck_pass *p, ck_dtype type, ptrdiff_t rows, ck_in in, const float *packed, const ck_epilogue *epilogue,
                         ck_out out, const ck_moments *moments, char *workspace) {
    const ck_conv_cut cut = ck_conv_cut_of(p);
    const int direct = in.type == CK_F32 && type == CK_F32;
    ck_conv_job g = {
        .p = p,
        .y = ck_axis_of(&p->y, &workspace),
        .x = ck_axis_of(&p->x, &workspace),
        .epilogue = epilogue,
        .out = out,
        .moments = moments,
        .bare = ck_conv_is_bare(epilogue, out.type),
    };
    g.spans = ck_conv_take(&workspace, p->taps * (ptrdiff_t)sizeof(ck_conv_span));
    g.slab = ck_conv_take(&workspace, cut.images * cut.lines * p->x.out * CK_CONV_PANEL * 4);
    g.bias = ck_conv_take(&workspace, CK_CONV_PANEL * 4);
    float *copy = (float *)workspace;
    const ptrdiff_t row = p->x.in * p->in_channels;
    for (g.first = 0; g.first < rows; g.first += cut.images) {
        g.images = ck_smaller(rows - g.first, cut.images);
        for (g.line = 0; g.line < p->y.out; g.line += cut.lines) {
            g.lines = ck_smaller(p->y.out - g.line, cut.lines);
            if (direct) {
                g.in = (const float *)in.data + g.first * p->in;
                g.image = p->in;
            } else {
                ptrdiff_t end = 0;
                g.top = p->y.in;
                for (ptrdiff_t r = 0; r < g.y.runs; r++)
                    for (ptrdiff_t j = 0; j < g.y.run[r].count; j++) {
                        const ck_run *y = &g.y.run[r];
                        const ptrdiff_t oy = y->first + j * g.y.step;
                        if (oy < g.line || oy >= g.line + g.lines || y->taps == 0) continue;
                        g.top = ck_smaller(g.top, y->tap[0].from + j * g.y.advance);
                        if (y->tap[y->taps - 1].from + j * g.y.advance >= end) end = y->tap[y->taps - 1].from + j * g.y.advance + 1;
                    }
                g.in = copy;
                g.image = (end - g.top) * row;
                if (end > g.top)
                    for (ptrdiff_t i = 0; i < g.images; i++)
                        ck_conv_widen_all(type, g.image, in, (g.first + i) * p->in + g.top * row, copy + i * g.image);
            }
            ck_conv_block(&g, packed);
        }
    }
}
