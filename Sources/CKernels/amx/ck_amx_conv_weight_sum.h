// Sums of weight gradients in tiles: thirty-two channels × thirty-two filters over runs of pixels, and the order in which a block of
// output rows is passed over.

typedef struct ck_tiled_weight_sum {
    const char *x, *dy;
    // Runs of pixels: bytes into x and dy, length in pixels.
    const ck_conv_span *spans;
    ptrdiff_t count, x_step, dy_step;
    float *dw;
    ptrdiff_t row;
    int load;
    // The rows of dw that come next, to be brought near in time: `quota` of them a step.
    const char *ahead;
    ptrdiff_t ahead_rows, quota;
} ck_tiled_weight_sum;

// dw[32 channels, 32 filters] (+)= Σ over the pixels of the runs; one or two tiles of either. x streams past
// the first-level cache, which keeps what it can of a panel of dy.
CK_INLINE void ck_tiled_weight_body(const int two, const int wide, const ck_tiled_weight_sum *g) {
    const char *ahead = g->ahead;
    ptrdiff_t ahead_rows = g->ahead_rows;
    const ptrdiff_t x_step = g->x_step, dy_step = g->dy_step, row = g->row * 4;
    float *const dw = g->dw;
    if (g->load) {
        _tile_loadd(0, dw, row);
        if (wide) _tile_loadd(1, dw + 16, row);
        if (two) _tile_loadd(2, dw + 16 * g->row, row);
        if (two && wide) _tile_loadd(3, dw + 16 * g->row + 16, row);
    } else {
        _tile_zero(0);
        if (wide) _tile_zero(1);
        if (two) _tile_zero(2);
        if (two && wide) _tile_zero(3);
    }
    for (ptrdiff_t s = 0; s < g->count; s++) {
        const char *x = g->x + g->spans[s].from, *dy = g->dy + g->spans[s].at;
        for (ptrdiff_t p = g->spans[s].length; p > 0; p--, x += x_step, dy += dy_step) {
            _tile_loadd(6, dy, 64);
            _tile_stream_loadd(4, x, 64);
            _tile_dpbf16ps(0, 4, 6);
            if (wide) {
                _tile_loadd(7, dy + 1024, 64);
                _tile_dpbf16ps(1, 4, 7);
            }
            if (two) {
                _tile_stream_loadd(5, x + 1024, 64);
                _tile_dpbf16ps(2, 5, 6);
                if (wide) _tile_dpbf16ps(3, 5, 7);
            }
            for (ptrdiff_t i = 0; i < g->quota && ahead_rows > 0; i++, ahead_rows--, ahead += row) {
                __builtin_prefetch(ahead, 1, 2);
                __builtin_prefetch(ahead + 64, 1, 2);
            }
        }
    }
    _tile_stored(0, dw, row);
    if (wide) _tile_stored(1, dw + 16, row);
    if (two) _tile_stored(2, dw + 16 * g->row, row);
    if (two && wide) _tile_stored(3, dw + 16 * g->row + 16, row);
}
static __attribute__((noinline)) void ck_tiled_weight_1_1(const ck_tiled_weight_sum *g) { ck_tiled_weight_body(0, 0, g); }
static __attribute__((noinline)) void ck_tiled_weight_1_2(const ck_tiled_weight_sum *g) { ck_tiled_weight_body(0, 1, g); }
static __attribute__((noinline)) void ck_tiled_weight_2_1(const ck_tiled_weight_sum *g) { ck_tiled_weight_body(1, 0, g); }
static __attribute__((noinline)) void ck_tiled_weight_2_2(const ck_tiled_weight_sum *g) { ck_tiled_weight_body(1, 1, g); }

