// Where attention's operands lie in the workspace, and how one head's are put there.

enum {
    // Queries and keys of a block of scores: multiples of the tile's rows and columns at every level.
#if CK_LANES == 16
    CK_ATTENTION_QUERIES = 64,
    CK_ATTENTION_KEYS = 128,
#else
    CK_ATTENTION_QUERIES = 48,
    CK_ATTENTION_KEYS = 96,
#endif
    // Between rows of a block of scores: room for zeros behind the last key, and not a multiple of a page.
    CK_ATTENTION_ROW = CK_ATTENTION_KEYS + 16,
};

typedef struct ck_attention_space {
    // Width of a row: the head's size in whole registers of sixteen.
    ptrdiff_t width;
    // Keys and values with their elements as rows and tokens as columns, in panels (forward: keys only).
    float *keys_across, *values_across;
    // Rows of tokens: values forward, keys backward; queries times scale; dy; the gradient of queries.
    float *rows, *queries, *outputs, *query_gradients;
    // One block of scores, and of products of dy with values.
    float *scores, *products;
    // The results of a block: forward those of its queries, backward the gradients of its keys and values.
    float *results, *value_results;
    // Per query: the top score of a block's queries, their sums of exponentials and corrections, Σ dy·y of all queries.
    float *tops, *sums, *corrections, *shares;
    uint32_t *words;
} ck_attention_space;

// Lays the space out from `base`; returns its bytes.
static ptrdiff_t ck_attention_plan(const ck_attention *g, void *base, ck_attention_space *space) {
    const ptrdiff_t width = ck_rounded(g->size), tokens = (g->length + 95) / 96 * 96;
    uintptr_t at = ((uintptr_t)base + 63) & ~(uintptr_t)63;
#define CK_TAKE(COUNT) (at += (uintptr_t)(COUNT) * 4, (float *)(at - (uintptr_t)(COUNT) * 4))
    space->width = width;
    space->keys_across = CK_TAKE(tokens * width);
    space->values_across = CK_TAKE(tokens * width);
    space->rows = CK_TAKE(tokens * width);
    space->queries = CK_TAKE(tokens * width);
    space->outputs = CK_TAKE(tokens * width);
    space->query_gradients = CK_TAKE(tokens * width);
    space->scores = CK_TAKE(CK_ATTENTION_QUERIES * CK_ATTENTION_ROW);
    space->products = CK_TAKE(CK_ATTENTION_QUERIES * CK_ATTENTION_ROW);
    space->results = CK_TAKE(CK_ATTENTION_KEYS * width);
    space->value_results = CK_TAKE(CK_ATTENTION_KEYS * width);
    space->tops = CK_TAKE(CK_ATTENTION_QUERIES);
    space->sums = CK_TAKE(CK_ATTENTION_QUERIES);
    space->corrections = CK_TAKE(CK_ATTENTION_QUERIES);
    space->shares = CK_TAKE(tokens);
    space->words = (uint32_t *)CK_TAKE(CK_ATTENTION_KEYS + 64);
#undef CK_TAKE
    return (ptrdiff_t)(at - (uintptr_t)base) + 64;
}

// `count` rows of a head, stride elements apart, times a factor. Whether any element was infinite or NaN.
static int ck_attention_pack_rows(ck_in x, ptrdiff_t at, ptrdiff_t stride, ptrdiff_t count, ptrdiff_t size, float factor, float *to) {
    const ptrdiff_t width = ck_rounded(size);
    i16 unbounded = {0};
    for (ptrdiff_t t = 0; t < count; t++, at += stride, to += width)
        for (ptrdiff_t s = 0; s < size; s += 16) {
            const f16 v = ck_stored(x, at + s, ck_smaller(16, size - s));
            unbounded |= ck_unbounded(v);
            f16_store(to + s, v * factor);
        }
    return ck_any_lane(unbounded);
}

// The same turned round: element s of token t at to[(t / panel · size + s)·panel + t mod panel].
static void ck_attention_pack_across(ck_in x, ptrdiff_t at, ptrdiff_t stride, ptrdiff_t count, ptrdiff_t size, float *to) {
    enum { PANEL = CK_ATTENTION_PANEL, PART = PANEL < 16 ? PANEL : 16 };
    for (ptrdiff_t t = 0; t < count; t += 16)
        for (ptrdiff_t s = 0; s < size; s += 16) {
            const ptrdiff_t left = ck_smaller(16, size - s), tokens = ck_smaller(16, count - t);
            f16 r[16];
            for (ptrdiff_t i = 0; i < 16; i++) r[i] = i < tokens ? ck_stored(x, at + (t + i) * stride + s, left) : f16_set(0.0f);
            f16_transpose(r);
            for (ptrdiff_t i = 0; i < left; i++)
                for (ptrdiff_t part = 0; part < 16; part += PART)
                    memcpy(to + ((t + part) / PANEL * size + s + i) * PANEL + (t + part) % PANEL, (const float *)&r[i] + part, 4 * PART);
        }
}

static void ck_attention_unpack_rows(const float *from, ptrdiff_t count, ptrdiff_t size, float factor, ck_out y, ptrdiff_t at,
                                     ptrdiff_t stride) {
    const ptrdiff_t width = ck_rounded(size);
    for (ptrdiff_t t = 0; t < count; t++, at += stride, from += width)
        for (ptrdiff_t s = 0; s < size; s += 16)
            ck_put_stored(y, at + s, f16_load(from + s) * factor, ck_smaller(16, size - s));
}
