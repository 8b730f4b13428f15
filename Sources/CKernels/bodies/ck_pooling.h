// Pooling over windows, channels in sixteens.

// One output position: the maximum over `count` pixels of C channels and which of them held it. The first maximum wins; NaN wins over
// everything, a later NaN over an earlier one (as in PyTorch).
CK_INLINE void ck_max_position(const float *const *pixels, const uint8_t *cells, ptrdiff_t count, ptrdiff_t channels, int relu, float *y,
                               uint8_t *winners) {
    for (ptrdiff_t c = 0; c < channels; c += 16) {
        const ptrdiff_t left = channels - c < 16 ? channels - c : 16;
        f16 best = ck_get(pixels[0] + c, left);
        i16 winner = (i16){0} + cells[0];
        if (relu) best = f16_activate(CK_RELU, best);
        for (ptrdiff_t i = 1; i < count; i++) {
            f16 v = ck_get(pixels[i] + c, left);
            if (relu) v = f16_activate(CK_RELU, v);
            i16 better = (v > best) | (v != v);
            best = f16_choose(better, v, best);
            winner = (winner & ~better) | (better & (int32_t)cells[i]);
        }
        ck_put(y + c, best, left);
        b16_store_some(winners + c, __builtin_convertvector(winner, b16), left);
    }
}

// The cells of the window of output (py, px) that lie in the image, as pixels of `image` (whose first row is input row `first_row`).
CK_INLINE ptrdiff_t ck_window_cells(const ck_window *p, ptrdiff_t py, ptrdiff_t px, const float *image, ptrdiff_t first_row,
                                    const float **pixels, uint8_t *cells) {
    ptrdiff_t count = 0;
    for (ptrdiff_t ky = 0; ky < p->kernel_height; ky++) {
        const ptrdiff_t iy = py * p->stride_height + ky - p->pad_top;
        if (iy < 0 || iy >= p->input_height) continue;
        for (ptrdiff_t kx = 0; kx < p->kernel_width; kx++) {
            const ptrdiff_t ix = px * p->stride_width + kx - p->pad_left;
            if (ix < 0 || ix >= p->input_width) continue;
            pixels[count] = image + ((iy - first_row) * p->input_width + ix) * p->input_channels;
            cells[count++] = (uint8_t)(ky * p->kernel_width + kx);
        }
    }
    return count;
}

// One row of outputs.
static void ck_max_row(const ck_window *p, ptrdiff_t py, const float *image, ptrdiff_t first_row, int relu, float *y, uint8_t *winners) {
    const ptrdiff_t channels = p->input_channels;
    const float *pixels[256];
    uint8_t cells[256];
    if (p->kernel_height == 2 && p->kernel_width == 2 && !(p->pad_top | p->pad_left | p->pad_bottom | p->pad_right)) {
        // The common window, with its loops gone.
        static const uint8_t order[4] = {0, 1, 2, 3};
        for (ptrdiff_t px = 0; px < p->output_width; px++) {
            const float *top = image + ((py * p->stride_height - first_row) * p->input_width + px * p->stride_width) * channels;
            const float *below = top + p->input_width * channels;
            const float *const four[4] = {top, top + channels, below, below + channels};
            if (relu) ck_max_position(four, order, 4, channels, 1, y + px * channels, winners + px * channels);
            else ck_max_position(four, order, 4, channels, 0, y + px * channels, winners + px * channels);
        }
        return;
    }
    for (ptrdiff_t px = 0; px < p->output_width; px++) {
        const ptrdiff_t count = ck_window_cells(p, py, px, image, first_row, pixels, cells);
        ck_max_position(pixels, cells, count, channels, relu, y + px * channels, winners + px * channels);
    }
}

static void ck_max_pool(ptrdiff_t rows, const ck_window *p, const float *x, float *y, uint8_t *winners) {
    const ptrdiff_t in = p->input_height * p->input_width * p->input_channels, line = p->output_width * p->input_channels;
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t py = 0; py < p->output_height; py++) {
            const ptrdiff_t out = (r * p->output_height + py) * line;
            ck_max_row(p, py, x + r * in, 0, 0, y + out, winners + out);
        }
}

