// The 32 x 32 patches of attention's gradient on tiles: scores become probabilities, products of values with dy gradients of the scores.
// Scores lie with keys as rows, so that statistics are vectors over lanes, and probabilities and gradients of scores are factors of the
// gradients of values and keys as they come. Scores exist for one patch at a time, twice: the tiles work on the next ones while the
// vectors work on these.

enum {
    // Keys and queries of a block, in pairs of tiles: what the scores become stays in the second-level cache, and gradients of values
    // and keys are visited once for many queries.
    CK_TILE_KEY_GROUPS = 4,
    CK_TILE_QUERY_GROUPS = 8,
    // From one tile of 16 keys of probabilities to the next.
    CK_TILE_ROW = CK_TILE_QUERY_GROUPS * CK_TILE_BYTES,
};

typedef struct ck_tile_backward {
    ck_tile_head head;
    char *keys, *keys_turned, *values, *query_columns, *query_pairs, *output_columns, *output_pairs;
    // [tiles of elements][tiles of queries]: the gradient of queries, turned. The queries of a pair of tiles are interleaved by fours.
    char *query_sums;
    // Twice [2 tiles of keys][2 tiles of queries]: scores and, behind them, products of values with dy.
    char *scores;
    // [tiles of keys][32 queries]: probabilities and gradients of the scores; the latter also as factors on the right, [32 keys][tiles
    // of queries].
    char *chances, *gradients, *gradients_right;
    // [tiles of keys][tiles of elements].
    char *key_sums, *value_sums;
    // Per query, padded: the logarithm of its sum in powers of two, Σ dy·y.
    float *logarithms, *shares;
    // [32 keys][query]: which are kept.
    uint32_t kept[CK_TILE_KEY_GROUPS][32 * CK_TILE_QUERY_GROUPS];
    ck_attention_ahead ahead;
} ck_tile_backward;

static ptrdiff_t ck_tile_backward_plan(const ck_attention *g, void *base, ck_tile_backward *b) {
    b->head = ck_tile_head_of(g);
    char *at = (char *)(((uintptr_t)base + 63) & ~(uintptr_t)63);
    char **const operands[] = {&b->keys,        &b->keys_turned,    &b->values,      &b->query_columns,
                               &b->query_pairs, &b->output_columns, &b->output_pairs};
    for (int i = 0; i < 7; i++, at += b->head.bytes) *operands[i] = at;
    b->query_sums = at;
    b->scores = b->query_sums + 2 * b->head.bytes;
    b->chances = b->scores + 16 * CK_TILE_BYTES;
    b->gradients = b->chances + 2 * CK_TILE_KEY_GROUPS * CK_TILE_ROW;
    b->gradients_right = b->gradients + 2 * CK_TILE_KEY_GROUPS * CK_TILE_ROW;
    b->key_sums = b->gradients_right + 2 * CK_TILE_KEY_GROUPS * CK_TILE_ROW;
    b->value_sums = b->key_sums + 4 * CK_TILE_KEY_GROUPS * b->head.steps * CK_TILE_BYTES;
    b->logarithms = (float *)(b->value_sums + 4 * CK_TILE_KEY_GROUPS * b->head.steps * CK_TILE_BYTES);
    b->shares = b->logarithms + 16 * b->head.tiles;
    return (char *)(b->shares + 16 * b->head.tiles) - (char *)base + 64;
}

// Where 32 keys and 32 queries are: the first of each, the bits of the kept, and rows of tiles.
typedef struct ck_tile_patch {
    ptrdiff_t key, query;
    const uint32_t *kept;
    const char *scores;
    char *chances, *gradients, *right;
} ck_tile_patch;

