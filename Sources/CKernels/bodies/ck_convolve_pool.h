// Convolution, bias, activation and max pooling in one: only the rows of the convolution under one row of pool windows ever exist.

// The convolution rows under pool row py: [*first, *first + result).
CK_INLINE ptrdiff_t ck_rows_under(const ck_window *pool, ptrdiff_t py, ptrdiff_t *first) {
    const ptrdiff_t top = py * pool->stride_height - pool->pad_top, bottom = top + pool->kernel_height;
    *first = top > 0 ? top : 0;
    return ck_smaller(bottom, pool->input_height) - *first;
}

CK_INLINE float *ck_take_rows(const ck_window *w, const ck_window *pool, float **workspace) {
    return ck_take(workspace, ck_smaller(pool->kernel_height, w->output_height) * w->output_width * w->output_channels);
}

static void ck_convolve_pool(ptrdiff_t rows, const ck_window *w, const ck_window *pool, const float *x, const float *weights,
                             const float *bias, int relu, float *y, uint8_t *winners, float *workspace) {
    float *map = ck_take_rows(w, pool, &workspace);
    ck_convolution g = ck_convolution_of(w, &workspace);
    ck_find_taps(&g, &workspace);
    const ck_panels b = ck_panels_of(weights, g.patch, g.filters, 0, &workspace);
    const ptrdiff_t out = pool->output_width * g.filters;
    // A longer contraction is worth blocking, which only the general path does.
    const int pairs = ck_is_pair_pool(pool) && g.patch <= CK_STEP_BLOCK;
    const int weights_are_tame = CK_MASKS == 16 && pairs && ck_pair_is_tame(g.patch * g.filters, weights)
                                 && (!bias || ck_pair_is_tame(g.filters, bias));
    for (ptrdiff_t r = 0; r < rows; r++) {
        const float *image = ck_bordered(&g, x + r * g.in);
        const int tame = weights_are_tame && ck_pair_is_tame(g.in, x + r * g.in);
        for (ptrdiff_t py = 0; py < pool->output_height; py++, y += out, winners += out) {
            ptrdiff_t first;
            const ptrdiff_t lines = ck_rows_under(pool, py, &first);
            if (pairs) {
                ck_pair_convolve_row(&g, pool, &b, image + first * g.line, bias, relu, tame, y, winners);
                continue;
            }
            ck_multiply_panels(&b, lines, w->output_width, image + first * g.line, g.line, g.pixel, g.taps, bias, relu, map);
            ck_max_row(pool, py, map, first, y, winners);
        }
    }
}

// Spreads one row of pooled gradients over the map [lines, ow, F] and adds it to the bias gradient. A closed relu (y <= 0) sends nothing.
// The map is zero where no window reaches; windows that overlap add up.
static void ck_spread(const ck_window *pool, ptrdiff_t py, ptrdiff_t first, const float *y, const uint8_t *winners, const float *dy,
                      int relu, float *bias_gradient, float *map) {
    const ptrdiff_t channels = pool->input_channels;
    const int apart = pool->stride_height >= pool->kernel_height && pool->stride_width >= pool->kernel_width;
    for (ptrdiff_t c = 0; c < channels; c += 16) {
        const ptrdiff_t left = ck_smaller(channels - c, 16);
        f16 bias = bias_gradient ? ck_get(bias_gradient + c, left) : f16_set(0.0f);
        for (ptrdiff_t px = 0; px < pool->output_width; px++) {
            const ptrdiff_t at = px * channels + c;
            f16 g = ck_get(dy + at, left);
            if (relu) g = f16_activation_gradient(CK_RELU, ck_get(y + at, left), g);
            bias += g;
            b16 bytes = {0};
            if (left == 16) bytes = *(const b16_any *)(winners + at);
            else
                for (ptrdiff_t i = 0; i < left; i++) bytes[i] = winners[at + i];
            const i16 winner = __builtin_convertvector(bytes, i16);
            for (ptrdiff_t ky = 0; ky < pool->kernel_height; ky++) {
                const ptrdiff_t iy = py * pool->stride_height + ky - pool->pad_top;
                if (iy < 0 || iy >= pool->input_height) continue;
                for (ptrdiff_t kx = 0; kx < pool->kernel_width; kx++) {
                    const ptrdiff_t ix = px * pool->stride_width + kx - pool->pad_left;
                    if (ix < 0 || ix >= pool->input_width) continue;
                    float *to = map + ((iy - first) * pool->input_width + ix) * channels + c;
                    const f16 part = f16_choose(winner == (int32_t)(ky * pool->kernel_width + kx), g, f16_set(0.0f));
                    ck_put(to, apart ? part : ck_get(to, left) + part, left);
                }
            }
        }
        if (bias_gradient) ck_put(bias_gradient + c, bias, left);
    }
}

