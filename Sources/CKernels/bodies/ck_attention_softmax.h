// What attention does to scores. They lie with keys as rows and queries in lanes, so that maxima, sums and statistics are vectors.

// 2^t to 1.7·10⁻⁷ relative for t up to 200; -inf gives 0, NaN stays NaN.
CK_INLINE f16 ck_attention_power(f16 t) {
    // Adding 1.5·2²³ rounds to the nearest integer.
    const f16 magic = f16_set(12582912.0f);
    t = f16_at_least(t, -160.0f);
    const f16 whole = (t + magic) - magic, rest = t - whole;
    f16 p = f16_set(0x1.5bba14p-10f);
    p = CK_MULADD(p, rest, f16_set(0x1.3cea88p-7f));
    p = CK_MULADD(p, rest, f16_set(0x1.c6b752p-5f));
    p = CK_MULADD(p, rest, f16_set(0x1.ebf9bcp-3f));
    p = CK_MULADD(p, rest, f16_set(0x1.62e42ap-1f));
    p = CK_MULADD(p, rest, f16_set(1.0f));
    return f16_scaled(p, whole);
}

// The larger, or either if one is NaN: a NaN reaches its query through the sum of exponentials.
CK_INLINE f16 ck_larger(f16 a, f16 b) {
#if CK_MASKS == 16
    return (f16)_mm512_max_ps((__m512)a, (__m512)b);
#else
    return f16_choose(b > a, b, a);
#endif
}

// Sixteen queries with the keys of a block: lane l of `row` sees the first `whole` + l keys, and never more than `keys`.
typedef struct ck_attention_lanes {
    float *scores, *products;
    ptrdiff_t whole, keys;
    // [32 keys][query]: bits of the keys that are kept; null if all are.
    const uint32_t *kept;
} ck_attention_lanes;

// Keys that all lanes see, that the last one sees; rows of zeros behind them that a product may read.
CK_INLINE ptrdiff_t ck_attention_whole(const ck_attention_lanes *l) { return ck_smaller(l->whole, l->keys); }
CK_INLINE ptrdiff_t ck_attention_seen(const ck_attention_lanes *l) { return ck_smaller(l->whole + 15, l->keys); }
CK_INLINE ptrdiff_t ck_attention_padded(const ck_attention_lanes *l) { return ck_smaller(l->whole + 15 + CK_ATTENTION_TALLEST, l->keys); }
CK_INLINE i16 ck_attention_sees(const ck_attention_lanes *l, ptrdiff_t key) { return i16_lane() > (int32_t)(key - l->whole); }
CK_INLINE i16 ck_attention_keeps(const ck_attention_lanes *l, ptrdiff_t key) {
    u16 bits;
    memcpy(&bits, l->kept + (key >> 5) * CK_ATTENTION_QUERIES, 64);
    return (bits & (uint32_t)1 << (key & 31)) != 0;
}

static f16 ck_attention_top(const ck_attention_lanes *l, f16 top) {
    const ptrdiff_t whole = ck_attention_whole(l), seen = ck_attention_seen(l);
    const f16 least = f16_set(-__builtin_inff());
    f16 tops[4] = {top, least, least, least};
    ptrdiff_t k = 0;
    for (; k + 4 <= whole; k += 4)
        for (int i = 0; i < 4; i++) tops[i] = ck_larger(tops[i], f16_load(l->scores + (k + i) * CK_ATTENTION_ROW));
    for (; k < whole; k++) tops[0] = ck_larger(tops[0], f16_load(l->scores + k * CK_ATTENTION_ROW));
    for (; k < seen; k++) {
        const f16 score = f16_load(l->scores + k * CK_ATTENTION_ROW);
        tops[1] = ck_larger(tops[1], f16_choose(ck_attention_sees(l, k), score, least));
    }
    return ck_larger(ck_larger(tops[0], tops[1]), ck_larger(tops[2], tops[3]));
}

