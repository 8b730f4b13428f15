// Weight gradients in tiles: the contraction of one step is over thirty-two images at one pixel. Tiles of x hold channels × images,
// tiles of dy pairs of images × filters; for a tap, pixel after pixel of both is read where it lies, so that strides, dilation and
// borders cost nothing.

// Thirty-two channels of thirty-two images, of which sixteen lie at `second`, to `to`[32 channels][32 images].
static void ck_tiled_transpose(const char *from, const char *second, char *to) {
    // Register i of octet o: image 8q + i in quarter q, channels 8o to 8o + 7.
#pragma clang loop unroll(disable)
    for (int o = 0; o < 4; o++) {
        __m512i r[8], s[8];
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i++) {
            const ptrdiff_t at = i * 64 + o * 16;
            r[i] = _mm512_castsi128_si512(_mm_load_si128((const __m128i *)(from + at)));
            r[i] = _mm512_inserti32x4(r[i], _mm_load_si128((const __m128i *)(from + at + 512)), 1);
            r[i] = _mm512_inserti32x4(r[i], _mm_load_si128((const __m128i *)(second + at)), 2);
            r[i] = _mm512_inserti32x4(r[i], _mm_load_si128((const __m128i *)(second + at + 512)), 3);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i += 2) {
            s[i] = _mm512_unpacklo_epi16(r[i], r[i + 1]);
            s[i + 1] = _mm512_unpackhi_epi16(r[i], r[i + 1]);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i += 4) {
            r[i] = _mm512_unpacklo_epi32(s[i], s[i + 2]);
            r[i + 1] = _mm512_unpackhi_epi32(s[i], s[i + 2]);
            r[i + 2] = _mm512_unpacklo_epi32(s[i + 1], s[i + 3]);
            r[i + 3] = _mm512_unpackhi_epi32(s[i + 1], s[i + 3]);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; i++) {
            _mm512_store_si512(to + (o * 8 + 2 * i) * 64, _mm512_unpacklo_epi64(r[i], r[i + 4]));
            _mm512_store_si512(to + (o * 8 + 2 * i + 1) * 64, _mm512_unpackhi_epi64(r[i], r[i + 4]));
        }
    }
}

// The same to `to`[two tiles of 16 filters][16 pairs of images][16][2].
static void ck_tiled_pair(const char *from, const char *second, char *to) {
    const __m512i front = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), back = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    for (int i = 0; i < 16; i++) {
        const char *at = i < 8 ? from + i * 128 : second + (i - 8) * 128;
        const __m512i even = _mm512_load_si512(at), odd = _mm512_load_si512(at + 64);
        const __m512i low = _mm512_unpacklo_epi16(even, odd), high = _mm512_unpackhi_epi16(even, odd);
        _mm512_store_si512(to + i * 64, _mm512_permutex2var_epi64(low, front, high));
        _mm512_store_si512(to + 1024 + i * 64, _mm512_permutex2var_epi64(low, back, high));
    }
}

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

// x and dy as images of rows: forward, x has the window's channels and dy is a map of single pixels.
typedef struct ck_tiled_weight_cut {
    ptrdiff_t lines, slots, x_row, dy_row, x_blocks, dy_blocks;
} ck_tiled_weight_cut;

static ck_tiled_weight_cut ck_tiled_weight_cut_of(const ck_pass *p) {
    ck_tiled_weight_cut cut = {.lines = 1, .x_blocks = ck_tiled_blocks(p), .dy_blocks = (p->n + 31) / 32};
    cut.x_row = p->x.in * cut.x_blocks * 2048;
    cut.dy_row = p->x.out * cut.dy_blocks * 2048;
    // As much as the second-level cache holds, but never less than one row.
    while (cut.lines < p->y.out && ck_conv_reach(p, cut.lines + 1) * cut.x_row + (cut.lines + 1) * cut.dy_row <= 1400 * 1024) cut.lines++;
    // Deep maps of few pixels in one piece: their weights should be passed over once.
    if (p->y.out * (cut.x_row + cut.dy_row) <= 2600 * 1024) cut.lines = p->y.out;
    cut.slots = ck_conv_reach(p, cut.lines);
    return cut;
}

