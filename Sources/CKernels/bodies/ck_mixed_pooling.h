// Pooling over windows on either storage type, channels in sixteens. Gradients gather: for each input cell, what the windows over it
// send there in ascending order, so that a cell is rounded and written once.

// Outputs whose windows contain an input row (or column), first ..< end.
typedef struct ck_range {
    ptrdiff_t first, end;
} ck_range;
CK_INLINE ck_range ck_windows_over(ptrdiff_t cell, ptrdiff_t pad, ptrdiff_t kernel, ptrdiff_t stride, ptrdiff_t outputs) {
    const ptrdiff_t last = cell + pad, before = last - kernel + 1;
    const ptrdiff_t end = last / stride + 1;
    return (ck_range){before > 0 ? (before + stride - 1) / stride : 0, end < outputs ? end : outputs};
}

// The cells of the window of output (py, px) that lie in the image: their first elements and their numbers.
CK_INLINE ptrdiff_t ck_mixed_cells(const ck_window *p, ptrdiff_t py, ptrdiff_t px, ptrdiff_t image, ptrdiff_t *pixels, uint8_t *cells) {
    ptrdiff_t count = 0;
    for (ptrdiff_t ky = 0; ky < p->kernel_height; ky++) {
        const ptrdiff_t iy = py * p->stride_height + ky - p->pad_top;
        if (iy < 0 || iy >= p->input_height) continue;
        for (ptrdiff_t kx = 0; kx < p->kernel_width; kx++) {
            const ptrdiff_t ix = px * p->stride_width + kx - p->pad_left;
            if (ix < 0 || ix >= p->input_width) continue;
            pixels[count] = image + (iy * p->input_width + ix) * p->input_channels;
            cells[count++] = (uint8_t)(ky * p->kernel_width + kx);
        }
    }
    return count;
}

CK_INLINE void ck_mixed_max_rows(ptrdiff_t rows, const ck_window *p, ck_in x, ck_out y, uint8_t *winners) {
    const ptrdiff_t channels = p->input_channels, in = p->input_height * p->input_width * channels;
    ptrdiff_t pixels[256], out = 0;
    uint8_t cells[256];
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t py = 0; py < p->output_height; py++)
            for (ptrdiff_t px = 0; px < p->output_width; px++, out += channels) {
                const ptrdiff_t count = ck_mixed_cells(p, py, px, r * in, pixels, cells);
                for (ptrdiff_t c = 0; c < channels; c += 16) {
                    const ptrdiff_t left = ck_smaller(channels - c, 16);
                    f16 best = ck_read16(x, pixels[0] + c, left);
                    i16 winner = (i16){0} + cells[0];
                    for (ptrdiff_t i = 1; i < count; i++) {
                        const f16 v = ck_read16(x, pixels[i] + c, left);
                        const i16 better = (v > best) | (v != v);
                        best = f16_choose(better, v, best);
                        winner = (winner & ~better) | (better & (int32_t)cells[i]);
                    }
                    ck_write16(y, out + c, best, left);
                    b16_store_some(winners + out + c, __builtin_convertvector(winner, b16), left);
                }
            }
}
static void ck_mixed_max_pool(ptrdiff_t rows, const ck_window *pool, ck_in x, ck_out y, uint8_t *winners) {
    CK_TYPED2(x, y, ck_mixed_max_rows(rows, pool, x, y, winners));
}

// Sixteen bytes, or the first n of them.
CK_INLINE b16 b16_load_some(const uint8_t *p, ptrdiff_t n) {
    if (n == 16) return *(const b16_any *)p;
    uint8_t lanes[16] = {0};
    for (ptrdiff_t i = 0; i < n; i++) lanes[i] = p[i];
    return *(const b16_any *)lanes;
}

// One input cell: its windows' outputs lie at at[0 ..< count] of dy; numbers[] is the cell's place in each of them, or, where winners is
// null (an average), shares[] what each sends.
CK_INLINE void ck_mixed_cell(ptrdiff_t channels, const int count, const ptrdiff_t *at, const int32_t *numbers, const float *shares,
                             const uint8_t *winners, ck_in dy, ck_out dx, ptrdiff_t to) {
    for (ptrdiff_t c = 0; c < channels; c += 16) {
        const ptrdiff_t left = ck_smaller(channels - c, 16);
        f16 sum = {0};
        for (int w = 0; w < count; w++) {
            const f16 g = ck_read16(dy, at[w] + c, left);
            if (winners) {
                const i16 cell = __builtin_convertvector(b16_load_some(winners + at[w] + c, left), i16);
                sum += f16_choose(cell == numbers[w], g, f16_set(0.0f));
            } else {
                sum += g * shares[w];
            }
        }
        ck_write16(dx, to + c, sum, left);
    }
}