// Scores become powers of two relative to `shift`; adds them up, before dropout.
CK_INLINE f16 ck_attention_powers_row(const int masked, const int dropping, const ck_attention_lanes *l, ptrdiff_t k, f16 shift, f16 sum) {
    float *const at = l->scores + k * CK_ATTENTION_ROW;
    f16 p = ck_attention_power(f16_load(at) - shift);
    if (masked) p = f16_choose(ck_attention_sees(l, k), p, f16_set(0.0f));
    f16_store(at, dropping ? f16_choose(ck_attention_keeps(l, k), p, f16_set(0.0f)) : p);
    return sum + p;
}
static f16 ck_attention_powers(const ck_attention_lanes *l, f16 shift) {
    const ptrdiff_t whole = ck_attention_whole(l), seen = ck_attention_seen(l), padded = ck_attention_padded(l);
    f16 sum = {0};
    ptrdiff_t k = 0;
    if (l->kept) {
        for (; k < seen; k++) sum = ck_attention_powers_row(1, 1, l, k, shift, sum);
    } else {
        for (; k < whole; k++) sum = ck_attention_powers_row(0, 0, l, k, shift, sum);
        for (; k < seen; k++) sum = ck_attention_powers_row(1, 0, l, k, shift, sum);
    }
    for (; k < padded; k++) f16_store(l->scores + k * CK_ATTENTION_ROW, f16_set(0.0f));
    return sum;
}

// Backward: scores become probabilities as they met values, products of values with dy the gradients of scores. `logarithm` is of
// the sum, as a power of two; `share` is Σ dy·y.
CK_INLINE void ck_attention_gradient_row(const int masked, const int dropping, const ck_attention_lanes *l, ptrdiff_t k, f16 logarithm,
                                         f16 share, f16 factor) {
    const f16 none = f16_set(0.0f);
    float *const score = l->scores + k * CK_ATTENTION_ROW, *const product = l->products + k * CK_ATTENTION_ROW;
    f16 p = ck_attention_power(f16_load(score) - logarithm), d = f16_load(product);
    if (dropping) {
        factor = f16_choose(ck_attention_keeps(l, k), factor, none);
        d = p * (d * factor - share);
        p = p * factor;
    } else {
        d = p * (d - share);
    }
    if (masked) {
        const i16 sees = ck_attention_sees(l, k);
        p = f16_choose(sees, p, none);
        d = f16_choose(sees, d, none);
    }
    f16_store(score, p);
    f16_store(product, d);
}
static void ck_attention_gradients(const ck_attention_lanes *l, f16 logarithm, f16 share, float kept) {
    const ptrdiff_t whole = ck_attention_whole(l), seen = ck_attention_seen(l), padded = ck_attention_padded(l);
    const f16 factor = f16_set(kept), none = f16_set(0.0f);
    ptrdiff_t k = 0;
    if (l->kept) {
        for (; k < seen; k++) ck_attention_gradient_row(1, 1, l, k, logarithm, share, factor);
    } else {
        for (; k < whole; k++) ck_attention_gradient_row(0, 0, l, k, logarithm, share, factor);
        for (; k < seen; k++) ck_attention_gradient_row(1, 0, l, k, logarithm, share, factor);
    }
    for (; k < padded; k++) {
        f16_store(l->scores + k * CK_ATTENTION_ROW, none);
        f16_store(l->products + k * CK_ATTENTION_ROW, none);
    }
}

// Which keys of a block are kept: bit k mod 32 of kept[k / 32][query], from the words of elements first..first+count-1 of a stream.
static void ck_attention_kept(const ck_attention *g, uint64_t row_key, uint64_t first, ptrdiff_t count, uint32_t *kept) {
    const u16 bit = ((u16){0} + 1) << (u16)i16_lane();
    const ptrdiff_t lead = (ptrdiff_t)(first & 3);
    uint32_t words[CK_ATTENTION_KEYS + 64];
    for (ptrdiff_t i = 0; i < lead + count; i += 32) {
        u16 low, high;
        ck_philox(first / 4 + (uint64_t)i / 4, g->layer_key, row_key, &low, &high);
        memcpy(words + i, &low, 64);
        memcpy(words + i + 16, &high, 64);
    }
    for (ptrdiff_t k = 0; k < count; k += 32) {
        uint32_t bits = 0;
        for (ptrdiff_t half = 0; half < 2 && k + 16 * half < count; half++) {
            u16 w;
            memcpy(&w, words + lead + k + 16 * half, 64);
            bits |= __builtin_reduce_or((u16)(w >= g->threshold) & bit) << 16 * half;
        }
        kept[(k >> 5) * CK_ATTENTION_QUERIES] = bits;
    }
}
