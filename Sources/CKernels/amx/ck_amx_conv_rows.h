// Images on their way into tiles: rows of up to thirty-two images side by side, so that a tile's rows are sixteen images at one pixel.
// Neighbouring pixels are then whole tiles, and strides, dilation and borders only choose which tiles are read.

typedef struct ck_tiled_image_rows {
    const ck_pass *p;
    ck_in in;
    // Images of this group, from `first` on, in halves of sixteen; the first of them is row `lane` of the tiles.
    ptrdiff_t first, images, halves, lane;
    // Blocks of thirty-two channels, or of the elements of a folded window.
    ptrdiff_t blocks;
    // Windows of few channels are folded: a pixel of the output holds the taps' channels side by side.
    int folded;
} ck_tiled_image_rows;

// One window of few channels fills its tiles better as one long pixel.
static inline int ck_tiled_folds(const ck_pass *p) { return p->k <= 16 && p->taps > 1; }
static inline ptrdiff_t ck_tiled_blocks(const ck_pass *p) { return ((ck_tiled_folds(p) ? p->taps : 1) * p->k + 31) / 32; }
// Pixels of a copied row, and bytes of one of them.
static inline ptrdiff_t ck_tiled_row_pixels(const ck_pass *p) { return ck_tiled_folds(p) ? p->x.out : p->x.in; }

// Bytes from one pixel of the copy to the next: not a multiple of 4 KB, which would put neighbours into the same sets of the cache.
static inline ptrdiff_t ck_tiled_pixel(ptrdiff_t halves, ptrdiff_t blocks) {
    const ptrdiff_t bytes = halves * blocks * 1024;
    return bytes % 4096 == 0 ? bytes + 1024 : bytes;
}

// Up to thirty-two bf16 from element `at` on, the others zero.
CK_INLINE __m512i ck_tiled_get(ck_in x, ptrdiff_t at, ptrdiff_t count) {
    if (x.type == CK_BF16) {
        const __mmask32 mask = count >= 32 ? 0xFFFFFFFFu : (__mmask32)((1u << count) - 1);
        return _mm512_maskz_loadu_epi16(mask, (const uint16_t *)x.data + at);
    }
    const float *from = (const float *)x.data + at;
    const f16 low = f16_load_some(from, count < 16 ? count : 16);
    const f16 high = count > 16 ? f16_load_some(from + 16, count < 32 ? count - 16 : 16) : f16_set(0.0f);
    return _mm512_inserti64x4(_mm512_castsi256_si512((__m256i)f16_to_halves(low)), (__m256i)f16_to_halves(high), 1);
}

// Lanes of thirty-two bf16 from element `at` on (lane i is element at + i), the others zero and not read.
CK_INLINE __m512i ck_tiled_get_lanes(ck_in x, ptrdiff_t at, __mmask32 lanes) {
    if (x.type == CK_BF16) return _mm512_maskz_loadu_epi16(lanes, (const uint16_t *)x.data + at);
    const float *from = (const float *)x.data + at;
    const f16 low = (f16)_mm512_maskz_loadu_ps((__mmask16)lanes, from);
    const f16 high = (f16)_mm512_maskz_loadu_ps((__mmask16)(lanes >> 16), from + 16);
    return _mm512_inserti64x4(_mm512_castsi256_si512((__m256i)f16_to_halves(low)), (__m256i)f16_to_halves(high), 1);
}

// Windows of one pixel leave out what lies between their steps.
static inline ptrdiff_t ck_tiled_skip(const ck_axis_shape *s) { return s->kernel == 1 && s->pad == 0 && !s->backward ? s->stride : 1; }

// `count` pixels of input row iy from ix on, every `skip`th, to `to`[pixel][half][block][16 images][32 channels], `pixel` bytes apart.
static void ck_tiled_copy_pixels(const ck_tiled_image_rows *g, ptrdiff_t iy, ptrdiff_t ix, ptrdiff_t count, ptrdiff_t skip, char *to,
                                 ptrdiff_t pixel) {
    const ck_pass *p = g->p;
    const ptrdiff_t next = skip * p->in_channels, ahead = count * next * 2;
    for (ptrdiff_t image = 0; image < g->images; image++) {
        ptrdiff_t at = (g->first + image) * p->in + (iy * p->x.in + ix) * p->in_channels;
        char *line = to + (g->lane + image) / 16 * g->blocks * 1024 + (g->lane + image) % 16 * 64;
        if (g->in.type == CK_BF16 && p->k % 32 == 0) {
            const char *from = (const char *)g->in.data + at * 2;
            for (ptrdiff_t i = 0; i < count; i++, line += pixel, from += next * 2)
                for (ptrdiff_t b = 0; b < g->blocks; b++) {
                    _mm_prefetch(from + b * 64 + ahead, _MM_HINT_T1);
                    _mm512_store_si512(line + b * 1024, _mm512_loadu_si512(from + b * 64));
                }
        } else {
            for (ptrdiff_t i = 0; i < count; i++, line += pixel, at += next)
                for (ptrdiff_t b = 0; b < g->blocks; b++)
                    _mm512_store_si512(line + b * 1024, ck_tiled_get(g->in, at + b * 32, ck_smaller(32, p->k - b * 32)));
        }
    }
}

