// Convolutions whose tiles have neighbouring pixels as rows: windows of few channels, folded, and windows of one pixel that are read
// where they lie. Both are products of a matrix of pixels, and what they read and write lies in order; images side by side would be a
// power of two apart, and share few sets of the caches.

// Folded windows forward; single pixels where the input is a dense matrix (without a stride, or backward) or is made one of.
static inline int ck_tiled_is_folded_points(const ck_pass *p) { return ck_tiled_folds(p) && !p->y.backward; }
static inline int ck_tiled_is_dense(const ck_axis_shape *s) {
    return s->kernel == 1 && s->pad == 0 && (s->backward ? s->in == (s->out + s->stride - 1) / s->stride : s->out == (s->in + s->stride - 1) / s->stride);
}
static inline int ck_tiled_is_points(const ck_pass *p, ck_dtype in) {
    return ck_tiled_is_folded_points(p) || (in == CK_BF16 && p->k % 32 == 0 && ck_tiled_is_dense(&p->y) && ck_tiled_is_dense(&p->x));
}

// Rows of folded windows that are taken together, so that their tiles are full and stay near.
static ptrdiff_t ck_tiled_point_lines(const ck_pass *p) {
    ptrdiff_t lines = 1;
    while (lines * p->x.out < 256) lines *= 2;
    return lines;
}

// Folded rows, or those of the last tiles, which end within them.
static ptrdiff_t ck_tiled_point_rows(const ck_pass *p) {
    return ck_conv_bytes(((ck_tiled_folds(p) ? ck_tiled_point_lines(p) * p->x.out : 0) + 32) * ck_tiled_blocks(p) * 64);
}
static ptrdiff_t ck_tiled_points_bytes(const ck_pass *p) {
    return ck_axis_bytes(&p->y) + ck_axis_bytes(&p->x) + ck_tiled_point_rows(p) + 4096 + ck_conv_bytes(ck_tiled_blocks(p) * 64 + 64);
}

// The windows of one row of one image, a pixel after the other.
static void ck_tiled_fold_line(const ck_tiled_image_rows *g, const ck_axis *y, const ck_axis *x, ptrdiff_t image, ptrdiff_t oy,
                               uint16_t *window, char *to) {
    const ptrdiff_t start = image * g->p->in;
    for (ptrdiff_t r = 0; r < y->runs; r++) {
        const ck_run *run = &y->run[r];
        if (oy < run->first || oy >= run->first + run->count) continue;
        for (ptrdiff_t c = 0; c < x->runs; c++)
            ck_tiled_fold_run(g, start + (oy - run->first) * y->advance * g->p->x.in * g->p->in_channels, run, &x->run[c], x, window, to,
                              g->blocks * 64, 64);
    }
}

typedef struct ck_tiled_points {
    const ck_pass *p;
    const ck_epilogue *epilogue;
    ck_amx_way way;
    ck_out out;
    const ck_moments *moments;
    const char *packed;
    float *sums;
    ptrdiff_t blocks;
} ck_tiled_points;

// Up to 32 pixels from `first` on of the matrix, of which `rows` are the first; as many rows of it as tiles have can be read.
static void ck_tiled_point_product(const ck_tiled_points *g, const char *rows, ptrdiff_t first, ptrdiff_t count) {
    const ck_pass *p = g->p;
    const ck_tiled_tap tap = {0, 0, 1};
    ck_tiled_sum sum = {.first = rows, .second = rows + 16 * g->blocks * 64, .row = g->blocks * 64, .step = 64, .panel = g->packed, .taps = &tap,
                        .count = 1, .blocks = g->blocks, .to = g->sums};
    for (ptrdiff_t n = 0; n < p->n; n += 32) {
        const ptrdiff_t columns = ck_smaller(32, p->n - n);
        // Where the next pixels go, which lie behind these.
        if (!p->y.backward) ck_tiled_ask(g->out, (first + 32) * p->out_channels + n, p->out_channels, 32);
        if (columns > 16) (count > 16 ? ck_tiled_sum_2_2 : ck_tiled_sum_1_2)(&sum);
        else (count > 16 ? ck_tiled_sum_2_1 : ck_tiled_sum_1_1)(&sum);
        sum.panel += g->blocks * (columns > 16 ? 2048 : 1024);
        if (!p->y.backward) {
            ck_amx_finish(g->way, g->epilogue, g->sums, count, columns, g->out, p->out_channels, first * p->out_channels + n, n);
            if (g->moments)
                ck_tiled_measure(ck_moments_at(g->moments, 0, n), g->out, first * p->out_channels + n, p->out_channels, count, columns);
            continue;
        }
        for (ptrdiff_t i = 0, length; i < count; i += length) {
            const ptrdiff_t line = (first + i) / p->x.in, x = (first + i) % p->x.in, image = line / p->y.in, y = line % p->y.in;
            length = ck_smaller(count - i, p->x.in - x);
            ck_amx_finish(g->way, g->epilogue, g->sums + i * 32, length, columns, g->out, p->x.stride * p->out_channels,
                          image * p->out + (y * p->y.stride * p->x.out + x * p->x.stride) * p->out_channels + n, n);
        }
    }
}