// The runs of pixels whose tap lies in the image, of output rows line..<line + lines.
static ptrdiff_t ck_tiled_find_runs(const ck_tiled_weight_job *g, ptrdiff_t ky, ptrdiff_t kx, ptrdiff_t line, ptrdiff_t lines) {
    const ck_pass *p = g->p;
    const ck_axis_shape *x = &p->x;
    const ptrdiff_t x_pixel = g->cut.x_blocks * 2048, dy_pixel = g->cut.dy_blocks * 2048, shift = kx * x->dilation - x->pad;
    ptrdiff_t low = 0, high = x->out, count = 0;
    while (low < high && low * x->stride + shift < 0) low++;
    while (high > low && (high - 1) * x->stride + shift >= x->in) high--;
    for (ptrdiff_t oy = line; oy < line + lines; oy++) {
        const ptrdiff_t iy = oy * p->y.stride + ky * p->y.dilation - p->y.pad;
        if (iy < 0 || iy >= p->y.in || low == high) continue;
        g->spans[count++] = (ck_conv_span){
            .from = (iy % g->cut.slots * x->in + low * x->stride + shift) * x_pixel,
            .at = ((oy - line) * x->out + low) * dy_pixel,
            .length = high - low,
        };
    }
    return count;
}

// dw of `channels` rows from `first` on: one panel of filters.
static void ck_tiled_weight_block(ck_tiled_weight_job *g, ck_tiled_weight_sum *sum, ptrdiff_t first, ptrdiff_t channels,
                                  ptrdiff_t column) {
    const ptrdiff_t filters = g->p->n, columns = ck_smaller(32, filters - column);
    float *const dw = g->dw + first * filters + column;
    // Whole tiles lie in dw itself.
    const int whole = channels % 16 == 0 && columns % 16 == 0;
    sum->dw = whole ? dw : g->scratch;
    sum->row = whole ? filters : 32;
    sum->load = whole && g->load;
    // The rows below are the next to come.
    sum->ahead = (const char *)(dw + channels * filters);
    sum->ahead_rows = whole && channels == 32 && columns == 32 ? 32 : 0;
    if (channels > 16) (columns > 16 ? ck_tiled_weight_2_2 : ck_tiled_weight_2_1)(sum);
    else (columns > 16 ? ck_tiled_weight_1_2 : ck_tiled_weight_1_1)(sum);
    if (whole) return;
    for (ptrdiff_t i = 0; i < channels; i++)
        for (ptrdiff_t j = 0; j < columns; j += 16) {
            const ptrdiff_t left = ck_smaller(16, columns - j);
            f16 v = f16_load(g->scratch + i * 32 + j);
            if (g->load) v += f16_load_some(dw + i * filters + j, left);
            f16_store_some(dw + i * filters + j, v, left);
        }
}

// The output rows line..<line + lines: for each panel of filters, all taps and channels.
static void ck_tiled_weight_lines(ck_tiled_weight_job *g, ptrdiff_t line, ptrdiff_t lines) {
    const ck_pass *p = g->p;
    const ptrdiff_t k = p->k;
    ck_tiled_weight_sum sum = {
        .spans = g->spans, .x_step = p->x.stride * g->cut.x_blocks * 2048, .dy_step = g->cut.dy_blocks * 2048};
    for (ptrdiff_t column = 0; column < p->n; column += 32)
        for (ptrdiff_t tap = 0; tap < p->taps; tap++) {
            sum.count = ck_tiled_find_runs(g, tap / p->x.kernel, tap % p->x.kernel, line, lines);
            if (sum.count == 0 && g->load) continue;
            ptrdiff_t steps = 1;
            for (ptrdiff_t i = 0; i < sum.count; i++) steps += sum.spans[i].length;
            sum.quota = 31 / steps + 1;
            sum.dy = g->gradients + column / 32 * 2048;
            for (ptrdiff_t c = 0; c < k; c += 32) {
                sum.x = g->images + c / 32 * 2048;
                ck_tiled_weight_block(g, &sum, tap * k + c, ck_smaller(32, k - c), column);
            }
        }
}