// Input row iy to `to`[ix][half][block][16 images][32 channels].
static void ck_tiled_copy_row(const ck_tiled_image_rows *g, ptrdiff_t iy, char *to) {
    const ptrdiff_t skip = ck_tiled_skip(&g->p->x), pixel = ck_tiled_pixel(g->halves, g->blocks) * skip;
    if (iy % ck_tiled_skip(&g->p->y) == 0) ck_tiled_copy_pixels(g, iy, 0, (g->p->x.in + skip - 1) / skip, skip, to, pixel);
}

// Whether the taps of a run are neighbours in the window and in the image.
static inline int ck_tiled_adjacent(const ck_run *x) {
    for (ptrdiff_t t = 1; t < x->taps; t++)
        if (x->tap[t].tap != x->tap[0].tap + t || x->tap[t].from != x->tap[0].from + t) return 0;
    return 1;
}

// The windows of a run of pixels, folded, whose taps are neighbours: a block at a time. A window's rows are read where they will lie in
// the block, so that they need only be joined.
static void ck_tiled_fold_adjacent(const ck_tiled_image_rows *g, ptrdiff_t at, const ck_run *y, const ck_run *run, const ck_axis *x,
                                   ptrdiff_t block, char *to, ptrdiff_t pixel) {
    const ck_pass *p = g->p;
    // Rows of one element leave as many in a block as it has elements.
    ptrdiff_t from[34], parts = 0;
    __mmask32 lanes[34];
    for (ptrdiff_t i = 0; i < y->taps; i++) {
        const ptrdiff_t low = (y->tap[i].tap * p->x.kernel + run->tap[0].tap) * p->k - block * 32, high = low + run->taps * p->k;
        if (high <= 0 || low >= 32) continue;
        const uint64_t upto = high < 32 ? (1ull << high) - 1 : 0xFFFFFFFFull, below = low > 0 ? (1ull << low) - 1 : 0;
        from[parts] = at + (y->tap[i].from * p->x.in + run->tap[0].from) * p->in_channels - low;
        lanes[parts++] = (__mmask32)(upto & ~below);
    }
    const ptrdiff_t advance = x->advance * p->in_channels;
    for (ptrdiff_t j = 0; j < run->count; j++, to += pixel) {
        __m512i joined = _mm512_setzero_si512();
        for (ptrdiff_t i = 0; i < parts; i++) joined = _mm512_or_si512(joined, ck_tiled_get_lanes(g->in, from[i] + j * advance, lanes[i]));
        _mm512_store_si512(to, joined);
    }
}

// The same of any run, zero where a tap lies in the padding: pixel ox of the row goes to `to` + ox · `pixel`, its blocks `block` apart.
// `at` is where the rows of the run `y` begin, `window` has room for all blocks of one pixel.
static void ck_tiled_fold_run(const ck_tiled_image_rows *g, ptrdiff_t at, const ck_run *y, const ck_run *run, const ck_axis *x,
                              uint16_t *window, char *to, ptrdiff_t pixel, ptrdiff_t block) {
    const ck_pass *p = g->p;
    to += run->first * pixel;
    if (run->taps > 0 && ck_tiled_adjacent(run)) {
        for (ptrdiff_t b = 0; b < g->blocks; b++) ck_tiled_fold_adjacent(g, at, y, run, x, b, to + b * block, x->step * pixel);
        return;
    }
    for (ptrdiff_t b = 0; b < g->blocks; b++) _mm512_storeu_si512(window + b * 32, _mm512_setzero_si512());
    for (ptrdiff_t j = 0; j < run->count; j++, to += x->step * pixel) {
        for (ptrdiff_t i = 0; i < y->taps; i++)
            for (ptrdiff_t t = 0; t < run->taps; t++) {
                const ptrdiff_t from = at + (y->tap[i].from * p->x.in + run->tap[t].from + j * x->advance) * p->in_channels;
                uint16_t *place = window + (y->tap[i].tap * p->x.kernel + run->tap[t].tap) * p->k;
                _mm512_mask_storeu_epi16(place, (__mmask32)((1u << p->k) - 1), ck_tiled_get(g->in, from, p->k));
            }
        for (ptrdiff_t b = 0; b < g->blocks; b++) _mm512_store_si512(to + b * block, _mm512_loadu_si512(window + b * 32));
    }
}

// The windows of one output row, folded: `to`[ox][half][block][16 images][32 of (tap, channel)].
static void ck_tiled_fold_row(const ck_tiled_image_rows *g, const ck_run *y, ptrdiff_t within, ptrdiff_t y_advance, const ck_axis *x,
                              uint16_t *window, char *to) {
    const ck_pass *p = g->p;
    const ptrdiff_t pixel = ck_tiled_pixel(g->halves, g->blocks), row = p->x.in * p->in_channels;
    for (ptrdiff_t image = 0; image < g->images; image++) {
        char *line = to + (g->lane + image) / 16 * g->blocks * 1024 + (g->lane + image) % 16 * 64;
        for (ptrdiff_t r = 0; r < x->runs; r++)
            ck_tiled_fold_run(g, (g->first + image) * p->in + within * y_advance * row, y, &x->run[r], x, window, line, pixel, 1024);
    }
}

// Tiles 0..3 are sums, 4 and 5 rows of images, 6 and 7 weights: of `first` and `second` rows.
static void ck_tiled_configure(ptrdiff_t first, ptrdiff_t second) {
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } tiles = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        tiles.bytes[i] = 64;
        tiles.rows[i] = (uint8_t)(i >= 6 ? 16 : i == 0 || i == 1 || i == 4 ? first : second);
    }
    _tile_loadconfig(&tiles);
}