// `count` pixels of the output, `apart` pixels apart, that no tap reaches.
static void ck_tiled_empty_points(const ck_tiled_points *g, ptrdiff_t at, ptrdiff_t count, ptrdiff_t apart) {
    const ck_pass *p = g->p;
    memset(g->sums, 0, 4096);
    for (ptrdiff_t i = 0; i < count; i += 32)
        for (ptrdiff_t n = 0; n < p->n; n += 32)
            ck_amx_finish(g->way, g->epilogue, g->sums, ck_smaller(32, count - i), ck_smaller(32, p->n - n), g->out, apart * p->out_channels,
                          at + i * apart * p->out_channels + n, n);
}

// All of these under one row of the gradient's pixels.
static void ck_tiled_empty_line(const ck_tiled_points *g, ptrdiff_t image, ptrdiff_t iy) {
    const ck_pass *p = g->p;
    const ptrdiff_t first = iy * p->y.stride, lines = ck_smaller(p->y.stride, p->y.out - first), row = p->x.out * p->out_channels;
    const ptrdiff_t at = image * p->out + first * row, size = g->out.type == CK_F32 ? 4 : 2;
    if (g->way == CK_WAY_PLAIN) {
        // The others are written over these zeros while the row is near.
        if (p->y.stride > 1 || p->x.stride > 1) memset((char *)g->out.data + at * size, 0, (size_t)(lines * row * size));
        return;
    }
    for (ptrdiff_t x = 1; x < p->x.stride && x < p->x.out; x++)
        ck_tiled_empty_points(g, at + x * p->out_channels, (p->x.out - x + p->x.stride - 1) / p->x.stride, p->x.stride);
    for (ptrdiff_t y = 1; y < lines; y++) ck_tiled_empty_points(g, at + y * row, p->x.out, 1);
}

// Up to 32 pixels of the output from `first` on, of a window of one pixel with a stride: their rows of the input side by side. Images are
// read in order, which memory likes better than all of them at one pixel.
static void ck_tiled_gather_points(const ck_pass *p, const char *in, ptrdiff_t first, ptrdiff_t count, char *to) {
    const ptrdiff_t row = p->k * 2;
    ptrdiff_t ox = first % p->x.out, oy = first / p->x.out % p->y.out, image = first / p->x.out / p->y.out;
    for (ptrdiff_t i = 0; i < count; i++, to += row) {
        const char *from = in + ((image * p->y.in + oy * p->y.stride) * p->x.in + ox * p->x.stride) * row;
        for (ptrdiff_t b = 0; b < row; b += 64) _mm512_store_si512(to + b, _mm512_loadu_si512(from + b));
        if (++ox < p->x.out) continue;
        ox = 0;
        if (++oy < p->y.out) continue;
        oy = 0;
        image++;
    }
}

static void ck_tiled_points_pass(const ck_pass *p, ptrdiff_t rows, ck_in in, const char *packed, const ck_epilogue *epilogue, ck_out out,
                                 const ck_moments *moments, char *workspace) {
    ck_tiled_image_rows source = {.p = p, .in = in, .blocks = ck_tiled_blocks(p), .folded = ck_tiled_folds(p)};
    ck_tiled_points g = {.p = p, .epilogue = epilogue, .way = ck_amx_way_of(epilogue, out.type), .out = out, .moments = moments,
                         .packed = packed, .blocks = source.blocks};
    const ck_axis y = ck_axis_of(&p->y, &workspace), x = ck_axis_of(&p->x, &workspace);
    char *copy = ck_conv_take(&workspace, ck_tiled_point_rows(p));
    g.sums = ck_conv_take(&workspace, 4096);
    const ptrdiff_t row = g.blocks * 64;
    ck_tiled_configure(16, 16);
    if (source.folded) {
        const ptrdiff_t all = rows * p->y.out, step = ck_tiled_point_lines(p);
        for (ptrdiff_t line = 0; line < all; line += step) {
            const ptrdiff_t lines = ck_smaller(step, all - line), pixels = lines * p->x.out;
            for (ptrdiff_t i = 0; i < lines; i++)
                ck_tiled_fold_line(&source, &y, &x, (line + i) / p->y.out, (line + i) % p->y.out, (uint16_t *)workspace, copy + i * p->x.out * row);
            for (ptrdiff_t i = 0; i < pixels; i += 32)
                ck_tiled_point_product(&g, copy + i * row, line * p->x.out + i, ck_smaller(32, pixels - i));
        }
    } else if (!p->y.backward && (p->y.stride > 1 || p->x.stride > 1)) {
        const ptrdiff_t all = rows * p->y.out * p->x.out;
        for (ptrdiff_t i = 0; i < all; i += 32) {
            ck_tiled_gather_points(p, in.data, i, ck_smaller(32, all - i), copy);
            ck_tiled_point_product(&g, copy, i, ck_smaller(32, all - i));
        }
    } else {
        const ptrdiff_t all = rows * p->y.in * p->x.in;
        ptrdiff_t empty = 0;
        for (ptrdiff_t i = 0; i < all; i += 32) {
            const ptrdiff_t count = ck_smaller(32, all - i);
            const char *from = (const char *)in.data + i * row;
            if (count < 32) from = memcpy(copy, from, (size_t)(count * row));
            for (; p->y.backward && empty * p->x.in < i + count; empty++) ck_tiled_empty_line(&g, empty / p->y.in, empty % p->y.in);
            ck_tiled_point_product(&g, from, i, count);
        }
    }
    _tile_release();
}

