// Weight gradients under 2×2 pooling without padding: a window sends its gradient to one of four cells, so a shuffle picks the one input
// under each winner, and the three cells that lost cost nothing.

#if CK_MASKS != 0
#define CK_HAS_PAIR_GRADIENT 1

enum {
    // Taps whose sums stay in registers together, and registers of filters beside one another.
    CK_PAIR_TAPS = 9,
    CK_PAIR_WIDTH = CK_MASKS == 16 ? 2 : 1,
};

// A few rows of windows. Every element of the image that they see stands there as four candidates: what the four cells of a window would
// read with the tap that falls on it. They are made once for all taps and filters.
typedef struct ck_pair_gradient {
    float *candidates;
    ptrdiff_t *taps;
    // Candidates of a row of the image; elements from one window, and from one row of windows, to the next.
    ptrdiff_t span, right, down;
    ptrdiff_t windows, lines, patch, filters;
} ck_pair_gradient;

static ck_pair_gradient ck_pair_gradient_of(const ck_convolution *g, const ck_window *pool, float **workspace) {
    const ck_window *w = g->w;
    ck_pair_gradient k = {
        .span = ck_pair_span(w, pool),
        .windows = pool->output_width,
        .lines = ck_pair_lines(w, pool),
        .patch = g->patch,
        .filters = g->filters,
    };
    k.right = pool->stride_width * g->pixel * 4;
    k.down = pool->stride_height * w->stride_height * ck_rounded(k.span) * 4;
    k.candidates = ck_take(workspace, ck_pair_reach(w, pool, k.lines) * ck_rounded(k.span) * 4);
    k.taps = ck_take_offsets(workspace, k.patch);
    const ptrdiff_t run = w->kernel_width * w->input_channels;
    for (ptrdiff_t t = 0; t < k.patch; t++) k.taps[t] = (t / run * ck_rounded(k.span) + t % run) * 4;
    return k;
}

