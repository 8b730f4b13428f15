// fp32 weight gradients: dw[tap, c, f] = Σ over images and output pixels of x[pixel under the tap, c] · dy[pixel, f], a matrix product
// whose contraction runs over pixels. Blocks of images and rows are packed with the image as the innermost pixel index, so that for
// every tap, stride and border the pixels under it are long runs in both operands.

enum {
    // Pixels of a block, and images of which a pixel is packed together.
    CK_CONV_SUMMED = 1024,
    CK_CONV_TOGETHER = 8,
    CK_CONV_AHEAD = 512,
};

static inline ck_conv_cut ck_conv_weight_cut(const ck_pass *p) {
    const ptrdiff_t pixels = p->y.out * p->x.out;
    ck_conv_cut cut = {.images = CK_CONV_SUMMED / pixels};
    if (cut.images < 8) cut.images = 8;
    if (cut.images > 32) cut.images = 32;
    cut.lines = CK_CONV_SUMMED / (cut.images * p->x.out);
    if (cut.lines < 1) cut.lines = 1;
    if (cut.lines > p->y.out) cut.lines = p->y.out;
    return cut;
}

static inline ptrdiff_t ck_conv_weight_tiles(const ck_pass *p) { return (p->k + CK_CONV_TALLEST - 1) / CK_CONV_TALLEST; }

static ptrdiff_t ck_conv_weight_bytes(const ck_pass *p) {
    const ck_conv_cut cut = ck_conv_weight_cut(p);
    const ptrdiff_t tiles = p->groups * ck_conv_weight_tiles(p);
    return ck_conv_bytes(cut.images * ck_conv_reach(p, cut.lines) * p->x.in * tiles * CK_CONV_TALLEST * 4)
        + ck_conv_bytes(cut.images * cut.lines * p->x.out * CK_CONV_PANEL * 4)
        + ck_conv_bytes(cut.lines * p->x.out * (ptrdiff_t)sizeof(ck_conv_span));
}

// sum[mr][nv] over spans: `from` counts pixels of the tile of x (CK_CONV_TALLEST channels each, `step` pixels apart), `at` of dy.
typedef struct ck_conv_sum {
    const float *x, *dy;
    const ck_conv_span *spans;
    ptrdiff_t count, tail, row;
    float *dw;
    int load;
} ck_conv_sum;

CK_INLINE void ck_conv_sum_body(const int mr, const int nv, const ck_conv_sum *t) {
    vt sum[CK_CONV_TALLEST][CK_CONV_WIDEST];
    const ptrdiff_t tail = t->tail, row = t->row;
#pragma clang loop unroll(full)
    for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < nv; j++) {
            const float *from = t->dw + i * row + j * CK_LANES;
            if (!t->load) sum[i][j] = (vt){0};
            else if (j == nv - 1 && tail < CK_LANES) sum[i][j] = vt_load_some(from, tail);
            else sum[i][j] = *(const vt_any *)from;
        }
    for (ptrdiff_t s = 0; s < t->count; s++) {
        const float *x = t->x + t->spans[s].from * CK_CONV_TALLEST, *dy = t->dy + t->spans[s].at * nv * CK_LANES;
        for (ptrdiff_t p = t->spans[s].length; p > 0; p--, x += CK_CONV_TALLEST, dy += nv * CK_LANES) {
            vt line[CK_CONV_WIDEST];
#pragma clang loop unroll(full)
            for (int j = 0; j < nv; j++) line[j] = *(const vt_any *)(dy + j * CK_LANES);
#pragma clang loop unroll(full)
            for (int i = 0; i < mr; i++) {
                const vt factor = vt_set(x[i]);
#pragma clang loop unroll(full)
                for (int j = 0; j < nv; j++) sum[i][j] = CK_MULADD(factor, line[j], sum[i][j]);
            }
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < nv; j++) {
            float *to = t->dw + i * row + j * CK_LANES;
            if (j == nv - 1 && tail < CK_LANES) vt_store_some(to, sum[i][j], tail);
            else *(vt_any *)to = sum[i][j];
        }
}

