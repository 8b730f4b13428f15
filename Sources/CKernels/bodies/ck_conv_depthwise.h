// Depthwise convolutions (one channel in and out per group): sixteen channels side by side, one weight each per tap, and nothing to
// share between channels; a pass over the window is all there is.

static inline int ck_conv_is_depthwise(const ck_pass *p) { return p->k == 1 && p->n == 1; }

// The taps of a pair of runs: elements into the image, and rows of weights.
static ptrdiff_t ck_conv_depthwise_taps(const ck_pass *p, const ck_run *y, ptrdiff_t oy, const ck_run *x, ptrdiff_t ox, const ck_axis *ay,
                                        const ck_axis *ax, ck_conv_span *taps) {
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < y->taps; i++)
        for (ptrdiff_t j = 0; j < x->taps; j++)
            taps[count++] = (ck_conv_span){
                .from = ((y->tap[i].from + oy * ay->advance) * p->x.in + x->tap[j].from + ox * ax->advance) * p->in_channels,
                .at = (y->tap[i].tap * p->x.kernel + x->tap[j].tap) * p->in_channels,
            };
    return count;
}

CK_INLINE f16 ck_conv_factor(ck_dtype type, ck_in x, ptrdiff_t at, ptrdiff_t left) {
    const f16 v = ck_read16(x, at, left);
    return type == CK_BF16 && x.type == CK_F32 ? f16_rounded(v) : v;
}

// Weights packed as [tap][channel].
static void ck_conv_depthwise_pack(const ck_pass *p, ck_dtype type, const float *weights, float *packed) {
    const ptrdiff_t channels = p->in_channels;
    for (ptrdiff_t tap = 0; tap < p->taps; tap++)
        for (ptrdiff_t c = 0; c < channels; c += 16) {
            const ptrdiff_t left = ck_smaller(16, channels - c);
            ck_put(packed + tap * channels + c, ck_conv_factor(type, (ck_in){weights, CK_F32}, ck_pass_weight(p, 0, tap, 0, 0) + c, left), left);
        }
}

static ptrdiff_t ck_conv_depthwise_bytes(const ck_pass *p) {
    return ck_axis_bytes(&p->y) + ck_axis_bytes(&p->x) + ck_conv_bytes(p->taps * (ptrdiff_t)sizeof(ck_conv_span));
}

static void ck_conv_depthwise(const ck_pass *p, ck_dtype type, ptrdiff_t rows, ck_in in, const float *packed, const ck_epilogue *epilogue,
                              ck_out out, const ck_moments *moments, char *workspace) {
    const ck_axis y = ck_axis_of(&p->y, &workspace), x = ck_axis_of(&p->x, &workspace);
    ck_conv_span *taps = ck_conv_take(&workspace, p->taps * (ptrdiff_t)sizeof(ck_conv_span));
    const ck_in weights = {packed, CK_F32};
    const ptrdiff_t channels = p->in_channels;
    const int bare = ck_conv_is_bare(epilogue, CK_F32);
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t i = 0; i < y.runs; i++)
            for (ptrdiff_t oy = 0; oy < y.run[i].count; oy++)
                for (ptrdiff_t j = 0; j < x.runs; j++) {
                    const ptrdiff_t first = (y.run[i].first + oy * y.step) * p->x.out + x.run[j].first;
                    for (ptrdiff_t ox = 0; ox < x.run[j].count; ox++) {
                        const ptrdiff_t count = ck_conv_depthwise_taps(p, &y.run[i], oy, &x.run[j], ox, &y, &x, taps);
                        const ptrdiff_t pixel = first + ox * x.step;
                        const ptrdiff_t at = r * p->out + pixel * channels, image = r * p->in;
                        for (ptrdiff_t c = 0; c < channels; c += 16) {
                            const ptrdiff_t left = ck_smaller(16, channels - c);
                            f16 sum = epilogue->bias ? ck_get(epilogue->bias + c, left) : f16_set(0.0f);
                            for (ptrdiff_t t = 0; t < count; t++)
                                sum = CK_MULADD(ck_conv_factor(type, in, image + taps[t].from + c, left),
                                                ck_read16(weights, taps[t].at + c, left), sum);
                            if (bare) {
                                ck_write16(out, at + c, sum, left);
                            } else {
                                float sums[16];
                                f16_store(sums, sum);
                                ck_conv_finish(epilogue, sums, left, out, at + c);
                            }
                        }
                    }
                    if (moments) ck_moments_run(moments->strips, out, r * p->out + first * channels, x.step * channels, x.run[j].count, channels);
                }
}

// dw and the bias' gradient, in the order of the rows.
static void ck_conv_depthwise_weights(const ck_pass *p, ck_dtype type, ptrdiff_t rows, ck_in x, ck_in dy, float *dw, float *bias_gradient,
                                      char *workspace) {
    const ck_axis ay = ck_axis_of(&p->y, &workspace), ax = ck_axis_of(&p->x, &workspace);
    ck_conv_span *taps = ck_conv_take(&workspace, p->taps * (ptrdiff_t)sizeof(ck_conv_span));
    const ptrdiff_t channels = p->in_channels;
    memset(dw, 0, sizeof(float) * (size_t)(p->taps * channels));
    if (bias_gradient) memset(bias_gradient, 0, sizeof(float) * (size_t)channels);
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t i = 0; i < ay.runs; i++)
            for (ptrdiff_t oy = 0; oy < ay.run[i].count; oy++)
                for (ptrdiff_t j = 0; j < ax.runs; j++)
                    for (ptrdiff_t ox = 0; ox < ax.run[j].count; ox++) {
                        const ptrdiff_t count = ck_conv_depthwise_taps(p, &ay.run[i], oy, &ax.run[j], ox, &ay, &ax, taps);
                        const ptrdiff_t pixel = (ay.run[i].first + oy) * p->x.out + ax.run[j].first + ox;
                        const ptrdiff_t at = r * p->out + pixel * channels, image = r * p->in;
                        for (ptrdiff_t c = 0; c < channels; c += 16) {
                            const ptrdiff_t left = ck_smaller(16, channels - c);
                            const f16 g = ck_conv_factor(type, dy, at + c, left);
                            for (ptrdiff_t t = 0; t < count; t++) {
                                float *to = dw + taps[t].at + c;
                                ck_put(to, CK_MULADD(ck_conv_factor(type, x, image + taps[t].from + c, left), g, ck_get(to, left)), left);
                            }
                            if (bias_gradient) ck_put(bias_gradient + c, ck_get(bias_gradient + c, left) + ck_read16(dy, at + c, left), left);
                        }
                    }
}