// Keys n and n + 1 of tile i. `masked`: some queries do not see them.
CK_INLINE void ck_tile_key_pair(const int masked, const int dropping, const ck_attention *g, const ck_tile_backward *b,
                                const ck_tile_patch *patch, ptrdiff_t i, ptrdiff_t n) {
    const __m512 units = _mm512_set1_ps(g->scale * 0x1.715476p+0f), factor = _mm512_set1_ps(g->kept);
    const char *const scores = patch->scores + (2 * i * CK_TILE_BYTES + 64 * n), *const products = scores + 4 * CK_TILE_BYTES;
    __m512i pairs[2];
#pragma clang loop unroll(full)
    for (int row = 0; row < 2; row++) {
        const ptrdiff_t key = patch->key + 16 * i + n + row;
        __m512 p[2], d[2];
#pragma clang loop unroll(full)
        for (int half = 0; half < 2; half++) {
            const ptrdiff_t query = patch->query + 16 * half;
            __mmask16 seen = 0xFFFF;
            if (masked) seen = key >= g->length ? 0 : g->causal ? (__mmask16)~ck_mask_of_16(key - query) : 0xFFFF;
            const __m512 t = _mm512_fmsub_ps(_mm512_load_ps(scores + half * CK_TILE_BYTES + 64 * row), units,
                                             _mm512_load_ps(b->logarithms + query));
            const __m512 share = _mm512_load_ps(b->shares + query);
            p[half] = ck_tile_exp2(seen, t);
            __m512 product = _mm512_load_ps(products + half * CK_TILE_BYTES + 64 * row);
            if (dropping) {
                const __m512i bits = _mm512_loadu_si512(patch->kept + 16 * half);
                const __mmask16 kept = _mm512_test_epi32_mask(bits, _mm512_set1_epi32((int)(1u << (key & 31))));
                product = _mm512_maskz_mul_ps(kept, product, factor);
                d[half] = _mm512_maskz_mul_ps(seen, p[half], _mm512_sub_ps(product, share));
                p[half] = _mm512_maskz_mul_ps(kept, p[half], factor);
            } else {
                d[half] = _mm512_sub_ps(product, share);
                d[half] = masked ? _mm512_maskz_mul_ps(seen, p[half], d[half]) : _mm512_mul_ps(p[half], d[half]);
            }
        }
        pairs[row] = ck_pair_of_bf16(d[0], d[1]);
        _mm512_store_si512(patch->chances + i * CK_TILE_ROW + 64 * (n + row), ck_pair_of_bf16(p[0], p[1]));
        _mm512_store_si512(patch->gradients + i * CK_TILE_ROW + 64 * (n + row), pairs[row]);
    }
    char *const right = patch->right + (8 * i + n / 2) * 64;
    _mm512_store_si512(right, _mm512_unpacklo_epi16(pairs[0], pairs[1]));
    _mm512_store_si512(right + CK_TILE_BYTES, _mm512_unpackhi_epi16(pairs[0], pairs[1]));
}

// Scores of 32 keys and 32 queries, and products of their values with dy: tile instructions that run in the shadow of the vector
// instructions between which they are issued, at places that are the same for each patch. No steps: nothing to compute.
typedef struct ck_tile_scores {
    const char *a[2], *b[2];
    char *c;
    ptrdiff_t across, steps;
} ck_tile_scores;

static ck_tile_scores ck_tile_both_scores(const ck_tile_backward *b, ptrdiff_t key, ptrdiff_t query, char *scores) {
    const ptrdiff_t a = key / 16 * CK_TILE_BYTES, c = query / 16 * CK_TILE_BYTES;
    return (ck_tile_scores){.a = {b->keys + a, b->values + a}, .b = {b->query_columns + c, b->output_columns + c}, .c = scores,
                            .across = b->head.tiles * CK_TILE_BYTES, .steps = b->head.steps};
}

// Place `place` of a product's: two for each step, two to store.
CK_INLINE void ck_tile_place(const ck_tile_scores *next, ptrdiff_t product, ptrdiff_t place) {
    if (place < 2 * next->steps) {
        const ptrdiff_t at = (place >> 1) * next->across;
        if (place == 0) ck_tile_zero_quad();
        if (place & 1) ck_tile_lower(0, next->a[product] + at + CK_TILE_BYTES);
        else ck_tile_upper(0, next->a[product] + at, next->b[product] + at, CK_TILE_BYTES);
    } else if (next->steps > 0 && place < 2 * next->steps + 2) {
        const int lower = place & 1;
        ck_tile_store_two(lower, next->c + (4 * product + 2 * lower) * CK_TILE_BYTES);
    }
}
static void ck_tile_scores_at_once(const ck_tile_scores *next) {
    for (ptrdiff_t product = 0; product < 2; product++)
        for (ptrdiff_t place = 0; place < 2 * next->steps + 2; place++) ck_tile_place(next, product, place);
}

// Scores become probabilities, products gradients of scores; meanwhile those of the next patch are computed.
CK_INLINE void ck_tile_softmax_gradient_body(const int masked, const int dropping, const ck_attention *g, ck_tile_backward *b,
                                             const ck_tile_patch *patch, const ck_tile_scores *next) {
    for (ptrdiff_t i = 0; i < 2; i++) {
#pragma clang loop unroll(full)
        for (int place = 0; place < 8; place++) {
            ck_attention_fetch(&b->ahead);
            ck_tile_place(next, i, place);
            ck_tile_key_pair(masked, dropping, g, b, patch, i, 2 * place);
        }
        for (ptrdiff_t place = 8; place < 2 * next->steps + 2; place++) ck_tile_place(next, i, place);
    }
}
static void ck_tile_softmax_gradient(const ck_attention *g, ck_tile_backward *b, const ck_tile_patch *patch, const ck_tile_scores *next) {
    const int masked = patch->key + 32 > g->length || (g->causal && patch->key + 31 > patch->query);
    if (g->threshold) ck_tile_softmax_gradient_body(1, 1, g, b, patch, next);
    else if (masked) ck_tile_softmax_gradient_body(1, 0, g, b, patch, next);
    else ck_tile_softmax_gradient_body(0, 0, g, b, patch, next);
}