#define CK_CONV_SUM(MR, NV)                                                                                \
    static __attribute__((noinline)) void ck_conv_sum_##MR##_##NV(const ck_conv_sum *t) { ck_conv_sum_body(MR, NV, t); }
#define CK_CONV_SUM_NAME(MR, NV) ck_conv_sum_##MR##_##NV,
CK_CONV_HEIGHTS(CK_CONV_SUM, 1)
CK_CONV_HEIGHTS(CK_CONV_SUM, 2)
#if CK_CONV_WIDEST == 4
CK_CONV_HEIGHTS(CK_CONV_SUM, 3)
CK_CONV_HEIGHTS(CK_CONV_SUM, 4)
#endif
static void (*const ck_conv_sums[CK_CONV_WIDEST][CK_CONV_TALLEST])(const ck_conv_sum *) = {
    {CK_CONV_HEIGHTS(CK_CONV_SUM_NAME, 1)},
    {CK_CONV_HEIGHTS(CK_CONV_SUM_NAME, 2)},
#if CK_CONV_WIDEST == 4
    {CK_CONV_HEIGHTS(CK_CONV_SUM_NAME, 3)},
    {CK_CONV_HEIGHTS(CK_CONV_SUM_NAME, 4)},
#endif
};

// First channel and height of a tile: heights differ by at most one.
static inline ptrdiff_t ck_conv_weight_tile(const ck_pass *p, ptrdiff_t tile, ptrdiff_t *first) {
    const ptrdiff_t tiles = ck_conv_weight_tiles(p), height = p->k / tiles, taller = p->k % tiles;
    *first = tile * height + ck_smaller(tile, taller);
    return tile < taller ? height + 1 : height;
}

// `height` floats of each of `count` images, `image` apart, side by side; the two heights of most tiles are moves of a known size.
CK_INLINE void ck_conv_copy_tiles(const float *from, ptrdiff_t image, ptrdiff_t count, ptrdiff_t height, float *to) {
    for (ptrdiff_t i = 0; i < count; i++, from += image, to += CK_CONV_TALLEST) {
        if (height == CK_CONV_TALLEST) memcpy(to, from, sizeof(float) * CK_CONV_TALLEST);
        else if (height == CK_CONV_TALLEST - 1) memcpy(to, from, sizeof(float) * (CK_CONV_TALLEST - 1));
        else
            for (ptrdiff_t j = 0; j < height; j++) to[j] = from[j];
    }
}

