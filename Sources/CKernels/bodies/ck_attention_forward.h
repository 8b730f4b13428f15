// Attention forward: for each block of queries, over blocks of keys, with a running maximum and sum. Scores are powers of two's.

// A block: `count` queries from q0 with `keys` keys from k0.
typedef struct ck_attention_block {
    ptrdiff_t q0, count, k0, keys;
} ck_attention_block;

// Scores (or products of values with dy): rows of keys times columns of queries. Of keys that only the later queries see, only those.
static void ck_attention_scores(const ck_attention *g, const ck_attention_block *block, const float *rows, const float *columns,
                                ptrdiff_t width, float *scores, ck_attention_ahead *ahead) {
    const ptrdiff_t queries = ck_rounded(block->count);
    ck_attention_product product = {.a_row = width, .b_row = CK_ATTENTION_QUERIES, .c_row = CK_ATTENTION_ROW, .k = g->size,
                                    .begin = CK_ATTENTION_ALWAYS, .end = CK_ATTENTION_NEVER, .ahead = ahead};
    for (ptrdiff_t k = 0, q = 0; k < block->keys && q < queries; k += product.rows, q += 16) {
        // The keys that the sixteen queries from q on, and all later ones, are the first to see the last of.
        const ptrdiff_t seen = g->causal ? ck_smaller(block->keys, block->q0 + q + 16 - block->k0) : block->keys;
        product.rows = seen - k;
        product.columns = queries - q;
        product.a = rows + (block->k0 + k) * width;
        product.b = columns + q;
        product.c = scores + k * CK_ATTENTION_ROW + q;
        ck_attention_multiply(&product);
    }
}

// Steps of register tiles of about 96 elements by sixteen in one of a head's products.
static ptrdiff_t ck_attention_steps(const ck_attention *g) {
    const ptrdiff_t pairs = g->causal ? g->length * (g->length + 1) / 2 : g->length * g->length;
    return (pairs * ck_rounded(g->size) + 6 * 64 - 1) / (6 * 64);
}

// Sixteen queries of a block, from its query q on.
CK_INLINE ck_attention_lanes ck_attention_lanes_at(const ck_attention *g, const ck_attention_block *block, ptrdiff_t q,
                                                   const ck_attention_space *space) {
    return (ck_attention_lanes){.scores = space->scores + q, .products = space->products + q, .keys = block->keys,
                                .whole = g->causal ? block->q0 + q + 1 - block->k0 : block->keys,
                                .kept = g->threshold ? space->kept + q : 0};
}

// Which keys of a block are kept for which queries.
static void ck_attention_draw(const ck_attention *g, ptrdiff_t r, ptrdiff_t h, const ck_attention_block *block, uint32_t *kept) {
    for (ptrdiff_t i = 0; i < block->count; i++) {
        const ptrdiff_t q = block->q0 + i, seen = g->causal ? ck_smaller(block->keys, q + 1 - block->k0) : block->keys;
        ck_attention_kept(g, g->row_keys[r], (uint64_t)((h * g->length + q) * g->length + block->k0), seen, kept + i);
    }
}

// Scores of a block of queries become powers of two, their sums and tops move on; results so far are brought to the new tops.
static void ck_attention_softmax(const ck_attention *g, const ck_attention_block *block, const ck_attention_space *space) {
    const f16 least = f16_set(-__builtin_inff());
    for (ptrdiff_t q = 0; q < block->count; q += 16) {
        const ck_attention_lanes lanes = ck_attention_lanes_at(g, block, q, space);
        const f16 old = f16_load(space->tops + q), top = ck_attention_top(&lanes, old);
        // Where all scores were -inf so far, the powers are those of -inf − 0.
        const f16 shift = f16_choose(top == least, f16_set(0.0f), top), correction = ck_attention_power(old - shift);
        f16_store(space->tops + q, top);
        const f16 sum = ck_attention_powers(&lanes, shift);
        f16_store(space->sums + q, CK_MULADD(f16_load(space->sums + q), correction, sum));
        if (block->k0 == 0) continue;
        float corrections[16];
        f16_store(corrections, correction);
        for (ptrdiff_t i = 0; i < ck_smaller(16, block->count - q); i++)
            for (ptrdiff_t s = 0; s < space->width; s += 16) {
                float *const to = space->results + (q + i) * space->width + s;
                f16_store(to, f16_load(to) * corrections[i]);
            }
    }
}

