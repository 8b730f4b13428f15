// Attention backward: for each block of keys, over the blocks of queries that see it. Probabilities come again from the statistics.

// What one block of queries adds to the gradients of a block of keys and values, and to those of its queries.
static void ck_attention_block_gradients(const ck_attention *g, ptrdiff_t q0, ptrdiff_t count, ptrdiff_t k0, ptrdiff_t keys, int load_keys,
                                         int single, const ck_attention_space *space) {
    const ptrdiff_t width = space->width, tile = single ? 1 : CK_ATTENTION_TILE;
    for (ptrdiff_t j = 0; j < keys; j += tile) {
        // From the first query that sees the first key of the tile.
        const ptrdiff_t skipped = g->causal && k0 + j > q0 ? k0 + j - q0 : 0;
        if (skipped >= count) {
            if (!load_keys)
                for (ptrdiff_t i = 0; i < tile * width; i += 16) {
                    f16_store(space->results + j * width + i, f16_set(0.0f));
                    f16_store(space->value_results + j * width + i, f16_set(0.0f));
                }
            continue;
        }
        ck_attention_product product = {
            .a = space->scores + skipped * CK_ATTENTION_ROW + j, .a_row = 1, .a_step = CK_ATTENTION_ROW,
            .b = space->outputs + (q0 + skipped) * width, .b_row = width, .c = space->value_results + j * width, .c_row = width,
            .k = count - skipped, .load = load_keys};
        ck_attention_rows(product, width, single);
        product.a = space->products + skipped * CK_ATTENTION_ROW + j;
        product.b = space->queries + (q0 + skipped) * width;
        product.c = space->results + j * width;
        ck_attention_rows(product, width, single);
    }
    for (ptrdiff_t i = 0; i < count; i += tile) {
        const ptrdiff_t last = ck_smaller(i + tile, count) - 1;
        const ck_attention_product product = {
            .a = space->products + i * CK_ATTENTION_ROW, .a_row = CK_ATTENTION_ROW, .a_step = 1, .b = space->rows + k0 * width,
            .b_row = width, .c = space->query_gradients + (q0 + i) * width, .c_row = width,
            .k = ck_attention_seen(g, q0 + last, k0, keys), .load = k0 > 0};
        ck_attention_rows(product, width, single);
    }
}

// Σ dy·y of each query.
static void ck_attention_shares(const ck_attention *g, ck_in y, ptrdiff_t at, const float *outputs, float *shares) {
    const ptrdiff_t width = ck_rounded(g->size);
    for (ptrdiff_t q = 0; q < g->length; q++) {
        f16 sum = {0};
        for (ptrdiff_t s = 0; s < g->size; s += 16)
            sum = CK_MULADD(f16_load(outputs + q * width + s), ck_stored(y, at + q * g->heads * g->size + s, ck_smaller(16, g->size - s)),
                            sum);
        shares[q] = f16_sum(sum);
    }
}

static void ck_attention_head_gradient(const ck_attention *g, ptrdiff_t r, ptrdiff_t h, ck_in qkv, ck_in y, const float *statistics,
                                       ck_in dy, ck_out dqkv, const ck_attention_space *space) {
    const ptrdiff_t length = g->length, size = g->size, stride = 3 * g->heads * size, part = g->heads * size;
    const ptrdiff_t at = r * length * stride + h * size, out = r * length * part + h * size;
    const float *const logarithms = statistics + (r * g->heads + h) * length;
    float *const scores = space->scores, *const products = space->products;
    int unbounded = ck_attention_pack_rows(qkv, at, stride, length, size, g->scale, space->queries);
    unbounded |= ck_attention_pack_rows(qkv, at + part, stride, length, size, 1.0f, space->rows);
    unbounded |= ck_attention_pack_rows(dy, out, part, length, size, 1.0f, space->outputs);
    ck_attention_pack_across(qkv, at + part, stride, length, size, space->keys_across);
    ck_attention_pack_across(qkv, at + 2 * part, stride, length, size, space->values_across);
    ck_attention_shares(g, y, out, space->outputs, space->shares);
    const int single = unbounded && g->causal;
    ck_attention_ahead ahead = ck_attention_ahead_backward(g, r, h, qkv, y, dy, dqkv);
    for (ptrdiff_t k0 = 0; k0 < length; k0 += CK_ATTENTION_KEYS) {
        const ptrdiff_t block = ck_smaller(CK_ATTENTION_KEYS, length - k0);
        // Blocks of queries begin at multiples of their own size, whichever keys they see.
        const ptrdiff_t first = g->causal ? k0 / CK_ATTENTION_QUERIES * CK_ATTENTION_QUERIES : 0;
        for (ptrdiff_t q0 = first; q0 < length; q0 += CK_ATTENTION_QUERIES) {
            const ptrdiff_t count = ck_smaller(CK_ATTENTION_QUERIES, length - q0);
            const ptrdiff_t keys = g->causal ? ck_smaller(block, q0 + count - k0) : block;
            ck_attention_scores(g, space->queries, space->width, space->keys_across, q0, count, k0, keys, scores);
            ck_attention_scores(g, space->outputs, space->width, space->values_across, q0, count, k0, keys, products);
            for (ptrdiff_t i = 0; i < count; i++) {
                ck_attention_fetch(&ahead);
                const ptrdiff_t seen = ck_attention_seen(g, q0 + i, k0, keys), row = i * CK_ATTENTION_ROW;
                const ck_attention_query query = {
                    logarithms[q0 + i], space->shares[q0 + i], g->kept,
                    ck_attention_row_words(g, r, h, q0 + i, k0, seen, space->words), g->threshold};
                const ptrdiff_t end = ck_smaller(seen + CK_ATTENTION_TILE, CK_ATTENTION_ROW);
                ck_attention_row_gradient(scores + row, products + row, seen, end, &query);
            }
            // The first block sees keys that later ones add to: it covers them all.
            ck_attention_block_gradients(g, q0, count, k0, q0 == first ? block : keys, q0 != first, single, space);
        }
        const ptrdiff_t to = at + k0 * stride;
        ck_attention_unpack_rows(space->results, block, size, 1.0f, dqkv, to + part, stride);
        ck_attention_unpack_rows(space->value_results, block, size, 1.0f, dqkv, to + 2 * part, stride);
    }
    ck_attention_unpack_rows(space->query_gradients, length, size, g->scale, dqkv, at, stride);
}

static void ck_attention_backward(const ck_attention *g, ck_in qkv, ck_in y, const float *statistics, ck_in dy, ck_out dqkv,
                                  void *workspace) {
    ck_attention_space space;
    ck_attention_plan(g, workspace, &space);
    for (ptrdiff_t r = 0; r < g->rows; r++)
        for (ptrdiff_t h = 0; h < g->heads; h++) ck_attention_head_gradient(g, r, h, qkv, y, statistics, dy, dqkv, &space);
}