static void ck_convolve_pool_gradients(ptrdiff_t rows, const ck_window *w, const ck_window *pool, const float *x, const float *weights,
                                       int relu, const float *y, const uint8_t *winners, const float *dy, float *dw,
                                       float *bias_gradient, float *dx, float *workspace) {
    float *map = ck_take_rows(w, pool, &workspace);
    ck_convolution g = ck_convolution_of(w, &workspace);
    ck_find_taps(&g, &workspace);
    const ptrdiff_t deepest = ck_smaller(pool->kernel_height, w->output_height), count = deepest * w->output_width * g.filters;
    const ptrdiff_t *pixels = ck_find_pixels(&g, deepest, &workspace);
    ck_backward back = {0};
    if (dx) back = ck_backward_of(&g, weights, &workspace);
    const int apart = pool->stride_height >= pool->kernel_height && pool->stride_width >= pool->kernel_width;
    const ptrdiff_t out = pool->output_width * g.filters;
#ifdef CK_HAS_PAIR_GRADIENT
    const int pairs = ck_is_pair_pool(pool);
    ck_pair_gradient pair = {0};
    if (pairs) pair = ck_pair_gradient_of(&g, pool, &workspace);
#else
    const int pairs = 0;
#endif

    if (bias_gradient) memset(bias_gradient, 0, sizeof(float) * (size_t)g.filters);
    if (rows == 0) memset(dw, 0, sizeof(float) * (size_t)(g.patch * g.filters));
    memset(map, 0, sizeof(float) * (size_t)count);
    for (ptrdiff_t r = 0; r < rows; r++) {
        const float *image = ck_bordered(&g, x + r * g.in);
        float *back_image = dx ? ck_begin_input_gradient(&back, &g, dx + r * g.in) : 0;
        for (ptrdiff_t py = 0; py < pool->output_height; py++, y += out, winners += out, dy += out) {
            ptrdiff_t first;
            const ptrdiff_t lines = ck_rows_under(pool, py, &first);
#ifdef CK_HAS_PAIR_GRADIENT
            if (pairs && py % pair.lines == 0) {
                const ptrdiff_t together = ck_smaller(pair.lines, pool->output_height - py);
                const ck_pair_sums sums = {&pair, together, y, dy, winners, relu, r > 0 || py > 0, dw, bias_gradient};
                ck_pair_find_candidates(&pair, &g, ck_pair_reach(w, pool, together), image + first * g.line);
                ck_pair_add_weight_gradient(&sums);
            }
#endif
            if (!pairs || dx) {
                if (!apart) memset(map, 0, sizeof(float) * (size_t)count);
                ck_spread(pool, py, first, y, winners, dy, relu, pairs ? 0 : bias_gradient, map);
            }
            if (!pairs) ck_add_weight_gradient(&g, image + first * g.line, pixels, lines, map, r > 0 || py > 0, dw, workspace);
            if (dx) ck_add_input_gradient(&back, &g, lines, map, back_image + first * g.line);
        }
        if (dx) ck_end_input_gradient(&back, &g, dx + r * g.in);
    }
}