static void ck_attention_head(const ck_attention *g, ptrdiff_t r, ptrdiff_t h, ck_in qkv, ck_out y, float *statistics,
                              const ck_attention_space *space) {
    const ptrdiff_t length = g->length, size = g->size, width = space->width, stride = 3 * g->heads * size;
    const ptrdiff_t at = r * length * stride + h * size, part = g->heads * size;
    ck_attention_pack_rows(qkv, at + part, stride, length, size, 1.0f, space->keys);
    // Zero times what a query does not see must be zero: one row at a time then, with exactly the keys it sees.
    const int single = ck_attention_pack_rows(qkv, at + 2 * part, stride, length, size, 1.0f, space->values) && g->causal;
    ck_attention_ahead ahead = ck_attention_ahead_forward(g, r, h, qkv, y);
    ck_attention_spread(&ahead, 2 * ck_attention_steps(g), 8);
    for (ptrdiff_t q0 = 0; q0 < length; q0 += CK_ATTENTION_QUERIES) {
        ck_attention_block block = {.q0 = q0, .count = ck_smaller(CK_ATTENTION_QUERIES, length - q0)};
        const ptrdiff_t limit = g->causal ? q0 + block.count : length;
        ck_attention_pack_rows(qkv, at + q0 * stride, stride, block.count, size, g->scale * 0x1.715476p+0f, space->queries);
        ck_attention_turn(space->queries, block.count, width, 1.0f, space->query_columns);
        for (ptrdiff_t q = 0; q < block.count; q += 16) {
            f16_store(space->tops + q, f16_set(-__builtin_inff()));
            f16_store(space->sums + q, f16_set(0.0f));
        }
        for (block.k0 = 0; block.k0 < limit; block.k0 += CK_ATTENTION_KEYS) {
            block.keys = ck_smaller(CK_ATTENTION_KEYS, limit - block.k0);
            if (g->threshold) ck_attention_draw(g, r, h, &block, space->kept);
            ck_attention_scores(g, &block, space->keys, space->query_columns, width, space->scores, &ahead);
            ck_attention_softmax(g, &block, space);
            const ck_attention_product product = {
                .a = space->scores, .a_row = CK_ATTENTION_ROW, .by_columns = 1, .b = space->values + block.k0 * width, .b_row = width,
                .c = space->results, .c_row = width, .rows = block.count, .columns = width, .k = block.keys,
                .begin = CK_ATTENTION_ALWAYS, .end = g->causal ? q0 + 1 - block.k0 : CK_ATTENTION_NEVER, .load = block.k0 > 0,
                .single = single, .ahead = &ahead};
            ck_attention_multiply(&product);
        }
        for (ptrdiff_t q = 0; q < block.count; q += 16) {
            const ptrdiff_t left = ck_smaller(16, block.count - q);
            const f16 sums = f16_load(space->sums + q);
            float factors[16];
            f16_store(factors, f16_set(g->kept) / sums);
            for (ptrdiff_t i = 0; i < left; i++)
                ck_attention_unpack_rows(space->results + (q + i) * width, 1, size, factors[i], y,
                                         ((r * length + q0 + q + i) * g->heads + h) * size, 0);
            ck_put(statistics + (r * g->heads + h) * length + q0 + q,
                   CK_MULADD(f16_load(space->tops + q), f16_set(0x1.62e430p-1f), f16_log(sums)), left);
        }
    }
}

static void ck_attention_forward(const ck_attention *g, ck_in qkv, ck_out y, float *statistics, void *workspace) {
    ck_attention_space space;
    ck_attention_plan(g, workspace, &space);
    for (ptrdiff_t r = 0; r < g->rows; r++)
        for (ptrdiff_t h = 0; h < g->heads; h++) ck_attention_head(g, r, h, qkv, y, statistics, &space);
}
