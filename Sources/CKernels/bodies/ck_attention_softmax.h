// What attention does to scores: exponentials, maxima and dropout of one query's row of a block.

// e^x to 2 units in the last place between -104 and 89 and saturated beyond; NaN stays NaN. With AVX-512 the powers of two are one
// instruction, which about halves the work of f16_exp.
CK_INLINE f16 ck_attention_exp(f16 x) {
#if CK_MASKS == 16
    // The second operand comes back where either is NaN.
    x = (f16)_mm512_max_ps((__m512)f16_set(-104.0f), (__m512)x);
    x = (f16)_mm512_min_ps((__m512)f16_set(89.0f), (__m512)x);
    const f16 n = (f16)_mm512_roundscale_ps((__m512)(x * 0x1.715476p+0f), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    f16 r = CK_MULADD(n, f16_set(-0x1.62e4p-1f), x);
    r = CK_MULADD(n, f16_set(-0x1.7f7d1cp-20f), r);
    f16 p = f16_set(0x1.6db4e4p-10f);
    p = CK_MULADD(p, r, f16_set(0x1.123be0p-7f));
    p = CK_MULADD(p, r, f16_set(0x1.55545ep-5f));
    p = CK_MULADD(p, r, f16_set(0x1.55548ep-3f));
    p = CK_MULADD(p, r, f16_set(0.5f));
    p = CK_MULADD(p, r * r, r) + 1.0f;
    return (f16)_mm512_scalef_ps((__m512)p, (__m512)n);
#else
    return f16_exp(x);
#endif
}

// The larger, or either if one is NaN: a NaN reaches its row through the sum of exponentials.
CK_INLINE f16 ck_larger(f16 a, f16 b) {
#if CK_MASKS == 16
    return (f16)_mm512_max_ps((__m512)a, (__m512)b);
#else
    return f16_choose(b > a, b, a);
#endif
}
CK_INLINE float ck_largest_lane(f16 v) {
    v = ck_larger(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    v = ck_larger(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
    v = ck_larger(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
    v = ck_larger(v, __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
    return v[0];
}

// Lanes below n.
CK_INLINE i16 ck_lanes_below(ptrdiff_t n) { return i16_lane() < (int32_t)n; }

static float ck_attention_row_top(const float *scores, ptrdiff_t seen) {
    f16 top = f16_set(-__builtin_inff());
    ptrdiff_t j = 0;
    for (; j + 16 <= seen; j += 16) top = ck_larger(top, f16_load(scores + j));
    if (j < seen) top = ck_larger(top, f16_choose(ck_lanes_below(seen - j), f16_load(scores + j), f16_set(-__builtin_inff())));
    return ck_largest_lane(top);
}

// The random words of elements first..first+count-1 of a stream, `words` having room for 64 more: where the first of them lies.
static const uint32_t *ck_attention_words(uint64_t first, ptrdiff_t count, uint64_t stream, uint64_t key, uint32_t *words) {
    const ptrdiff_t lead = (ptrdiff_t)(first & 3);
    for (ptrdiff_t i = 0; i < lead + count; i += 32) {
        u16 low, high;
        ck_philox(first / 4 + (uint64_t)i / 4, stream, key, &low, &high);
        memcpy(words + i, &low, 64);
        memcpy(words + i + 16, &high, 64);
    }
    return words + lead;
}
CK_INLINE i16 ck_attention_dropped(const uint32_t *words, ptrdiff_t j, uint32_t threshold) {
    u16 w;
    memcpy(&w, words + j, 64);
    return w < threshold;
}

// Scores become probabilities times their unknown sum, e^(score − top); zeros from `seen` to `end` (rounded up to sixteen). Returns
// the sum, taken before dropout.
static float ck_attention_row_exp(float *scores, ptrdiff_t seen, ptrdiff_t end, float top, const uint32_t *words, uint32_t threshold) {
    const f16 shift = f16_set(top);
    f16 sum = {0};
    for (ptrdiff_t j = 0; j < end; j += 16) {
        f16 p = {0};
        if (j < seen) {
            p = ck_attention_exp(f16_load(scores + j) - shift);
            if (j + 16 > seen) p = f16_choose(ck_lanes_below(seen - j), p, f16_set(0.0f));
            sum += p;
            if (words) p = f16_choose(ck_attention_dropped(words, j, threshold), f16_set(0.0f), p);
        }
        f16_store(scores + j, p);
    }
    return f16_sum(sum);
}

// One query of a block going back: scores become probabilities as they were multiplied with values, products of dy and values become
// gradients of the scores. Zeros from `seen` to `end`.
typedef struct ck_attention_query {
    float logarithm, share, kept;
    const uint32_t *words;
    uint32_t threshold;
} ck_attention_query;
static void ck_attention_row_gradient(float *scores, float *products, ptrdiff_t seen, ptrdiff_t end, const ck_attention_query *query) {
    const f16 logarithm = f16_set(query->logarithm), share = f16_set(query->share), kept = f16_set(query->kept);
    const uint32_t *const words = query->words, threshold = query->threshold;
    for (ptrdiff_t j = 0; j < end; j += 16) {
        f16 p = {0}, ds = {0};
        if (j < seen) {
            p = ck_attention_exp(f16_load(scores + j) - logarithm);
            ds = f16_load(products + j);
            if (words) {
                const f16 factor = f16_choose(ck_attention_dropped(words, j, threshold), f16_set(0.0f), kept);
                ds = p * (ds * factor - share);
                p = p * factor;
            } else {
                ds = p * (ds - share);
            }
            if (j + 16 > seen) {
                const i16 in = ck_lanes_below(seen - j);
                p = f16_choose(in, p, f16_set(0.0f));
                ds = f16_choose(in, ds, f16_set(0.0f));
            }
        }
        f16_store(scores + j, p);
        f16_store(products + j, ds);
    }
}