static void ck_max_pool_gradient(ptrdiff_t rows, const ck_window *p, const uint8_t *winners, const float *dy, float *dx) {
    const ptrdiff_t channels = p->input_channels, in = p->input_height * p->input_width * channels;
    memset(dx, 0, sizeof(float) * (size_t)(rows * in));
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t py = 0; py < p->output_height; py++)
            for (ptrdiff_t px = 0; px < p->output_width; px++) {
                const ptrdiff_t out = ((r * p->output_height + py) * p->output_width + px) * channels;
                const ptrdiff_t top = py * p->stride_height - p->pad_top, left = px * p->stride_width - p->pad_left;
                for (ptrdiff_t c = 0; c < channels; c++) {
                    const ptrdiff_t iy = top + winners[out + c] / p->kernel_width, ix = left + winners[out + c] % p->kernel_width;
                    dx[r * in + (iy * p->input_width + ix) * channels + c] += dy[out + c];
                }
            }
}

// The part of a window that lies in the image, and one over the number of cells that an average counts.
typedef struct ck_cover {
    ptrdiff_t y0, y1, x0, x1;
    float share;
} ck_cover;

CK_INLINE ck_cover ck_cover_of(const ck_window *p, ptrdiff_t py, ptrdiff_t px, int counts_pad) {
    const ptrdiff_t top = py * p->stride_height - p->pad_top, left = px * p->stride_width - p->pad_left;
    const ptrdiff_t bottom = top + p->kernel_height, right = left + p->kernel_width;
    ck_cover c = {
        .y0 = top > 0 ? top : 0,
        .y1 = bottom < p->input_height ? bottom : p->input_height,
        .x0 = left > 0 ? left : 0,
        .x1 = right < p->input_width ? right : p->input_width,
    };
    ptrdiff_t height = c.y1 - c.y0, width = c.x1 - c.x0;
    if (counts_pad) {
        const ptrdiff_t y_end = p->input_height + p->pad_bottom, x_end = p->input_width + p->pad_right;
        height = (bottom < y_end ? bottom : y_end) - top;
        width = (right < x_end ? right : x_end) - left;
    }
    c.share = (float)(1.0 / (double)(height * width));
    return c;
}

static void ck_average_pool(ptrdiff_t rows, const ck_window *p, int counts_pad, const float *x, float *y) {
    const ptrdiff_t channels = p->input_channels, in = p->input_height * p->input_width * channels;
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t py = 0; py < p->output_height; py++)
            for (ptrdiff_t px = 0; px < p->output_width; px++, y += channels) {
                const ck_cover w = ck_cover_of(p, py, px, counts_pad);
                for (ptrdiff_t c = 0; c < channels; c += 16) {
                    const ptrdiff_t left = channels - c < 16 ? channels - c : 16;
                    f16 sum = {0};
                    for (ptrdiff_t iy = w.y0; iy < w.y1; iy++)
                        for (ptrdiff_t ix = w.x0; ix < w.x1; ix++)
                            sum += ck_get(x + r * in + (iy * p->input_width + ix) * channels + c, left);
                    ck_put(y + c, sum * w.share, left);
                }
            }
}

static void ck_average_pool_gradient(ptrdiff_t rows, const ck_window *p, int counts_pad, const float *dy, float *dx) {
    const ptrdiff_t channels = p->input_channels, in = p->input_height * p->input_width * channels;
    memset(dx, 0, sizeof(float) * (size_t)(rows * in));
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t py = 0; py < p->output_height; py++)
            for (ptrdiff_t px = 0; px < p->output_width; px++, dy += channels) {
                const ck_cover w = ck_cover_of(p, py, px, counts_pad);
                for (ptrdiff_t c = 0; c < channels; c += 16) {
                    const ptrdiff_t left = channels - c < 16 ? channels - c : 16;
                    f16 part = ck_get(dy + c, left) * w.share;
                    for (ptrdiff_t iy = w.y0; iy < w.y1; iy++)
                        for (ptrdiff_t ix = w.x0; ix < w.x1; ix++) {
                            float *to = dx + r * in + (iy * p->input_width + ix) * channels + c;
                            ck_put(to, ck_get(to, left) + part, left);
                        }
                }
            }
}
