// Backward on tiles: blocks of keys, over blocks of queries that see them. Scores lie with keys as rows, so that statistics are vectors
// over lanes, and probabilities and gradients of scores are factors of the gradients of values and keys as they come. Scores exist for
// 32 keys and 32 queries at a time, twice: the tiles work on the next ones while the vectors work on these.

enum {
    // Keys and queries of a block, in pairs of tiles: what the scores become stays in the second-level cache, and gradients of values
    // and keys are visited once for many queries.
    CK_TILE_KEY_GROUPS = 2,
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

// Scores of 32 keys and 32 queries, and products of their values with dy, a few tile instructions at a time: they run in the shadow of
// the vector instructions between which they are issued.
typedef struct ck_tile_stream {
    const char *a[2], *b[2];
    char *c;
    ptrdiff_t across, steps, step;
    int product, unit;
} ck_tile_stream;

static ck_tile_stream ck_tile_both_scores(const ck_tile_backward *b, ptrdiff_t key, ptrdiff_t query, char *scores) {
    const ptrdiff_t a = key / 16 * CK_TILE_BYTES, c = query / 16 * CK_TILE_BYTES;
    return (ck_tile_stream){.a = {b->keys + a, b->values + a}, .b = {b->query_columns + c, b->output_columns + c}, .c = scores,
                            .across = b->head.tiles * CK_TILE_BYTES, .steps = b->head.steps};
}

CK_INLINE void ck_tile_advance(ck_tile_stream *stream) {
    if (stream->product > 1) return;
    const char *const a = stream->a[stream->product] + stream->step * stream->across;
    const char *const b = stream->b[stream->product] + stream->step * stream->across;
    char *const c = stream->c + stream->product * 4 * CK_TILE_BYTES;
    switch (stream->unit) {
    case 0:
        if (stream->step == 0) ck_tile_zero_quad();
        ck_tile_upper(0, a, b, CK_TILE_BYTES);
        stream->unit = 1;
        break;
    case 1:
        ck_tile_lower(0, a + CK_TILE_BYTES);
        stream->unit = ++stream->step < stream->steps ? 0 : 2;
        break;
    case 2:
        ck_tile_store_two(0, c);
        stream->unit = 3;
        break;
    default:
        ck_tile_store_two(1, c + 2 * CK_TILE_BYTES);
        stream->unit = 0;
        stream->step = 0;
        stream->product++;
    }
}
CK_INLINE void ck_tile_finish(ck_tile_stream *stream) {
    while (stream->product < 2) ck_tile_advance(stream);
}

// Scores become probabilities, products gradients of scores; meanwhile those of the next patch are computed.
static void ck_tile_softmax_gradient(const ck_attention *g, ck_tile_backward *b, const ck_tile_patch *patch, ck_tile_stream *stream) {
    const int masked = patch->key + 32 > g->length || (g->causal && patch->key + 31 > patch->query);
    for (ptrdiff_t i = 0; i < 2; i++)
        for (ptrdiff_t n = 0; n < 16; n += 2) {
            ck_attention_fetch(&b->ahead);
            ck_tile_advance(stream);
            if (g->threshold) ck_tile_key_pair(1, 1, g, b, patch, i, n);
            else if (masked) ck_tile_key_pair(1, 0, g, b, patch, i, n);
            else ck_tile_key_pair(0, 0, g, b, patch, i, n);
        }
    ck_tile_finish(stream);
}

// One block of queries with one block of keys; `begin`: the sums of the keys start here.
static void ck_tile_block(const ck_attention *g, ck_tile_backward *b, ptrdiff_t k0, ptrdiff_t q0, int begin, const ck_tile_random *random,
                          uint64_t head_first) {
    const ptrdiff_t tiles = b->head.tiles, steps = b->head.steps, across = tiles * CK_TILE_BYTES;
    const ptrdiff_t key_groups = ck_smaller(CK_TILE_KEY_GROUPS, (tiles - k0 / 16) / 2);
    const ptrdiff_t groups = ck_smaller(CK_TILE_QUERY_GROUPS, (tiles - q0 / 16) / 2);
    if (random)
        for (ptrdiff_t q = 0; q < 32 * groups && q0 + q < g->length; q++)
            ck_tile_kept_bits(random, head_first + (uint64_t)((q0 + q) * g->length + k0), 32 * key_groups, &b->kept[0][q],
                              32 * CK_TILE_QUERY_GROUPS);
    // The first group of queries that sees each group of keys.
    ptrdiff_t first[CK_TILE_KEY_GROUPS];
    for (ptrdiff_t k = 0; k < key_groups; k++) first[k] = g->causal && k0 + 32 * k > q0 ? (k0 + 32 * k - q0) / 32 : 0;
    char *now = b->scores, *next = b->scores + 8 * CK_TILE_BYTES;
    ck_tile_stream stream = ck_tile_both_scores(b, k0, q0 + 32 * first[0], now);
    ck_tile_finish(&stream);
    for (ptrdiff_t k = 0; k < key_groups; k++)
        for (ptrdiff_t q = first[k]; q < groups; q++) {
            if (q + 1 < groups) stream = ck_tile_both_scores(b, k0 + 32 * k, q0 + 32 * (q + 1), next);
            else if (k + 1 < key_groups) stream = ck_tile_both_scores(b, k0 + 32 * (k + 1), q0 + 32 * first[k + 1], next);
            const ck_tile_patch patch = {k0 + 32 * k, q0 + 32 * q, &b->kept[k][32 * q], now,
                                         b->chances + 2 * k * CK_TILE_ROW + q * CK_TILE_BYTES,
                                         b->gradients + 2 * k * CK_TILE_ROW + q * CK_TILE_BYTES,
                                         b->gradients_right + 2 * k * CK_TILE_ROW + 2 * q * CK_TILE_BYTES};
            ck_tile_softmax_gradient(g, b, &patch, &stream);
            char *const done = now;
            now = next;
            next = done;
        }
    for (ptrdiff_t k = 0; k < key_groups; k++)
        for (ptrdiff_t p = 0; p < steps; p++) {
            const ptrdiff_t pairs = ((q0 / 32 + first[k]) * steps + p) * 2 * CK_TILE_BYTES;
            const ptrdiff_t rows = 2 * k * CK_TILE_ROW + first[k] * CK_TILE_BYTES, sums = (4 * k * steps + 2 * p) * CK_TILE_BYTES;
            ck_tile_quad quad = {.a = b->chances + rows, .a_step = CK_TILE_BYTES, .a_next = CK_TILE_ROW, .b = b->output_pairs + pairs,
                                 .b_step = 2 * steps * CK_TILE_BYTES, .b_next = CK_TILE_BYTES, .c = b->value_sums + sums,
                                 .c_next = 2 * steps * CK_TILE_BYTES, .steps = groups - first[k], .load = !begin};
            ck_tile_quad_product(0, &quad);
            quad.a = b->gradients + rows;
            quad.b = b->query_pairs + pairs;
            quad.c = b->key_sums + sums;
            ck_tile_quad_product(0, &quad);
        }
    for (ptrdiff_t q = 0; q < groups; q++) {
        // The groups of keys that these queries see.
        const ptrdiff_t seen = g->causal ? ck_smaller(key_groups, (q0 + 32 * q - k0) / 32 + 1) : key_groups;
        for (ptrdiff_t p = 0; p < steps; p++) {
            const ck_tile_quad quad = {
                .a = b->keys_turned + (p * tiles + k0 / 32) * CK_TILE_BYTES, .a_step = CK_TILE_BYTES, .a_next = across / 2,
                .b = b->gradients_right + 2 * q * CK_TILE_BYTES, .b_step = 2 * CK_TILE_ROW, .b_next = CK_TILE_BYTES,
                .c = b->query_sums + (2 * p * tiles + q0 / 16 + 2 * q) * CK_TILE_BYTES, .c_next = across, .steps = seen, .load = k0 > 0};
            ck_tile_quad_product(1, &quad);
        }
    }
}

// Statistics in powers of two and Σ dy·y; padding sees nothing.
static void ck_tile_shares(const ck_attention *g, const uint16_t *y, const uint16_t *dy, const float *statistics, ck_tile_backward *b) {
    const ptrdiff_t width = g->heads * g->size;
    for (ptrdiff_t q = 0; q < 16 * b->head.tiles; q++) {
        b->logarithms[q] = __builtin_inff();
        b->shares[q] = 0;
        if (q >= g->length) continue;
        __m512 sum = _mm512_setzero_ps();
        for (ptrdiff_t s = 0; s < g->size; s += 32)
            sum = _mm512_dpbf16_ps(sum, (__m512bh)ck_load_some_of_32((const char *)(y + q * width + s), g->size - s),
                                   (__m512bh)ck_load_some_of_32((const char *)(dy + q * width + s), g->size - s));
        b->shares[q] = _mm512_reduce_add_ps(sum);
        b->logarithms[q] = statistics[q] * 0x1.715476p+0f;
    }
}

// Whether row r could be computed here, as for forward.
static int ck_tile_backward_row(const ck_attention *g, ptrdiff_t r, const uint16_t *qkv, const uint16_t *y, const float *statistics,
                                const uint16_t *dy, uint16_t *dqkv, ck_tile_backward *b) {
    const ptrdiff_t size = g->size, width = g->heads * size, stride = 3 * width;
    ck_tile_random random;
    if (g->threshold) ck_tile_seed(g, r, &random);
    for (ptrdiff_t h = 0; h < g->heads; h++) {
        const ptrdiff_t at = r * g->length * stride + h * size, out = r * g->length * width + h * size;
        const uint64_t head_first = (uint64_t)(h * g->length * g->length);
        const ck_tile_orders query = {.columns = b->query_columns, .pairs = b->query_pairs};
        const ck_tile_orders key = {.rows = b->keys, .turned = b->keys_turned}, value = {.rows = b->values};
        const ck_tile_orders output = {.columns = b->output_columns, .pairs = b->output_pairs};
        int unbounded = ck_tile_lay_out(qkv + at, stride, g, &b->head, query);
        unbounded |= ck_tile_lay_out(qkv + at + width, stride, g, &b->head, key);
        unbounded |= ck_tile_lay_out(dy + out, width, g, &b->head, output);
        if (unbounded && g->causal) return 0;
        ck_tile_lay_out(qkv + at + 2 * width, stride, g, &b->head, value);
        // Fetched at each pair of keys of each patch of 32 by 32.
        const ptrdiff_t groups = b->head.tiles / 2;
        b->ahead = ck_attention_ahead_backward(g, r, h, (ck_in){qkv, CK_BF16}, (ck_in){y, CK_BF16}, (ck_in){dy, CK_BF16},
                                               (ck_out){dqkv, CK_BF16});
        ck_attention_spread(&b->ahead, 16 * (g->causal ? groups * (groups + 1) / 2 : groups * groups), 1);
        ck_tile_shares(g, y + out, dy + out, statistics + (r * g->heads + h) * g->length, b);
        for (ptrdiff_t k0 = 0; k0 < g->length; k0 += 32 * CK_TILE_KEY_GROUPS) {
            const ptrdiff_t first = g->causal ? k0 : 0;
            for (ptrdiff_t q0 = first; q0 < g->length; q0 += 32 * CK_TILE_QUERY_GROUPS)
                ck_tile_block(g, b, k0, q0, q0 == first, g->threshold ? &random : 0, head_first);
            for (ptrdiff_t k = 0; k < CK_TILE_KEY_GROUPS && k0 + 32 * k < g->length; k++)
                for (ptrdiff_t p = 0; p < b->head.steps; p++) {
                    const ptrdiff_t sums = (4 * k * b->head.steps + 2 * p) * CK_TILE_BYTES, next = 2 * b->head.steps * CK_TILE_BYTES;
                    const ptrdiff_t rows = ck_smaller(32, g->length - k0 - 32 * k), columns = size - 32 * p;
                    uint16_t *const to = dqkv + at + (k0 + 32 * k) * stride + width + 32 * p;
                    ck_tile_put_rows(b->key_sums + sums, next, g->scale, to, stride, rows, columns);
                    ck_tile_put_rows(b->value_sums + sums, next, 1.0f, to + width, stride, rows, columns);
                }
        }
        const __m512 factors[] = {_mm512_set1_ps(g->scale), _mm512_set1_ps(g->scale)};
        for (ptrdiff_t t = 0; t < b->head.tiles; t += 2) {
            const ptrdiff_t across = b->head.tiles * CK_TILE_BYTES;
            const ck_tile_turned turned = {b->query_sums + t * CK_TILE_BYTES, 2 * across, across, b->head.steps, size, g->length - 16 * t};
            ck_tile_put_turned(&turned, factors, dqkv + at + 16 * t * stride, stride);
        }
    }
    return 1;
}
