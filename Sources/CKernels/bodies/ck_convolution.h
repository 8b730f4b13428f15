// The convolution under a pooling, as matrix products over patches that are never written out: the patch of an output pixel is the image itself, read at
// the offsets of the window's taps. Padding is a zero-bordered copy of one sample.

typedef struct ck_convolution {
    const ck_window *w;
    ptrdiff_t patch, filters;
    // Elements from one row of the (padded) image to the next, from one output pixel to the next, from one output row to the next.
    ptrdiff_t pitch, pixel, line;
    ptrdiff_t in, out;
    // Offset of each tap of the window: (ky, kx, c).
    ptrdiff_t *taps;
    // Null without padding.
    float *padded;
} ck_convolution;

static ck_convolution ck_convolution_of(const ck_window *w, float **workspace) {
    ck_convolution g = {
        .w = w,
        .patch = ck_patch(w),
        .filters = w->output_channels,
        .pitch = (w->input_width + w->pad_left + w->pad_right) * w->input_channels,
        .pixel = w->stride_width * w->input_channels,
        .in = w->input_height * w->input_width * w->input_channels,
        .out = w->output_height * w->output_width * w->output_channels,
    };
    g.line = w->stride_height * g.pitch;
    if (ck_is_padded(w)) {
        g.padded = ck_take(workspace, ck_padded_count(w));
        memset(g.padded, 0, sizeof(float) * (size_t)ck_padded_count(w));
    }
    return g;
}

static void ck_find_taps(ck_convolution *g, float **workspace) {
    ptrdiff_t *tap = g->taps = ck_take_offsets(workspace, g->patch);
    const ptrdiff_t run = g->w->kernel_width * g->w->input_channels;
    for (ptrdiff_t ky = 0; ky < g->w->kernel_height; ky++)
        for (ptrdiff_t i = 0; i < run; i++) *tap++ = ky * g->pitch + i;
}

// The sample as the windows see it. The border of the copy was zeroed once and stays zero.
static const float *ck_bordered(const ck_convolution *g, const float *x) {
    if (!g->padded) return x;
    const ck_window *w = g->w;
    const ptrdiff_t row = w->input_width * w->input_channels;
    float *to = g->padded + w->pad_top * g->pitch + w->pad_left * w->input_channels;
    for (ptrdiff_t iy = 0; iy < w->input_height; iy++) memcpy(to + iy * g->pitch, x + iy * row, sizeof(float) * (size_t)row);
    return g->padded;
}

// Matrix b[k, n] as it is, or in panels of CK_PANEL columns, each [k][CK_PANEL] and padded with zeros.
typedef struct ck_panels {
    const float *b;
    ptrdiff_t n, k, b_row, panel;
} ck_panels;

static ck_panels ck_panels_of(const float *b, ptrdiff_t k, ptrdiff_t n, int transposed, float **workspace) {
    // Short and already narrow: reading it in place costs nothing, unless its edge needs masks that the level lacks.
    if (!transposed && k < 64 && (CK_MASKS != 0 || n % CK_PANEL == 0))
        return (ck_panels){.b = b, .n = n, .k = k, .b_row = n, .panel = CK_PANEL};
    float *packed = ck_take(workspace, k * ck_paneled(n));
    if (transposed) ck_pack_transposed(b, k, k, n, packed);
    else ck_pack(b, n, k, n, packed);
    return (ck_panels){.b = packed, .n = n, .k = k, .b_row = CK_PANEL, .panel = k * CK_PANEL};
}

// c[lines][m, n] = a·b for `lines` groups of m rows; each group's rows of a are a_row apart, groups a_line, groups of c are m·n.
static void ck_multiply_panels(const ck_panels *b, ptrdiff_t lines, ptrdiff_t m, const float *a, ptrdiff_t a_line, ptrdiff_t a_row,
                               const ptrdiff_t *steps, const float *bias, int relu, float *c) {
    for (ptrdiff_t p = 0; p < b->k; p += CK_STEP_BLOCK) {
        ck_strip s = {
            .a_row = a_row,
            .steps = steps + p,
            .k = ck_smaller(b->k - p, CK_STEP_BLOCK),
            .b_row = b->b_row,
            .b_pair = b->panel,
            .c_row = b->n,
            .load = p > 0,
        };
        s.relu = relu && p + s.k == b->k;
        for (ptrdiff_t j = 0; j < b->n;) {
            const ptrdiff_t rest = b->n - j;
            const int registers = ck_panel_registers(rest, m);
            const ptrdiff_t columns = ck_smaller(rest, registers * CK_LANES);
            s.b = b->b + j / CK_PANEL * b->panel + p * b->b_row;
            s.tail = columns - (registers - 1) * CK_LANES;
            s.bias = bias && p == 0 ? bias + j : 0;
            for (ptrdiff_t l = 0; l < lines; l++) {
                s.a = a + l * a_line;
                s.c = c + l * m * b->n + j;
                ck_run_panel(&s, m, registers, columns < registers * CK_LANES);
            }
            j += columns;
        }
    }
}

