// Attention backward on tiles: blocks of keys, over blocks of queries that see them, in patches; then the products with the gradients of
// the scores.

// One block of queries with one block of keys; `begin`: the sums of the keys start here.
static void ck_tile_block(const ck_attention *g, ck_tile_backward *b, ptrdiff_t k0, ptrdiff_t q0, int begin, const ck_tile_random *random,
                          uint64_t head_first) {
    const ptrdiff_t tiles = b->head.tiles, steps = b->head.steps, across = tiles * CK_TILE_BYTES;
    const ptrdiff_t key_groups = ck_smaller(CK_TILE_KEY_GROUPS, (tiles - k0 / 16) / 2);
    const ptrdiff_t groups = ck_smaller(CK_TILE_QUERY_GROUPS, (tiles - q0 / 16) / 2);
    for (ptrdiff_t q = 0; random && q < 32 * groups && q0 + q < g->length; q++) {
        // What a query does not see counts for nothing, whatever its bits.
        const ptrdiff_t seen = g->causal ? ck_smaller(32 * key_groups, q0 + q + 1 - k0) : 32 * key_groups;
        ck_tile_kept_bits(random, head_first + (uint64_t)((q0 + q) * g->length + k0), seen, &b->kept[0][q], 32 * CK_TILE_QUERY_GROUPS);
    }
    // The first group of queries that sees each group of keys.
    ptrdiff_t first[CK_TILE_KEY_GROUPS];
    for (ptrdiff_t k = 0; k < key_groups; k++) first[k] = g->causal && k0 + 32 * k > q0 ? (k0 + 32 * k - q0) / 32 : 0;
    char *now = b->scores, *next = b->scores + 8 * CK_TILE_BYTES;
    const ck_tile_scores begun = ck_tile_both_scores(b, k0, q0 + 32 * first[0], now);
    ck_tile_scores_at_once(&begun);
    for (ptrdiff_t k = 0; k < key_groups; k++)
        for (ptrdiff_t q = first[k]; q < groups; q++) {
            ck_tile_scores scores = {.steps = 0};
            if (q + 1 < groups) scores = ck_tile_both_scores(b, k0 + 32 * k, q0 + 32 * (q + 1), next);
            else if (k + 1 < key_groups) scores = ck_tile_both_scores(b, k0 + 32 * (k + 1), q0 + 32 * first[k + 1], next);
            const ck_tile_patch patch = {k0 + 32 * k, q0 + 32 * q, &b->kept[k][32 * q], now,
                                         b->chances + 2 * k * CK_TILE_ROW + q * CK_TILE_BYTES,
                                         b->gradients + 2 * k * CK_TILE_ROW + q * CK_TILE_BYTES,
                                         b->gradients_right + 2 * k * CK_TILE_ROW + 2 * q * CK_TILE_BYTES};
            ck_tile_softmax_gradient(g, b, &patch, &scores);
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