// Pixels that are turned together, and the bytes from one to the next: not a power of two, so that they lie in sets of their own.
static inline ptrdiff_t ck_tiled_staged(ptrdiff_t blocks) { return blocks < 16 ? 16 / blocks : 1; }
static inline ptrdiff_t ck_tiled_staged_pixel(ptrdiff_t blocks) { return blocks * 2048 + 128; }
static ptrdiff_t ck_tiled_staged_bytes(ptrdiff_t x_blocks, ptrdiff_t dy_blocks) {
    const ptrdiff_t x = ck_tiled_staged(x_blocks) * ck_tiled_staged_pixel(x_blocks);
    const ptrdiff_t dy = ck_tiled_staged(dy_blocks) * ck_tiled_staged_pixel(dy_blocks);
    return x > dy ? x : dy;
}

// Fewer than thirty-two images are cut into bands of output rows, each as if it were an image of its own, until the contraction is
// full. A band's border of rows in the padding holds zeros, which are multiplied.
static ck_pass ck_tiled_band(const ck_pass *p, ptrdiff_t bands) {
    ck_pass band = *p;
    if (bands == 1) return band;
    band.y.out = (p->y.out + bands - 1) / bands;
    band.y.in = (band.y.out - 1) * p->y.stride + (p->y.kernel - 1) * p->y.dilation + 1;
    band.y.pad = 0;
    return band;
}
static inline ptrdiff_t ck_tiled_bands(const ck_pass *p, ptrdiff_t images) {
    ptrdiff_t bands = 1;
    while (bands * 2 * images <= 32 && bands * 2 <= p->y.out) bands *= 2;
    return bands;
}

static ptrdiff_t ck_tiled_weight_bytes(const ck_pass *p) {
    ptrdiff_t most = 0;
    for (ptrdiff_t bands = 1; bands <= 32 && bands <= p->y.out; bands *= 2) {
        const ck_pass band = ck_tiled_band(p, bands);
        const ck_tiled_weight_cut cut = ck_tiled_weight_cut_of(&band);
        const ptrdiff_t bytes = ck_conv_bytes(cut.slots * cut.x_row) + ck_conv_bytes(cut.lines * cut.dy_row) + ck_conv_bytes(ck_tiled_staged_bytes(cut.x_blocks, cut.dy_blocks))
            + ck_conv_bytes(cut.lines * (ptrdiff_t)sizeof(ck_conv_span)) + ck_conv_bytes(4096);
        if (bytes > most) most = bytes;
    }
    return most + ck_axis_bytes(&p->y) + ck_axis_bytes(&p->x);
}

typedef struct ck_tiled_weight_job {
    // The band, and what it is a band of.
    const ck_pass *p, *image;
    ptrdiff_t bands;
    // The axes of the image.
    ck_axis y, x;
    ck_tiled_weight_cut cut;
    char *images, *gradients, *row;
    ck_conv_span *spans;
    float *scratch, *dw;
    int load;
} ck_tiled_weight_job;

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

#include "ck_amx_conv_slide.h"

// Row `row` of every band, side by side, into tiles: a row of x, or one of an output row (of dy). A few pixels at a time, which stay in
// the first-level cache until they are turned.
static void ck_tiled_turn_row(const ck_tiled_weight_job *g, ck_tiled_image_rows *from, ptrdiff_t row, int is_output,
                              void (*turn)(const char *, const char *, char *), char *to) {
    const ck_pass *p = g->image;
    const ptrdiff_t skip = is_output ? 1 : ck_tiled_skip(&p->x), down = is_output ? 1 : ck_tiled_skip(&p->y), blocks = from->blocks;
    if (row % down != 0) return;
    const ptrdiff_t pixels = (from->p->x.in + skip - 1) / skip, step = ck_tiled_staged(blocks), pixel = ck_tiled_staged_pixel(blocks);
    for (ptrdiff_t i = 0; i < pixels; i += step) {
        const ptrdiff_t count = ck_smaller(step, pixels - i);
        // Bands that end earlier and images that are not there are zeros.
        if (g->bands * from->images < 32 || g->bands > 1) memset(g->row, 0, (size_t)(count * pixel));
        for (ptrdiff_t band = 0; band < g->bands; band++) {
            const ptrdiff_t first = band * g->p->y.out;
            const ptrdiff_t at = is_output ? first + row : g->bands == 1 ? row : first * p->y.stride - p->y.pad + row;
            if (at < 0 || at >= (is_output ? p->y.out : p->y.in)) continue;
            from->lane = band * (32 / g->bands);
            ck_tiled_copy_pixels(from, at, i * skip, count, skip, g->row, pixel);
        }
        for (ptrdiff_t j = 0; j < count; j++)
            for (ptrdiff_t b = 0; b < blocks; b++) {
                const char *block = g->row + j * pixel + b * 1024;
                turn(block, block + blocks * 1024, to + ((i + j) * skip * blocks + b) * 2048);
            }
    }
}