// Offsets of the output pixels of `lines` output rows: element k of a column of patches.
static ptrdiff_t *ck_find_pixels(const ck_convolution *g, ptrdiff_t lines, float **workspace) {
    ptrdiff_t *pixels = ck_take_offsets(workspace, lines * g->w->output_width), *to = pixels;
    for (ptrdiff_t oy = 0; oy < lines; oy++)
        for (ptrdiff_t ox = 0; ox < g->w->output_width; ox++) *to++ = oy * g->line + ox * g->pixel;
    return pixels;
}

// dw (+)= patchesᵀ·dy over `lines` output rows whose first window starts at `image`.
static void ck_add_weight_gradient(const ck_convolution *g, const float *image, const ptrdiff_t *pixels, ptrdiff_t lines,
                                   const float *dy, int add, float *dw, float *workspace) {
    const ck_product product = {
        .m = g->patch,
        .n = g->filters,
        .k = lines * g->w->output_width,
        .a = image,
        .rows = g->taps,
        .steps = pixels,
        .b = dy,
        .load = add,
        .c = dw,
    };
    ck_multiply_matrices(&product, workspace);
}

// What the input gradient needs: the weights transposed, one row of patches, and with padding a bordered dx.
typedef struct ck_backward {
    ck_panels transposed;
    float *patches, *bordered;
    ptrdiff_t *steps;
} ck_backward;

static ck_backward ck_backward_of(const ck_convolution *g, const float *weights, float **workspace) {
    ck_backward k = {
        .patches = ck_take(workspace, g->w->output_width * g->patch),
        .bordered = g->padded ? ck_take(workspace, ck_padded_count(g->w)) : 0,
        .steps = ck_take_offsets(workspace, g->filters),
    };
    k.transposed = ck_panels_of(weights, g->filters, g->patch, 1, workspace);
    for (ptrdiff_t p = 0; p < g->filters; p++) k.steps[p] = p;
    return k;
}

// A zeroed place for one sample's dx, and its way into dx.
static float *ck_begin_input_gradient(const ck_backward *k, const ck_convolution *g, float *dx) {
    float *to = g->padded ? k->bordered : dx;
    memset(to, 0, sizeof(float) * (size_t)(g->padded ? ck_padded_count(g->w) : g->in));
    return to;
}
static void ck_end_input_gradient(const ck_backward *k, const ck_convolution *g, float *dx) {
    if (!g->padded) return;
    const ck_window *w = g->w;
    const ptrdiff_t row = w->input_width * w->input_channels;
    const float *from = k->bordered + w->pad_top * g->pitch + w->pad_left * w->input_channels;
    for (ptrdiff_t iy = 0; iy < w->input_height; iy++) memcpy(dx + iy * row, from + iy * g->pitch, sizeof(float) * (size_t)row);
}

// image += what `lines` output rows send back; `image` starts at the first row's first window. The patches of an output pixel are
// rows of kernel_width·C adjacent elements.
static void ck_add_input_gradient(const ck_backward *k, const ck_convolution *g, ptrdiff_t lines, const float *dy, float *image) {
    const ptrdiff_t run = g->w->kernel_width * g->w->input_channels, width = g->w->output_width;
    for (ptrdiff_t l = 0; l < lines; l++, dy += width * g->filters, image += g->line) {
        ck_multiply_panels(&k->transposed, 1, width, dy, 0, g->filters, k->steps, 0, 0, k->patches);
        for (ptrdiff_t ky = 0; ky < g->w->kernel_height; ky++)
            for (ptrdiff_t ox = 0; ox < width; ox++)
                ck_add_in_place(run, k->patches + ox * g->patch + ky * run, image + ky * g->pitch + ox * g->pixel);
    }
}
