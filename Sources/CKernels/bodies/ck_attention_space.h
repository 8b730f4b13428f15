// Where attention's operands lie in the workspace, and how one head's are put there.

// Rows of a register tile, at most.
#if CK_LANES == 16
#define CK_ATTENTION_TALLEST 8
#else
#define CK_ATTENTION_TALLEST 6
#endif

enum {
    // Queries and keys of a block of scores. The same at every level, so that levels which fuse give the same bits.
    CK_ATTENTION_QUERIES = 64,
    CK_ATTENTION_KEYS = 128,
    // From one key's scores to the next: their lines fall on all sets of the first-level cache.
    CK_ATTENTION_ROW = CK_ATTENTION_QUERIES + 16,
};

typedef struct ck_attention_space {
    // Width of a row of tokens: the head's size in whole registers of sixteen.
    ptrdiff_t width;
    // Of the head: rows of keys and values, and backward their gradients.
    float *keys, *values, *key_sums, *value_sums;
    // Of a block of queries: queries and dy with their elements as rows and tokens as columns; as rows of tokens (queries times
    // scale), backward only; sums of what becomes y, or the gradient of queries.
    float *query_columns, *output_columns, *queries, *outputs, *results;
    // Of one block, keys as rows: scores, and products of values with dy.
    float *scores, *products;
    // Per query of a block: the top score and the sum of powers; the logarithm of the latter and Σ dy·y.
    float *tops, *sums, *logarithms, *shares;
    // [32 keys][query]: which are kept.
    uint32_t *kept;
} ck_attention_space;

// Lays the space out from `base`; returns its bytes.
static ptrdiff_t ck_attention_plan(const ck_attention *g, void *base, ck_attention_space *space) {
    const ptrdiff_t width = ck_rounded(g->size), tokens = ck_rounded(g->length);
    uintptr_t at = ((uintptr_t)base + 63) & ~(uintptr_t)63;
#define CK_TAKE(COUNT) (at += (uintptr_t)(COUNT) * 4, (float *)(at - (uintptr_t)(COUNT) * 4))
    space->width = width;
    space->keys = CK_TAKE(tokens * width);
    space->values = CK_TAKE(tokens * width);
    space->key_sums = CK_TAKE(tokens * width);
    space->value_sums = CK_TAKE(tokens * width);
    space->query_columns = CK_TAKE(CK_ATTENTION_QUERIES * width);
    space->output_columns = CK_TAKE(CK_ATTENTION_QUERIES * width);
    space->queries = CK_TAKE(CK_ATTENTION_QUERIES * width);
    space->outputs = CK_TAKE(CK_ATTENTION_QUERIES * width);
    space->results = CK_TAKE(CK_ATTENTION_QUERIES * width);
    space->scores = CK_TAKE(CK_ATTENTION_KEYS * CK_ATTENTION_ROW);
    space->products = CK_TAKE(CK_ATTENTION_KEYS * CK_ATTENTION_ROW);
    space->tops = CK_TAKE(CK_ATTENTION_QUERIES);
    space->sums = CK_TAKE(CK_ATTENTION_QUERIES);
    space->logarithms = CK_TAKE(CK_ATTENTION_QUERIES);
    space->shares = CK_TAKE(CK_ATTENTION_QUERIES);
    space->kept = (uint32_t *)CK_TAKE(CK_ATTENTION_KEYS / 32 * CK_ATTENTION_QUERIES);
#undef CK_TAKE
    return (ptrdiff_t)(at - (uintptr_t)base) + 64;
}