// The rows of x that output rows line..<line + lines need and that are not there yet, of which `filled` have been.
static ptrdiff_t ck_tiled_turn_images(ck_tiled_weight_job *g, ck_tiled_image_rows *x, ptrdiff_t line, ptrdiff_t lines, ptrdiff_t filled) {
    const ck_pass *p = g->p;
    const ck_tiled_weight_cut *cut = &g->cut;
    const ptrdiff_t reach = (line + lines - 1) * p->y.stride + (p->y.kernel - 1) * p->y.dilation - p->y.pad + 1;
    const ptrdiff_t need = ck_smaller(reach, p->y.in);
    if (need - filled > cut->slots) filled = need - cut->slots;
    for (; filled < need; filled++)
        ck_tiled_turn_row(g, x, filled, 0, ck_tiled_transpose, g->images + filled % cut->slots * cut->x_row);
    return filled;
}

// Up to thirty-two images from `first` on.
static void ck_tiled_weight_group(ck_tiled_weight_job *g, ptrdiff_t first, ptrdiff_t count, ck_in x, ck_in dy, char *workspace) {
    const ck_pass *p = g->image;
    g->bands = ck_tiled_bands(p, count);
    const ck_pass band = ck_tiled_band(p, g->bands);
    g->p = &band;
    g->cut = ck_tiled_weight_cut_of(&band);
    const ck_tiled_weight_cut cut = g->cut;
    g->images = ck_conv_take(&workspace, cut.slots * cut.x_row);
    g->gradients = ck_conv_take(&workspace, cut.lines * cut.dy_row);
    g->row = ck_conv_take(&workspace, ck_tiled_staged_bytes(cut.x_blocks, cut.dy_blocks));
    g->spans = ck_conv_take(&workspace, cut.lines * (ptrdiff_t)sizeof(ck_conv_span));
    g->scratch = ck_conv_take(&workspace, 4096);
    // dy is copied as if it were the input of a pass.
    const ck_pass map = {.x.in = p->x.out, .k = p->n, .in_channels = p->n, .in = p->out};
    ck_tiled_image_rows images = {.p = p, .in = x, .first = first, .images = count, .halves = 2, .blocks = cut.x_blocks};
    ck_tiled_image_rows gradients = {.p = &map, .in = dy, .first = first, .images = count, .halves = 2, .blocks = cut.dy_blocks};
    ptrdiff_t filled = 0;
    for (ptrdiff_t line = 0; line < band.y.out; line += cut.lines, g->load = 1) {
        const ptrdiff_t lines = ck_smaller(band.y.out - line, cut.lines);
        filled = ck_tiled_turn_images(g, &images, line, lines, filled);
        for (ptrdiff_t i = 0; i < lines; i++) ck_tiled_turn_row(g, &gradients, line + i, 1, ck_tiled_pair, g->gradients + i * cut.dy_row);
        (ck_tiled_slides(&band) ? ck_tiled_slide_lines : ck_tiled_weight_lines)(g, line, lines);
    }
}

static void ck_tiled_weight_pass(const ck_pass *p, ptrdiff_t rows, ck_in x, ck_in dy, float *dw, char *workspace) {
    ck_tiled_weight_job g = {
        .image = p,
        .y = ck_axis_of(&p->y, &workspace),
        .x = ck_axis_of(&p->x, &workspace),
        .dw = dw,
    };
    if (rows == 0) memset(dw, 0, sizeof(float) * (size_t)(p->taps * p->k * p->n));
    ck_tiled_configure(16, 16);
    for (ptrdiff_t first = 0; first < rows; first += 32) ck_tiled_weight_group(&g, first, ck_smaller(rows - first, 32), x, dy, workspace);
    _tile_release();
}
