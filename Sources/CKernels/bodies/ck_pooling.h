// What the pooled convolution and the poolings (ck_mixed_pooling.h) share, channels in sixteens.

// One output position: the maximum over `count` pixels of C channels and which of them held it. The first maximum wins; NaN wins over
// everything, a later NaN over an earlier one (as in PyTorch).
CK_INLINE void ck_max_position(const float *const *pixels, const uint8_t *cells, ptrdiff_t count, ptrdiff_t channels, float *y,
                               uint8_t *winners) {
    for (ptrdiff_t c = 0; c < channels; c += 16) {
        const ptrdiff_t left = channels - c < 16 ? channels - c : 16;
        f16 best = ck_get(pixels[0] + c, left);
        i16 winner = (i16){0} + cells[0];
        for (ptrdiff_t i = 1; i < count; i++) {
            const f16 v = ck_get(pixels[i] + c, left);
            const i16 better = (v > best) | (v != v);
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
static void ck_max_row(const ck_window *p, ptrdiff_t py, const float *image, ptrdiff_t first_row, float *y, uint8_t *winners) {
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
            ck_max_position(four, order, 4, channels, y + px * channels, winners + px * channels);
        }
        return;
    }
    for (ptrdiff_t px = 0; px < p->output_width; px++) {
        const ptrdiff_t count = ck_window_cells(p, py, px, image, first_row, pixels, cells);
        ck_max_position(pixels, cells, count, channels, y + px * channels, winners + px * channels);
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