// dx of one image.
CK_INLINE void ck_mixed_gather(const ck_window *p, int counts_pad, const uint8_t *winners, ck_in dy, ck_out dx) {
    const ptrdiff_t channels = p->input_channels;
    ptrdiff_t at[256];
    int32_t numbers[256];
    float shares[256];
    for (ptrdiff_t iy = 0; iy < p->input_height; iy++) {
        const ck_range v = ck_windows_over(iy, p->pad_top, p->kernel_height, p->stride_height, p->output_height);
        for (ptrdiff_t ix = 0; ix < p->input_width; ix++) {
            const ck_range h = ck_windows_over(ix, p->pad_left, p->kernel_width, p->stride_width, p->output_width);
            int count = 0;
            for (ptrdiff_t py = v.first; py < v.end; py++)
                for (ptrdiff_t px = h.first; px < h.end; px++, count++) {
                    at[count] = (py * p->output_width + px) * channels;
                    if (winners)
                        numbers[count] = (int32_t)((iy + p->pad_top - py * p->stride_height) * p->kernel_width + ix + p->pad_left
                                                   - px * p->stride_width);
                    else shares[count] = ck_cover_of(p, py, px, counts_pad).share;
                }
            const ptrdiff_t to = (iy * p->input_width + ix) * channels;
            // The counts of the common windows, with their loops gone.
            if (count == 1) ck_mixed_cell(channels, 1, at, numbers, shares, winners, dy, dx, to);
            else if (count == 2) ck_mixed_cell(channels, 2, at, numbers, shares, winners, dy, dx, to);
            else if (count == 4) ck_mixed_cell(channels, 4, at, numbers, shares, winners, dy, dx, to);
            else ck_mixed_cell(channels, count, at, numbers, shares, winners, dy, dx, to);
        }
    }
}
CK_INLINE void ck_mixed_gather_all(ptrdiff_t rows, const ck_window *p, int counts_pad, const uint8_t *winners, ck_in dy, ck_out dx) {
    const ptrdiff_t in = p->input_height * p->input_width * p->input_channels;
    const ptrdiff_t out = p->output_height * p->output_width * p->input_channels;
    for (ptrdiff_t r = 0; r < rows; r++)
        ck_mixed_gather(p, counts_pad, winners ? winners + r * out : 0, ck_in_from(dy, r * out), ck_out_from(dx, r * in));
}
static void ck_mixed_max_pool_gradient(ptrdiff_t rows, const ck_window *pool, const uint8_t *winners, ck_in dy, ck_out dx) {
    if (rows == 0) return;
    CK_TYPED2(dy, dx, ck_mixed_gather_all(rows, pool, 0, winners, dy, dx));
}
static void ck_mixed_average_pool_gradient(ptrdiff_t rows, const ck_window *pool, int counts_pad, ck_in dy, ck_out dx) {
    CK_TYPED2(dy, dx, ck_mixed_gather_all(rows, pool, counts_pad, 0, dy, dx));
}

static void ck_mixed_average_pool(ptrdiff_t rows, const ck_window *p, int counts_pad, ck_in x, ck_out y) {
    const ptrdiff_t channels = p->input_channels, in = p->input_height * p->input_width * channels;
    ptrdiff_t out = 0;
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t py = 0; py < p->output_height; py++)
            for (ptrdiff_t px = 0; px < p->output_width; px++, out += channels) {
                const ck_cover w = ck_cover_of(p, py, px, counts_pad);
                for (ptrdiff_t c = 0; c < channels; c += 16) {
                    const ptrdiff_t left = ck_smaller(channels - c, 16);
                    f16 sum = {0};
                    CK_TYPED(x, {
                        for (ptrdiff_t iy = w.y0; iy < w.y1; iy++)
                            for (ptrdiff_t ix = w.x0; ix < w.x1; ix++)
                                sum += ck_read16(x, r * in + (iy * p->input_width + ix) * channels + c, left);
                    });
                    ck_write16(y, out + c, sum * w.share, left);
                }
            }
}
