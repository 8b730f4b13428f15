// The pooling that most networks use, 2×2 cells without padding, fused tighter: forward, the four cells of a window are summed in
// registers and only the largest leaves them; backward, a shuffle picks the one input under each winner, so that the three cells that
// lost cost nothing.

CK_INLINE int ck_is_pair_pool(const ck_window *p) {
    return p->kernel_height == 2 && p->kernel_width == 2 && !ck_is_padded(p);
}

// One row of windows for one panel of filters.
typedef struct ck_pair_row {
    // The first window's first cell, as a patch of the image; the other cells' offsets from it; the next window's.
    const float *image;
    ptrdiff_t cells[4], next;
    const ptrdiff_t *taps;
    ptrdiff_t k;
    const float *b;
    ptrdiff_t b_row;
    const float *bias;
    int relu;
    ptrdiff_t windows, channels, tail;
    float *y;
    uint8_t *winners;
} ck_pair_row;

// The largest of four sums, the first of equals, and its place. Where relu closes all four, all are 0 and the first wins.
CK_INLINE void ck_pair_finish(const vt *four, int relu, float *y, uint8_t *winners, ptrdiff_t lanes) {
    vt best = four[0];
    vti winner = {0};
#pragma clang loop unroll(full)
    for (int c = 1; c < 4; c++) {
        const vti better = (four[c] > best) | (four[c] != four[c]);
        best = (vt)(((vti)four[c] & better) | ((vti)best & ~better));
        winner = (winner & ~better) | (better & c);
    }
    if (relu) {
        winner &= ~(best <= 0.0f);
        best = (vt)((vti)best & ~(best < 0.0f));
    }
    if (lanes == CK_LANES) *(vt_any *)y = best;
    else vt_store_some(y, best, lanes);
    CK_OPAQUE(winner);
    vtb_store_some(winners, winner, lanes);
}

