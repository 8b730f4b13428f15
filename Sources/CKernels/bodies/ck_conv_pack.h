// Weights of fp32 convolutions, packed: [group][panel of filters][tap][k][width of the panel], padded with zeros. Weights are read row by
// row from end to end and go out to as many panels as there are, because a panel at a time would read short pieces a row apart, which
// no prefetcher follows. Large copies are written past the caches: they will have left them before they are read.

// Elements as floats, rounded to bf16 if products are.
static void ck_conv_widen_all(ck_dtype type, ptrdiff_t count, ck_in x, ptrdiff_t at, float *to) {
    for (ptrdiff_t i = 0; i < count; i += 16) {
        const ptrdiff_t left = ck_smaller(16, count - i);
        f16 v = ck_read16(x, at + i, left);
        if (type == CK_BF16 && x.type == CK_F32) v = f16_rounded(v);
        ck_put(to + i, v, left);
    }
}

static ptrdiff_t ck_conv_pass_packed(const ck_pass *p) {
    return ck_conv_bytes(p->groups * p->taps * p->k * ck_conv_paneled(p) * 4);
}

enum {
    // Bytes of a copy that is written past the caches.
    CK_CONV_STREAMED = 512 * 1024,
};

// Sixteen floats to an address that is a multiple of 64 bytes if `streamed`.
CK_INLINE void ck_conv_pack_line(const int streamed, float *to, f16 v) {
#if CK_MASKS == 16
    if (streamed) {
        _mm512_stream_ps(to, (__m512)v);
        return;
    }
#elif CK_MASKS == 8
    if (streamed) {
        _mm256_stream_ps(to, (__m256)__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7));
        _mm256_stream_ps(to + 8, (__m256)__builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15));
        return;
    }
#endif
    f16_store(to, v);
}

// Columns of one tap and group of the packed weights at `to`, of the panel in which column n lies, before row k.
static inline float *ck_conv_pack_place(const ck_pass *p, float *to, ptrdiff_t tap, ptrdiff_t n) {
    const ptrdiff_t panel = n / CK_CONV_PANEL * CK_CONV_PANEL, width = ck_conv_registers(p, panel) * CK_LANES;
    return to + panel * p->taps * p->k + tap * p->k * width + (n - panel);
}

// Weights as they lie.
CK_INLINE void ck_conv_pack_rows(const int streamed, const ck_pass *p, ptrdiff_t tap, const float *from, float *to) {
    for (ptrdiff_t k = 0; k < p->k; k++, from += p->out_channels)
        for (ptrdiff_t n = 0; n < p->n; n += CK_CONV_PANEL) {
            const ptrdiff_t width = ck_conv_registers(p, n) * CK_LANES, columns = ck_smaller(p->n - n, width);
            float *out = ck_conv_pack_place(p, to, tap, n) + k * width;
            ptrdiff_t j = 0;
            for (; j + 16 <= columns; j += 16) ck_conv_pack_line(streamed, out + j, f16_load(from + n + j));
            if (j < columns) {
                const f16 v = f16_load_some(from + n + j, columns - j);
                ck_put(out + j, v, ck_smaller(16, width - j));
            }
        }
}

// Weights transposed: sixteen rows (eight in short registers) from end to end, and what is left of rows and columns one by one.
CK_INLINE void ck_conv_pack_columns(const int streamed, const ck_pass *p, ptrdiff_t tap, const float *from, float *to) {
    const ptrdiff_t row = p->in_channels, paneled = ck_conv_paneled(p);
    for (ptrdiff_t n = 0; n < paneled; n += CK_TURN) {
        const ptrdiff_t panel = n / CK_CONV_PANEL * CK_CONV_PANEL, width = ck_conv_registers(p, panel) * CK_LANES;
        float *out = ck_conv_pack_place(p, to, tap, n);
        ptrdiff_t k = 0;
        if (n + CK_TURN <= p->n)
            for (; k + CK_TURN <= p->k; k += CK_TURN) {
                const float *block = from + n * row + k;
                ck_turn_row rows[CK_TURN];
                for (int i = 0; i < CK_TURN; i++) rows[i] = ck_turn_load(CK_F32, block, i * row, CK_TURN);
                ck_turn(rows);
                for (int i = 0; i < CK_TURN; i++) {
                    // Sixteen rows are more streams than are noticed by themselves.
                    __builtin_prefetch(block + i * row + 64);
#if CK_TURN == 16
                    ck_conv_pack_line(streamed, out + (k + i) * width, rows[i]);
#else
                    ck_turn_store(out + (k + i) * width, rows[i]);
#endif
                }
            }
        for (; k < p->k; k++)
            for (ptrdiff_t j = 0; j < ck_smaller(CK_TURN, paneled - n); j++)
                out[k * width + j] = n + j < p->n ? from[(n + j) * row + k] : 0.0f;
    }
}

CK_INLINE void ck_conv_pack_all(const int streamed, const ck_pass *p, const float *weights, float *packed) {
    for (ptrdiff_t group = 0; group < p->groups; group++, packed += p->taps * p->k * ck_conv_paneled(p))
        for (ptrdiff_t tap = 0; tap < p->taps; tap++) {
            const float *from = weights + ck_pass_weight(p, group, tap, 0, 0);
            if (p->y.backward) ck_conv_pack_columns(streamed, p, tap, from, packed);
            else ck_conv_pack_rows(streamed, p, tap, from, packed);
        }
}
static __attribute__((noinline)) void ck_conv_pack_near(const ck_pass *p, const float *weights, float *packed) {
    ck_conv_pack_all(0, p, weights, packed);
}
static __attribute__((noinline)) void ck_conv_pack_far(const ck_pass *p, const float *weights, float *packed) {
    ck_conv_pack_all(1, p, weights, packed);
#if CK_MASKS != 0
    _mm_sfence();
#endif
}

static void ck_conv_pass_pack(const ck_pass *p, ck_dtype type, const float *weights, float *packed) {
    const ptrdiff_t bytes = ck_conv_pass_packed(p);
    // Products in bf16 read it once more at once.
    const int streamed = type == CK_F32 && bytes >= CK_CONV_STREAMED && (uintptr_t)packed % 64 == 0;
    (streamed ? ck_conv_pack_far : ck_conv_pack_near)(p, weights, packed);
    if (type == CK_BF16) ck_conv_widen_all(type, p->groups * p->taps * p->k * ck_conv_paneled(p), (ck_in){packed, CK_F32}, 0, packed);
}