// Sixteen elements or fewer, times a factor. `zero` keeps what 0 times each was: not 0 if one was infinite or NaN.
CK_INLINE f16 ck_attention_take(ck_in x, const ptrdiff_t left, ptrdiff_t at, f16 factor, float *to, f16 zero) {
    const f16 v = ck_read16(x, at, left);
    f16_store(to, v * factor);
    return CK_MULADD(v, f16_set(0.0f), zero);
}
// Rows of a head times a factor, zeros behind them up to whole sixteens of rows. Whether any element was infinite or NaN.
static int ck_attention_pack_rows(ck_in x, ptrdiff_t at, ptrdiff_t stride, ptrdiff_t count, ptrdiff_t size, float factor, float *to) {
    const ptrdiff_t width = ck_rounded(size), whole = size / 16 * 16;
    const f16 factors = f16_set(factor);
    f16 zeros[2] = {0};
    if (x.type == CK_F32 && size % 32 == 0) {
        const float *from = (const float *)x.data + at;
        for (ptrdiff_t t = 0; t < count; t++, from += stride, to += width)
            for (ptrdiff_t s = 0; s < size; s += 32)
                for (int i = 0; i < 2; i++) {
                    const f16 v = f16_load(from + s + 16 * i);
                    f16_store(to + s + 16 * i, v * factors);
                    zeros[i] = CK_MULADD(v, f16_set(0.0f), zeros[i]);
                }
    } else {
        for (ptrdiff_t t = 0; t < count; t++, at += stride, to += width) {
            for (ptrdiff_t s = 0; s < whole; s += 16) zeros[0] = ck_attention_take(x, 16, at + s, factors, to + s, zeros[0]);
            if (whole < size) zeros[1] = ck_attention_take(x, size - whole, at + whole, factors, to + whole, zeros[1]);
        }
    }
    for (ptrdiff_t t = count; t < ck_rounded(count); t++, to += width)
        for (ptrdiff_t s = 0; s < width; s += 16) f16_store(to + s, f16_set(0.0f));
    return __builtin_reduce_or((zeros[0] != zeros[0]) | (zeros[1] != zeros[1])) != 0;
}

// Sixteen rows of sixteen turned round, times a factor.
CK_INLINE void ck_attention_turn_square(const float *from, ptrdiff_t row, f16 factor, float *to, ptrdiff_t to_row) {
#if CK_MASKS == 16
    // Loads put rows that lie four apart side by side, by quarters, on ports that shuffles do not need.
#pragma clang loop unroll(full)
    for (int c = 0; c < 16; c += 4) {
        __m512 r[4];
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; i++) {
            const float *const at = from + i * row + c;
            r[i] = _mm512_broadcast_f32x4(_mm_loadu_ps(at));
            r[i] = _mm512_mask_broadcast_f32x4(r[i], 0x00F0, _mm_loadu_ps(at + 4 * row));
            r[i] = _mm512_mask_broadcast_f32x4(r[i], 0x0F00, _mm_loadu_ps(at + 8 * row));
            r[i] = _mm512_mask_broadcast_f32x4(r[i], 0xF000, _mm_loadu_ps(at + 12 * row));
        }
        const __m512d low = (__m512d)_mm512_unpacklo_ps(r[0], r[1]), high = (__m512d)_mm512_unpackhi_ps(r[0], r[1]);
        const __m512d low_2 = (__m512d)_mm512_unpacklo_ps(r[2], r[3]), high_2 = (__m512d)_mm512_unpackhi_ps(r[2], r[3]);
        f16_store(to + c * to_row, (f16)_mm512_unpacklo_pd(low, low_2) * factor);
        f16_store(to + (c + 1) * to_row, (f16)_mm512_unpackhi_pd(low, low_2) * factor);
        f16_store(to + (c + 2) * to_row, (f16)_mm512_unpacklo_pd(high, high_2) * factor);
        f16_store(to + (c + 3) * to_row, (f16)_mm512_unpackhi_pd(high, high_2) * factor);
    }
#else
    f16 r[16];
    for (int i = 0; i < 16; i++) r[i] = f16_load(from + i * row) * factor;
    f16_transpose(r);
    for (int i = 0; i < 16; i++) f16_store(to + i * to_row, r[i]);
#endif
}

// Packed rows of a block turned round, times a factor: element s of token t at to[s·queries + t].
static void ck_attention_turn(const float *from, ptrdiff_t count, ptrdiff_t width, float factor, float *to) {
    for (ptrdiff_t t = 0; t < count; t += 16)
        for (ptrdiff_t s = 0; s < width; s += 16)
            ck_attention_turn_square(from + t * width + s, width, f16_set(factor), to + s * CK_ATTENTION_QUERIES + t, CK_ATTENTION_QUERIES);
}

static void ck_attention_unpack_rows(const float *from, ptrdiff_t count, ptrdiff_t size, float factor, ck_out y, ptrdiff_t at,
                                     ptrdiff_t stride) {
    const ptrdiff_t width = ck_rounded(size);
    for (ptrdiff_t t = 0; t < count; t++, at += stride, from += width)
        for (ptrdiff_t s = 0; s < size; s += 16)
            ck_write16(y, at + s, f16_load(from + s) * factor, ck_smaller(16, size - s));
}
