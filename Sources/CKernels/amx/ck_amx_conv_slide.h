// Weight gradients of windows three pixels wide: the sums of a row of taps together. A pixel of x meets its three pixels of dy one after
// the other, and these stay in tiles, so that two tiles are read for three products where a tap at a time reads one for each: what comes
// from the second-level cache is what these gradients wait for.

enum {
    // Pixels of a row, below which more is lost at its ends (and at the sums' way to memory and back) than is won.
    CK_TILED_SLIDING = 8,
};

typedef struct ck_tiled_slide {
    // Rows of pixels: bytes into x and dy of their first ones.
    const char *x, *dy;
    const ck_conv_span *spans;
    ptrdiff_t count, x_pixels, dy_pixels, x_step, dy_step, pad;
    // Sixteen channels of the first tap, elements from tap to tap and from row to row.
    float *dw;
    ptrdiff_t tap, row;
    int load;
} ck_tiled_slide;

// Windows this is for: they fill their tiles, and rows are long enough.
static inline int ck_tiled_slides(const ck_pass *p) {
    return p->x.kernel == 3 && p->x.stride == 1 && p->x.dilation == 1 && p->x.out >= CK_TILED_SLIDING && p->k % 16 == 0 && p->n % 16 == 0;
}

// Pixel q of x times dy's pixels q + pad, q + pad - 1 and q + pad - 2, of which the first is read here and the others were before.
#define CK_SLIDE(NEW, LAST, FIRST)                                                  \
    do {                                                                            \
        const ptrdiff_t o = q + pad;                                                \
        _tile_stream_loadd(3, x, 64);                                               \
        if (o < outs) {                                                             \
            _tile_loadd(NEW, dy, 64);                                               \
            _tile_dpbf16ps(0, 3, NEW);                                              \
        }                                                                           \
        if (o >= 1 && o <= outs) _tile_dpbf16ps(1, 3, LAST);                        \
        if (o >= 2 && o <= outs + 1) _tile_dpbf16ps(2, 3, FIRST);                   \
        q++;                                                                        \
        x += x_step;                                                                \
        dy += dy_step;                                                              \
    } while (0)

static __attribute__((noinline)) void ck_tiled_slide_sum(const ck_tiled_slide *g) {
    const ptrdiff_t row = g->row * 4, pad = g->pad, outs = g->dy_pixels, end = g->x_pixels, x_step = g->x_step, dy_step = g->dy_step;
    if (g->load) {
        _tile_loadd(0, g->dw, row);
        _tile_loadd(1, g->dw + g->tap, row);
        _tile_loadd(2, g->dw + 2 * g->tap, row);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
    }
    for (ptrdiff_t s = 0; s < g->count; s++) {
        const char *x = g->x + g->spans[s].from, *dy = g->dy + g->spans[s].at;
        ptrdiff_t q = 0;
        // The pixels of dy that come before the first one's.
        if (pad >= 1 && pad - 1 < outs) _tile_loadd(6, dy + (pad - 1) * dy_step, 64);
        if (pad >= 2 && pad - 2 < outs) _tile_loadd(5, dy + (pad - 2) * dy_step, 64);
        dy += pad * dy_step;
        while (q < end) {
            CK_SLIDE(4, 6, 5);
            if (q >= end) break;
            CK_SLIDE(5, 4, 6);
            if (q >= end) break;
            CK_SLIDE(6, 5, 4);
        }
    }
    _tile_stored(0, g->dw, row);
    _tile_stored(1, g->dw + g->tap, row);
    _tile_stored(2, g->dw + 2 * g->tap, row);
}
#undef CK_SLIDE

// The output rows line..<line + lines.
static void ck_tiled_slide_lines(ck_tiled_weight_job *g, ptrdiff_t line, ptrdiff_t lines) {
    const ck_pass *p = g->p;
    ck_tiled_slide sum = {.spans = g->spans,
                          .x_pixels = p->x.in,
                          .dy_pixels = p->x.out,
                          .x_step = g->cut.x_blocks * 2048,
                          .dy_step = g->cut.dy_blocks * 2048,
                          .pad = p->x.pad,
                          .tap = p->k * p->n,
                          .row = p->n,
                          .load = g->load};
    for (ptrdiff_t f = 0; f < p->n; f += 16)
        for (ptrdiff_t ky = 0; ky < p->y.kernel; ky++) {
            sum.count = 0;
            for (ptrdiff_t oy = line; oy < line + lines; oy++) {
                const ptrdiff_t iy = oy * p->y.stride + ky * p->y.dilation - p->y.pad;
                if (iy < 0 || iy >= p->y.in) continue;
                g->spans[sum.count++] = (ck_conv_span){.from = iy % g->cut.slots * g->cut.x_row, .at = (oy - line) * g->cut.dy_row};
            }
            if (sum.count == 0 && g->load) continue;
            sum.dy = g->gradients + f / 16 * 1024;
            for (ptrdiff_t c = 0; c < p->k; c += 16) {
                sum.x = g->images + c / 16 * 1024;
                sum.dw = g->dw + (ky * 3 * p->k + c) * p->n + f;
                ck_tiled_slide_sum(&sum);
            }
        }
}