// Sixteen elements and their neighbours right, below and below right, as sixteen times four.
CK_INLINE void ck_pair_turn(f16 a, f16 b, f16 c, f16 d, float *to) {
    const f16 ab = __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
    const f16 ab2 = __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    const f16 cd = __builtin_shufflevector(c, d, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
    const f16 cd2 = __builtin_shufflevector(c, d, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    // Element 4l + i in quarter l of register i.
    const f16 e0 = __builtin_shufflevector(ab, cd, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    const f16 e1 = __builtin_shufflevector(ab, cd, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    const f16 e2 = __builtin_shufflevector(ab2, cd2, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    const f16 e3 = __builtin_shufflevector(ab2, cd2, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    const f16 e01 = __builtin_shufflevector(e0, e1, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
    const f16 e23 = __builtin_shufflevector(e2, e3, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
    const f16 late01 = __builtin_shufflevector(e0, e1, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
    const f16 late23 = __builtin_shufflevector(e2, e3, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
    f16_store(to, __builtin_shufflevector(e01, e23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
    f16_store(to + 16, __builtin_shufflevector(e01, e23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
    f16_store(to + 32, __builtin_shufflevector(late01, late23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
    f16_store(to + 48, __builtin_shufflevector(late01, late23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
}

// The candidates of `rows` rows of the image.
static void ck_pair_find_candidates(const ck_pair_gradient *k, const ck_convolution *g, ptrdiff_t rows, const float *image) {
    float *to = k->candidates;
    const ptrdiff_t right = g->pixel, below = g->line;
    for (ptrdiff_t r = 0; r < rows; r++, image += g->pitch, to += ck_rounded(k->span) * 4)
        CK_EACH(k->span, {
            const float *at = image + i;
            ck_pair_turn(ck_get(at, left), ck_get(at + right, left), ck_get(at + below, left), ck_get(at + below + right, left), to + 4 * i);
        });
}

// `lines` rows of windows. The gate: a closed relu (y <= 0) sends nothing.
typedef struct ck_pair_sums {
    const ck_pair_gradient *k;
    ptrdiff_t lines;
    const float *y, *dy;
    const uint8_t *winners;
    int relu, add;
    float *dw, *bias_gradient;
} ck_pair_sums;

CK_INLINE vti ck_pair_winners(const uint8_t *p, const int partial, ptrdiff_t left) {
    if (!partial) return __builtin_convertvector(*(const vtb_any *)p, vti);
#if CK_MASKS == 16
    return (vti)_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8((__mmask16)((1u << left) - 1), p));
#else
    vti winner = {0};
    for (ptrdiff_t i = 0; i < left; i++) winner[i] = p[i];
    return winner;
#endif
}

// dw[tap ..< tap+taps, nv registers of filters] (+)= Σ of candidate[winner]·gradient, in the order of the windows; with the first taps
// the bias gradient.
CK_INLINE void ck_pair_body(const int taps, const int nv, const int partial, const ck_pair_sums *s, ptrdiff_t tap, ptrdiff_t filter) {
    const ck_pair_gradient *k = s->k;
    const ptrdiff_t filters = k->filters, left = ck_smaller(filters - filter, CK_LANES), *const at = k->taps + tap;
    const ptrdiff_t windows = k->windows, right = k->right;
    const float *y = s->y + filter, *dy = s->dy + filter;
    const uint8_t *winners = s->winners + filter;
    const int relu = s->relu;
    vt sum[CK_PAIR_TAPS][2], bias[2] = {{0}, {0}};
#define CK_SOME(p) (partial ? vt_load_some((p), left) : *(const vt_any *)(p))
#pragma clang loop unroll(full)
    for (int j = 0; j < nv; j++) {
        if (tap == 0 && s->bias_gradient) bias[j] = CK_SOME(s->bias_gradient + filter + j * CK_LANES);
#pragma clang loop unroll(full)
        for (int t = 0; t < taps; t++) sum[t][j] = s->add ? CK_SOME(s->dw + (tap + t) * filters + filter + j * CK_LANES) : (vt){0};
    }
    for (ptrdiff_t line = 0; line < s->lines; line++) {
        const float *four = k->candidates + line * k->down;
        for (ptrdiff_t px = windows; px > 0; px--, y += filters, dy += filters, winners += filters, four += right) {
            vt g[2];
            vti winner[2];
#pragma clang loop unroll(full)
            for (int j = 0; j < nv; j++) {
                g[j] = CK_SOME(dy + j * CK_LANES);
                if (relu) g[j] = (vt)((vti)g[j] & ~(CK_SOME(y + j * CK_LANES) <= 0.0f));
                bias[j] += g[j];
                winner[j] = ck_pair_winners(winners + j * CK_LANES, partial, left);
            }
#pragma clang loop unroll(full)
            for (int t = 0; t < taps; t++)
#pragma clang loop unroll(full)
                for (int j = 0; j < nv; j++) sum[t][j] = CK_MULADD(vt_pick(four + at[t], winner[j]), g[j], sum[t][j]);
        }
    }
#define CK_GIVE(p, v)                               \
    do {                                            \
        if (partial) vt_store_some((p), (v), left); \
        else *(vt_any *)(p) = (v);                  \
    } while (0)
#pragma clang loop unroll(full)
    for (int j = 0; j < nv; j++) {
        if (tap == 0 && s->bias_gradient) CK_GIVE(s->bias_gradient + filter + j * CK_LANES, bias[j]);
#pragma clang loop unroll(full)
        for (int t = 0; t < taps; t++) CK_GIVE(s->dw + (tap + t) * filters + filter + j * CK_LANES, sum[t][j]);
    }
#undef CK_SOME
#undef CK_GIVE
}

#define CK_PAIR_SUM(TAPS, UNUSED)                                                                                              \
    static __attribute__((noinline)) void ck_pair_sum_##TAPS(const ck_pair_sums *s, ptrdiff_t tap) {                           \
        const ptrdiff_t filters = s->k->filters;                                                                               \
        ptrdiff_t f = 0;                                                                                                       \
        if (CK_PAIR_WIDTH == 2)                                                                                                \
            for (; f + 2 * CK_LANES <= filters; f += 2 * CK_LANES) ck_pair_body(TAPS, CK_PAIR_WIDTH, 0, s, tap, f);            \
        for (; f + CK_LANES <= filters; f += CK_LANES) ck_pair_body(TAPS, 1, 0, s, tap, f);                                    \
        if (f < filters) ck_pair_body(TAPS, 1, 1, s, tap, f);                                                                  \
    }
CK_TALL(CK_PAIR_SUM, 0)
CK_TALLER(CK_PAIR_SUM, 0)
CK_PAIR_SUM(9, 0)
#define CK_PAIR_NAME(TAPS, UNUSED) ck_pair_sum_##TAPS,
static void (*const ck_pair_sum[CK_PAIR_TAPS])(const ck_pair_sums *, ptrdiff_t) = {
    CK_TALL(CK_PAIR_NAME, 0) CK_TALLER(CK_PAIR_NAME, 0) CK_PAIR_NAME(9, 0)};

// All taps in groups of nearly one size.
static void ck_pair_add_weight_gradient(const ck_pair_sums *s) {
    const ptrdiff_t patch = s->k->patch, groups = (patch + CK_PAIR_TAPS - 1) / CK_PAIR_TAPS, size = patch / groups, larger = patch % groups;
    for (ptrdiff_t i = 0, tap = 0; i < groups; i++) {
        const ptrdiff_t taps = i < larger ? size + 1 : size;
        ck_pair_sum[taps - 1](s, tap);
        tap += taps;
    }
}
#endif