// Weight gradients of folded windows: pixels, thirty-two at a time, are the contraction.
static ptrdiff_t ck_tiled_point_weight_bytes(const ck_pass *p) {
    const ptrdiff_t steps = ck_tiled_point_lines(p) * p->x.out / 32 + 1;
    return ck_tiled_points_bytes(p) + steps * (ck_tiled_blocks(p) + (p->n + 31) / 32) * 2048 + 2048;
}

static void ck_tiled_point_weights(const ck_pass *p, ptrdiff_t rows, ck_in x, ck_in dy, float *dw, char *workspace) {
    ck_tiled_image_rows source = {.p = p, .in = x, .blocks = ck_tiled_blocks(p), .folded = 1};
    ck_tiled_weight_job g = {.p = p, .image = p, .y = ck_axis_of(&p->y, &workspace), .x = ck_axis_of(&p->x, &workspace), .dw = dw};
    const ptrdiff_t blocks = source.blocks, row = blocks * 64, panels = (p->n + 31) / 32, step = ck_tiled_point_lines(p);
    char *copy = ck_conv_take(&workspace, ck_tiled_point_rows(p));
    g.scratch = ck_conv_take(&workspace, 4096);
    char *stage = ck_conv_take(&workspace, 2048), *images = ck_conv_take(&workspace, (step * p->x.out / 32 + 1) * blocks * 2048);
    char *gradients = ck_conv_take(&workspace, (step * p->x.out / 32 + 1) * panels * 2048);
    const ptrdiff_t all = rows * p->y.out;
    if (all == 0) memset(dw, 0, sizeof(float) * (size_t)(p->taps * p->k * p->n));
    ck_tiled_configure(16, 16);
    for (ptrdiff_t line = 0; line < all; line += step, g.load = 1) {
        const ptrdiff_t lines = ck_smaller(step, all - line), pixels = lines * p->x.out;
        for (ptrdiff_t i = 0; i < lines; i++)
            ck_tiled_fold_line(&source, &g.y, &g.x, (line + i) / p->y.out, (line + i) % p->y.out, (uint16_t *)workspace, copy + i * p->x.out * row);
        memset(copy + pixels * row, 0, (size_t)((pixels + 31) / 32 * 32 - pixels) * (size_t)row);
        for (ptrdiff_t i = 0; i < pixels; i += 32) {
            for (ptrdiff_t b = 0; b < blocks; b++) {
                char *to = images + (i / 32 * blocks + b) * 2048;
                ck_tiles_of_turned(copy + i * row + b * 64, row, to, to + 1024);
            }
            for (ptrdiff_t f = 0; f < panels; f++) {
                char *to = gradients + (i / 32 * panels + f) * 2048;
                const ptrdiff_t at = (line * p->x.out + i) * p->n + f * 32, columns = ck_smaller(32, p->n - f * 32);
                if (dy.type == CK_BF16 && columns == 32 && pixels - i >= 32) {
                    ck_amx_pair_block((const char *)dy.data + at * 2, p->n * 2, to);
                    continue;
                }
                for (ptrdiff_t j = 0; j < 32; j++)
                    _mm512_store_si512(stage + j * 64, j < pixels - i ? ck_tiled_get(dy, at + j * p->n, columns) : _mm512_setzero_si512());
                ck_amx_pair_block(stage, 64, to);
            }
        }
        const ck_conv_span span = {.length = (pixels + 31) / 32};
        ck_tiled_weight_sum sum = {.spans = &span, .count = 1, .x_step = blocks * 2048, .dy_step = panels * 2048};
        for (ptrdiff_t f = 0; f < panels; f++)
            for (ptrdiff_t b = 0; b < blocks; b++) {
                sum.x = images + b * 2048;
                sum.dy = gradients + f * 2048;
                ck_tiled_weight_block(&g, &sum, b * 32, ck_smaller(32, p->taps * p->k - b * 32), f * 32);
            }
    }
    _tile_release();
}