// `windows` windows at once, nv registers of filters; both constants after inlining. The sums are those of `ck_strip_body`.
CK_INLINE void ck_pair_tile(const int windows, const int nv, const int partial, const ck_pair_row *s, ptrdiff_t px) {
    const int masked = partial && CK_MASKS != 0;
    const ptrdiff_t tail = s->tail, k = s->k, b_row = s->b_row, channels = s->channels;
    const ptrdiff_t *const taps = s->taps;
    float *const y = s->y;
    uint8_t *const winners = s->winners;
    const int relu = s->relu;
    const float *rows[8];
    vt sum[8][2], start[2];
#pragma clang loop unroll(full)
    for (int j = 0; j < nv; j++) {
        start[j] = (vt){0};
        if (s->bias) {
            const float *from = s->bias + j * CK_LANES;
            start[j] = partial && j == nv - 1 ? vt_load_some(from, tail) : *(const vt_any *)from;
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 4 * windows; i++) {
        rows[i] = s->image + (px + i / 4) * s->next + s->cells[i & 3];
#pragma clang loop unroll(full)
        for (int j = 0; j < nv; j++) sum[i][j] = start[j];
    }
    const float *b = s->b;
    for (ptrdiff_t p = 0; p < k; p++, b += b_row) {
        const ptrdiff_t tap = taps[p];
        vt line[2];
#pragma clang loop unroll(full)
        for (int j = 0; j < nv; j++)
            line[j] = masked && j == nv - 1 ? vt_load_some(b + j * CK_LANES, tail) : *(const vt_any *)(b + j * CK_LANES);
#pragma clang loop unroll(full)
        for (int i = 0; i < 4 * windows; i++) {
            const vt factor = vt_set(rows[i][tap]);
#pragma clang loop unroll(full)
            for (int j = 0; j < nv; j++) sum[i][j] = CK_MULADD(factor, line[j], sum[i][j]);
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < windows; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < nv; j++) {
            const vt four[4] = {sum[4 * i][j], sum[4 * i + 1][j], sum[4 * i + 2][j], sum[4 * i + 3][j]};
            const ptrdiff_t to = (px + i) * channels + j * CK_LANES;
            ck_pair_finish(four, relu, y + to, winners + to, partial && j == nv - 1 ? tail : CK_LANES);
        }
}

#define CK_PAIR_ROW(NV, PARTIAL)                                                                       \
    static __attribute__((noinline)) void ck_pair_row_##NV##_##PARTIAL(const ck_pair_row *s) {         \
        ptrdiff_t px = 0;                                                                              \
        if (CK_LANES == 16)                                                                            \
            for (; px + 2 <= s->windows; px += 2) ck_pair_tile(2, NV, PARTIAL, s, px);                 \
        for (; px < s->windows; px++) ck_pair_tile(1, NV, PARTIAL, s, px);                             \
    }
CK_PAIR_ROW(1, 0)
CK_PAIR_ROW(1, 1)
CK_PAIR_ROW(2, 0)
CK_PAIR_ROW(2, 1)

// One row of windows. `image` is the patch of the first convolution output under it.
static void ck_pair_convolve_row(const ck_convolution *g, const ck_window *pool, const ck_panels *b, const float *image,
                                 const float *bias, int relu, float *y, uint8_t *winners) {
    ck_pair_row s = {
        .image = image,
        .cells = {0, g->pixel, g->line, g->line + g->pixel},
        .next = pool->stride_width * g->pixel,
        .taps = g->taps,
        .k = g->patch,
        .b_row = b->b_row,
        .relu = relu,
        .windows = pool->output_width,
        .channels = g->filters,
    };
    for (ptrdiff_t j = 0; j < g->filters; j += CK_PANEL) {
        const ptrdiff_t rest = g->filters - j;
        const int registers = rest > CK_LANES ? 2 : 1, partial = rest < registers * CK_LANES;
        s.tail = rest - (registers - 1) * CK_LANES;
        s.b = b->b + j / CK_PANEL * b->panel;
        s.bias = bias ? bias + j : 0;
        s.y = y + j;
        s.winners = winners + j;
        if (registers == 2) (partial ? ck_pair_row_2_1 : ck_pair_row_2_0)(&s);
        else (partial ? ck_pair_row_1_1 : ck_pair_row_1_0)(&s);
    }
}

#if CK_MASKS != 0
#define CK_HAS_PAIR_GRADIENT 1

// One row of windows, made ready: gated gradients and winners with filters rounded up to whole groups of 16 (zeros beyond), and under
// each tap of each window its four candidates.
typedef struct ck_pair_gradient {
    float *gated, *candidates;
    int32_t *winners;
    ptrdiff_t windows, patch, filters, padded;
} ck_pair_gradient;

static ck_pair_gradient ck_pair_gradient_of(const ck_convolution *g, const ck_window *pool, float **workspace) {
    ck_pair_gradient k = {
        .windows = pool->output_width,
        .patch = g->patch,
        .filters = g->filters,
        .padded = ck_rounded(g->filters),
    };
    k.gated = ck_take(workspace, k.windows * k.padded);
    k.winners = (int32_t *)ck_take(workspace, k.windows * k.padded);
    k.candidates = ck_take(workspace, k.windows * k.patch * 4);
    return k;
}

// A closed relu (y <= 0) sends nothing. Adds to the bias gradient on the way.
static void ck_pair_gate(const ck_pair_gradient *k, const float *y, const uint8_t *winners, const float *dy, int relu,
                         float *bias_gradient) {
    for (ptrdiff_t c = 0; c < k->filters; c += 16) {
        const ptrdiff_t left = ck_smaller(k->filters - c, 16);
        f16 bias = bias_gradient ? ck_get(bias_gradient + c, left) : f16_set(0.0f);
        for (ptrdiff_t px = 0; px < k->windows; px++) {
            const ptrdiff_t from = px * k->filters + c, to = px * k->padded + c;
            f16 g = ck_get(dy + from, left);
            if (relu) g = f16_activation_gradient(CK_RELU, ck_get(y + from, left), g);
            bias += g;
            f16_store(k->gated + to, g);
            b16 bytes = {0};
            if (left == 16) bytes = *(const b16_any *)(winners + from);
            else
                for (ptrdiff_t i = 0; i < left; i++) bytes[i] = winners[from + i];
            *(i16 *)(k->winners + to) = __builtin_convertvector(bytes, i16);
        }
        if (bias_gradient) ck_put(bias_gradient + c, bias, left);
    }
}

static void ck_pair_find_candidates(const ck_pair_gradient *k, const ck_convolution *g, ptrdiff_t next, const float *image) {
    float *to = k->candidates;
    for (ptrdiff_t px = 0; px < k->windows; px++, image += next) {
        if (g->pixel == 1) {
            for (ptrdiff_t t = 0; t < k->patch; t++, to += 4) {
                const f2 above = *(const f2_any *)(image + g->taps[t]), below = *(const f2_any *)(image + g->taps[t] + g->line);
                *(f4_any *)to = __builtin_shufflevector(above, below, 0, 1, 2, 3);
            }
            continue;
        }
        for (ptrdiff_t t = 0; t < k->patch; t++, to += 4) {
            const float *at = image + g->taps[t];
            to[0] = at[0];
            to[1] = at[g->pixel];
            to[2] = at[g->line];
            to[3] = at[g->line + g->pixel];
        }
    }
}

// dw[tap ..< tap+taps, one register of filters] (+)= Σ over the row's windows of candidate[winner]·gradient, in window order.
CK_INLINE void ck_pair_taps(const int taps, const ck_pair_gradient *k, ptrdiff_t tap, ptrdiff_t filter, int add, float *dw) {
    const ptrdiff_t left = ck_smaller(k->filters - filter, CK_LANES), padded = k->padded, patch = k->patch;
    const float *gated = k->gated + filter, *four = k->candidates + 4 * tap;
    const int32_t *winners = k->winners + filter;
    vt sum[9];
#pragma clang loop unroll(full)
    for (int t = 0; t < taps; t++) {
        const float *from = dw + (tap + t) * k->filters + filter;
        sum[t] = !add ? (vt){0} : left == CK_LANES ? *(const vt_any *)from : vt_load_some(from, left);
    }
    for (ptrdiff_t px = k->windows; px > 0; px--, gated += padded, winners += padded, four += 4 * patch) {
        const vt g = *(const vt *)gated;
        const vti winner = *(const vti *)winners;
#pragma clang loop unroll(full)
        for (int t = 0; t < taps; t++) sum[t] = CK_MULADD(vt_pick(four + 4 * t, winner), g, sum[t]);
    }
#pragma clang loop unroll(full)
    for (int t = 0; t < taps; t++) {
        float *to = dw + (tap + t) * k->filters + filter;
        if (left == CK_LANES) *(vt_any *)to = sum[t];
        else vt_store_some(to, sum[t], left);
    }
}

static void ck_pair_add_weight_gradient(const ck_pair_gradient *k, int add, float *dw) {
    const ptrdiff_t groups = (k->patch + 8) / 9, size = k->patch / groups, larger = k->patch % groups;
    for (ptrdiff_t filter = 0; filter < k->filters; filter += CK_LANES)
        for (ptrdiff_t i = 0, tap = 0; i < groups; i++) {
            const ptrdiff_t taps = i < larger ? size + 1 : size;
            switch (taps) {
#define CK_TAPS(TAPS, UNUSED) case TAPS: ck_pair_taps(TAPS, k, tap, filter, add, dw); break;
                CK_TALL(CK_TAPS, 0)
                CK_TALLER(CK_TAPS, 0)
                CK_TAPS(9, 0)
#undef CK_TAPS
            }
            tap += taps;
        }
}
#endif
