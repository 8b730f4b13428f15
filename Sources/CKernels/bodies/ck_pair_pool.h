// The pooling that most networks use, 2×2 cells without padding, fused tighter: the four cells of a window are summed in registers and
// only the largest leaves them. ck_pair_gradient.h is the way back.

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
    // No sum can be a NaN.
    int relu, tame;
    ptrdiff_t windows, channels, tail;
    float *y;
    uint8_t *winners;
} ck_pair_row;

// The largest of four sums, the first of equals, and its place. Under relu the first sum is 0 at least: where all four are closed it is
// the largest, as it is of four zeros.
CK_INLINE void ck_pair_finish(const vt *four, int relu, float *y, uint8_t *winners, ptrdiff_t lanes) {
    vt best = four[0];
    vti winner = {0};
    if (relu) best = (vt)((vti)best & ~(best < 0.0f));
#pragma clang loop unroll(full)
    for (int c = 1; c < 4; c++) {
        const vti better = (four[c] > best) | (four[c] != four[c]);
        best = (vt)(((vti)four[c] & better) | ((vti)best & ~better));
        winner = (winner & ~better) | (better & c);
    }
    if (lanes == CK_LANES) *(vt_any *)y = best;
    else vt_store_some(y, best, lanes);
    CK_OPAQUE(winner);
    vtb_store_some(winners, winner, lanes);
}

#if CK_MASKS == 16
// The same where no sum is a NaN: nine instructions instead of twenty-five, which wait for the ports of the multiply-adds. A maximum
// of equals (zeros of either sign too) is its second operand.
CK_INLINE void ck_pair_finish_tame(const vt *four, int relu, float *y, uint8_t *winners, ptrdiff_t lanes) {
    const __m512 a = relu ? _mm512_max_ps(_mm512_setzero_ps(), (__m512)four[0]) : (__m512)four[0], c = (__m512)four[2];
    const __m512 above = _mm512_max_ps((__m512)four[1], a), below = _mm512_max_ps((__m512)four[3], c), best = _mm512_max_ps(below, above);
    const __mmask16 down = _mm512_cmp_ps_mask(below, above, _CMP_GT_OQ);
    const __mmask16 over = _mm512_cmp_ps_mask(_mm512_mask_mov_ps(a, down, c), best, _CMP_NEQ_UQ), all = (__mmask16)((1u << lanes) - 1);
    __m128i winner = _mm_maskz_mov_epi8(down, _mm_set1_epi8(2));
    // One instruction, which the compiler would make two of.
    __asm__("" : "+v"(winner));
    winner = _mm_mask_add_epi8(winner, over, winner, _mm_set1_epi8(1));
    if (lanes == CK_LANES) {
        _mm512_storeu_ps(y, best);
        _mm_storeu_si128((__m128i *)winners, winner);
    } else {
        _mm512_mask_storeu_ps(y, all, best);
        _mm_mask_storeu_epi8(winners, all, winner);
    }
}
#else
#define ck_pair_finish_tame ck_pair_finish
#endif

// Whether products of these with others of the kind, a few hundred of them added up, stay finite.
static int ck_pair_is_tame(ptrdiff_t count, const float *x) {
    // Magnitudes are ordered as their bits are; 2^40 is the bound.
    i16 most = {0};
    CK_EACH(count, { most = __builtin_elementwise_max(most, (i16)CK_GET(x) & 0x7FFFFFFF); });
    return __builtin_reduce_max(most) < 0x53800000;
}

// `windows` windows at once, nv registers of filters; both constants after inlining. The sums are those of `ck_strip_body`.
CK_INLINE void ck_pair_tile(const int windows, const int nv, const int partial, const int tame, const ck_pair_row *s, ptrdiff_t px) {
    const int masked = partial && CK_MASKS != 0;
    const ptrdiff_t tail = s->tail, k = s->k, b_row = s->b_row, channels = s->channels;
    const ptrdiff_t *const taps = s->taps, next = s->next;
    float *const y = s->y;
    uint8_t *const winners = s->winners;
    const int relu = s->relu;
    const float *cells[4];
    vt sum[16][2], start[2];
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
        if (i < 4) cells[i] = s->image + px * next + s->cells[i];
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
            const vt factor = vt_set(cells[i & 3][tap + (i >> 2) * next]);
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
            const ptrdiff_t lanes = partial && j == nv - 1 ? tail : CK_LANES;
            if (tame) ck_pair_finish_tame(four, relu, y + to, winners + to, lanes);
            else ck_pair_finish(four, relu, y + to, winners + to, lanes);
        }
}

// Sixteen lanes come with 32 registers, of which sixteen are sums.
#define CK_PAIR_ROW(NV, PARTIAL, TAME)                                                                     \
    static __attribute__((noinline)) void ck_pair_row_##NV##_##PARTIAL##_##TAME(const ck_pair_row *s) {    \
        ptrdiff_t px = 0;                                                                                  \
        if (CK_LANES == 16) {                                                                              \
            for (; px + 4 / NV <= s->windows; px += 4 / NV) ck_pair_tile(4 / NV, NV, PARTIAL, TAME, s, px); \
            for (; px + 2 <= s->windows; px += 2) ck_pair_tile(2, NV, PARTIAL, TAME, s, px);               \
        }                                                                                                  \
        for (; px < s->windows; px++) ck_pair_tile(1, NV, PARTIAL, TAME, s, px);                           \
    }
CK_PAIR_ROW(1, 0, 0)
CK_PAIR_ROW(1, 1, 0)
CK_PAIR_ROW(2, 0, 0)
CK_PAIR_ROW(2, 1, 0)
#if CK_MASKS == 16
CK_PAIR_ROW(1, 0, 1)
CK_PAIR_ROW(1, 1, 1)
CK_PAIR_ROW(2, 0, 1)
CK_PAIR_ROW(2, 1, 1)
#endif

static void ck_pair_run(const ck_pair_row *s, int registers, int partial) {
#if CK_MASKS == 16
    if (s->tame) {
        if (registers == 2) (partial ? ck_pair_row_2_1_1 : ck_pair_row_2_0_1)(s);
        else (partial ? ck_pair_row_1_1_1 : ck_pair_row_1_0_1)(s);
        return;
    }
#endif
    if (registers == 2) (partial ? ck_pair_row_2_1_0 : ck_pair_row_2_0_0)(s);
    else (partial ? ck_pair_row_1_1_0 : ck_pair_row_1_0_0)(s);
}

// One row of windows. `image` is the patch of the first convolution output under it.
static void ck_pair_convolve_row(const ck_convolution *g, const ck_window *pool, const ck_panels *b, const float *image,
                                 const float *bias, int relu, int tame, float *y, uint8_t *winners) {
    ck_pair_row s = {
        .image = image,
        .cells = {0, g->pixel, g->line, g->line + g->pixel},
        .next = pool->stride_width * g->pixel,
        .taps = g->taps,
        .k = g->patch,
        .b_row = b->b_row,
        .relu = relu,
        .tame = tame,
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
        ck_pair_run(&s, registers, partial);
    }
}