// packed[group][tile][row][ix][image][CK_CONV_TALLEST] of rows top..<end. What lies between the steps of a window of one pixel is left
// out, where the steps begin with the first pixel. A pixel of a few images at a time: what goes to a tile is then whole lines, and tiles,
// which may lie in one set of the cache, are not returned to.
static void ck_conv_pack_images(const ck_pass *p, ck_dtype type, ck_in x, ptrdiff_t first, ptrdiff_t images, ptrdiff_t top,
                                ptrdiff_t end, float *packed) {
    const ptrdiff_t tiles = ck_conv_weight_tiles(p), pixels = (end - top) * p->x.in, tile_step = pixels * images * CK_CONV_TALLEST;
    const ptrdiff_t height = p->k / tiles, taller = p->k % tiles;
    const ptrdiff_t down = p->y.kernel == 1 && p->y.pad == 0 ? p->y.stride : 1;
    const ptrdiff_t along = p->x.kernel == 1 && p->x.pad == 0 ? p->x.stride : 1;
    const int plain = x.type == CK_F32 && type == CK_F32;
    for (ptrdiff_t iy = top; iy < end; iy++) {
        if (iy % down != 0) continue;
        for (ptrdiff_t ix = 0; ix < p->x.in; ix += along)
            for (ptrdiff_t some = 0; some < images; some += CK_CONV_TOGETHER) {
                const ptrdiff_t few = ck_smaller(images - some, CK_CONV_TOGETHER);
                ptrdiff_t from = (first + some) * p->in + (iy * p->x.in + ix) * p->in_channels;
                float *to = packed + (((iy - top) * p->x.in + ix) * images + some) * CK_CONV_TALLEST;
                // Rows of a few images are more streams than are noticed early enough.
                if (x.type == CK_F32)
                    for (ptrdiff_t i = 0; i < few; i++)
                        for (ptrdiff_t c = 0; c < p->in_channels; c += 16)
                            __builtin_prefetch((const float *)x.data + from + i * p->in + CK_CONV_AHEAD + c);
                for (ptrdiff_t group = 0; group < p->groups; group++)
                    for (ptrdiff_t tile = 0; tile < tiles; tile++, to += tile_step) {
                        const ptrdiff_t rows = tile < taller ? height + 1 : height;
                        if (plain) ck_conv_copy_tiles((const float *)x.data + from, p->in, few, rows, to);
                        else
                            for (ptrdiff_t i = 0; i < few; i++) {
                                float values[16];
                                f16 v = ck_read16(x, from + i * p->in, rows);
                                if (type == CK_BF16) v = f16_rounded(v);
                                f16_store(values, v);
                                ck_conv_copy_tiles(values, 0, 1, rows, to + i * CK_CONV_TALLEST);
                            }
                        from += rows;
                    }
            }
    }
}

// packed[line][ox][image][width] of `columns` columns; their sums are added to `sums` unless null.
static void ck_conv_pack_gradients(const ck_pass *p, ck_dtype type, ck_in dy, ptrdiff_t first, ptrdiff_t images, ptrdiff_t line,
                                   ptrdiff_t lines, ptrdiff_t column, ptrdiff_t columns, ptrdiff_t width, float *sums, float *packed) {
    f16 sum[(CK_CONV_PANEL + 15) / 16];
    for (ptrdiff_t j = 0; j < columns; j += 16) sum[j / 16] = sums ? ck_get(sums + j, ck_smaller(16, columns - j)) : f16_set(0.0f);
    for (ptrdiff_t image = 0; image < images; image++) {
        ptrdiff_t at = (first + image) * p->out + line * p->x.out * p->out_channels + column;
        float *to = packed + image * width;
        for (ptrdiff_t i = 0; i < lines * p->x.out; i++, at += p->out_channels, to += images * width)
            for (ptrdiff_t j = 0; j < columns; j += 16) {
                f16 v = ck_read16(dy, at + j, ck_smaller(16, columns - j));
                sum[j / 16] += v;
                if (type == CK_BF16 && dy.type == CK_F32) v = f16_rounded(v);
                ck_put(to + j, v, ck_smaller(16, width - j));
            }
    }
    for (ptrdiff_t j = 0; sums && j < columns; j += 16) ck_put(sums + j, sum[j / 16], ck_smaller(16, columns - j));
}

// The runs of pixels of output rows line..<line + lines whose tap (ky, kx) lies in the image.
static ptrdiff_t ck_conv_find_runs(const ck_pass *p, ptrdiff_t ky, ptrdiff_t kx, ptrdiff_t line, ptrdiff_t lines, ptrdiff_t top,
                                   ptrdiff_t images, ck_conv_span *spans) {
    const ck_axis_shape *x = &p->x;
    ptrdiff_t low = 0, high = x->out, count = 0;
    const ptrdiff_t shift = kx * x->dilation - x->pad;
    while (low < high && low * x->stride + shift < 0) low++;
    while (high > low && (high - 1) * x->stride + shift >= x->in) high--;
    for (ptrdiff_t oy = line; oy < line + lines; oy++) {
        const ptrdiff_t iy = oy * p->y.stride + ky * p->y.dilation - p->y.pad;
        if (iy < 0 || iy >= p->y.in || low == high) continue;
        const ptrdiff_t from = (iy - top) * x->in + shift, at = (oy - line) * x->out;
        if (x->stride == 1) {
            spans[count++] = (ck_conv_span){(from + low) * images, (at + low) * images, (high - low) * images};
        } else {
            for (ptrdiff_t ox = low; ox < high; ox++)
                spans[count++] = (ck_conv_span){(from + ox * x->stride) * images, (at + ox) * images, images};
        }
    }
    return count;
}

static void ck_conv_weight_pass(const ck_pass *p, ck_dtype type, ptrdiff_t rows, ck_in x, ck_in dy, float *dw, float *bias_gradient,
                                char *workspace) {
    const ck_conv_cut cut = ck_conv_weight_cut(p);
    const ptrdiff_t tiles = ck_conv_weight_tiles(p), filters = p->out_channels;
    float *const images = ck_conv_take(
        &workspace, cut.images * ck_conv_reach(p, cut.lines) * p->x.in * p->groups * tiles * CK_CONV_TALLEST * 4);
    float *const gradients = ck_conv_take(&workspace, cut.images * cut.lines * p->x.out * CK_CONV_PANEL * 4);
    ck_conv_span *const spans = (ck_conv_span *)workspace;
    if (bias_gradient) memset(bias_gradient, 0, sizeof(float) * (size_t)filters);
    if (rows == 0) memset(dw, 0, sizeof(float) * (size_t)(p->taps * p->k * filters));
    int load = 0;
    for (ptrdiff_t first = 0; first < rows; first += cut.images)
        for (ptrdiff_t line = 0; line < p->y.out; line += cut.lines, load = 1) {
            const ptrdiff_t count = ck_smaller(rows - first, cut.images), lines = ck_smaller(p->y.out - line, cut.lines);
            const ptrdiff_t above = line * p->y.stride - p->y.pad, top = above < 0 ? 0 : ck_smaller(above, p->y.in);
            const ptrdiff_t end = ck_smaller(
                p->y.in, (line + lines - 1) * p->y.stride + (p->y.kernel - 1) * p->y.dilation - p->y.pad + 1);
            if (end > top) ck_conv_pack_images(p, type, x, first, count, top, end, images);
            const ptrdiff_t tile_pixels = (end > top ? end - top : 0) * p->x.in * count * CK_CONV_TALLEST;
            for (ptrdiff_t group = 0; group < p->groups; group++)
                for (ptrdiff_t n = 0; n < p->n; n += CK_CONV_PANEL) {
                    const ptrdiff_t registers = ck_conv_registers(p, n), width = registers * CK_LANES;
                    const ptrdiff_t columns = ck_smaller(p->n - n, width), column = group * p->n + n;
                    ck_conv_pack_gradients(p, type, dy, first, count, line, lines, column, columns, width,
                                           bias_gradient ? bias_gradient + column : 0, gradients);
                    for (ptrdiff_t tap = 0; tap < p->taps; tap++) {
                        ck_conv_sum t = {
                            .dy = gradients,
                            .spans = spans,
                            .count = ck_conv_find_runs(p, tap / p->x.kernel, tap % p->x.kernel, line, lines, top, count, spans),
                            .tail = columns - (registers - 1) * CK_LANES,
                            .row = filters,
                            .load = load,
                        };
                        if (load && t.count == 0) continue;
                        for (ptrdiff_t tile = 0; tile < tiles; tile++) {
                            ptrdiff_t c;
                            const ptrdiff_t height = ck_conv_weight_tile(p, tile, &c);
                            t.x = images + (group * tiles + tile) * tile_pixels;
                            t.dw = dw + (tap * p->k + c) * filters + column;
                            ck_conv_sums[registers - 1][height - 1](&t);
                        }
                    }
                }
        }
}
