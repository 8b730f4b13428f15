// Attention backward: for each block of queries, over the blocks of keys that it sees. Probabilities come again from the statistics;
// the gradients of keys and values add up over the blocks of queries.

// Σ dy·y of sixteen queries, of which `count` exist.
static f16 ck_attention_shares(const float *outputs, ck_in y, ptrdiff_t at, ptrdiff_t stride, ptrdiff_t count, ptrdiff_t size) {
    float sums[256] __attribute__((aligned(64))) = {0}, turned[256] __attribute__((aligned(64)));
    for (ptrdiff_t i = 0; i < count; i++) {
        f16 sum = {0};
        for (ptrdiff_t s = 0; s < size; s += 16)
            sum = CK_MULADD(f16_load(outputs + i * ck_rounded(size) + s), ck_read16(y, at + i * stride + s, ck_smaller(16, size - s)), sum);
        f16_store(sums + 16 * i, sum);
    }
    ck_attention_turn_square(sums, 16, f16_set(1.0f), turned, 16);
    for (int half = 8; half > 0; half /= 2)
        for (int i = 0; i < 16 * half; i += 16) f16_store(turned + i, f16_load(turned + i) + f16_load(turned + i + 16 * half));
    return f16_load(turned);
}

// A block of queries: rows and columns of queries and dy, statistics and Σ dy·y. Whether any operand was infinite or NaN.
static int ck_attention_take_queries(const ck_attention *g, ptrdiff_t r, ptrdiff_t h, const ck_attention_block *block, ck_in qkv, ck_in y,
                                     const float *statistics, ck_in dy, const ck_attention_space *space) {
    const ptrdiff_t size = g->size, width = space->width, part = g->heads * size, first = r * g->length + block->q0;
    const ptrdiff_t out = first * part + h * size;
    int unbounded =
        ck_attention_pack_rows(qkv, first * 3 * part + h * size, 3 * part, block->count, size, g->scale, space->queries);
    unbounded |= ck_attention_pack_rows(dy, out, part, block->count, size, 1.0f, space->outputs);
    ck_attention_turn(space->queries, block->count, width, 0x1.715476p+0f, space->query_columns);
    ck_attention_turn(space->outputs, block->count, width, 1.0f, space->output_columns);
    for (ptrdiff_t q = 0; q < block->count; q += 16) {
        const ptrdiff_t left = ck_smaller(16, block->count - q);
        f16_store(space->logarithms + q,
                  ck_get(statistics + (r * g->heads + h) * g->length + block->q0 + q, left) * 0x1.715476p+0f);
        f16_store(space->shares + q, ck_attention_shares(space->outputs + q * width, y, out + q * part, part, left, size));
    }
    return unbounded;
}

// Sums of keys that earlier blocks of queries saw go on, the others begin.
static void ck_attention_add_to_keys(const ck_attention *g, const ck_attention_block *block, ck_attention_product product) {
    const ptrdiff_t old = !block->q0 ? 0 : g->causal ? ck_smaller(block->q0 - block->k0, block->keys) : block->keys;
    if (old > 0) {
        product.rows = old;
        product.load = 1;
        ck_attention_multiply(&product);
    }
    if (old == block->keys) return;
    product.a += old * product.a_row;
    product.c += old * product.c_row;
    product.begin += old;
    product.rows = block->keys - old;
    product.load = 0;
    ck_attention_multiply(&product);
}

static void ck_attention_block_gradient(const ck_attention *g, const ck_attention_block *block, int single,
                                        const ck_attention_space *space, ck_attention_ahead *ahead) {
    const ptrdiff_t width = space->width, q0 = block->q0, k0 = block->k0;
    ck_attention_scores(g, block, space->keys, space->query_columns, width, space->scores, ahead);
    ck_attention_scores(g, block, space->values, space->output_columns, width, space->products, ahead);
    for (ptrdiff_t q = 0; q < block->count; q += 16) {
        const ck_attention_lanes lanes = ck_attention_lanes_at(g, block, q, space);
        ck_attention_gradients(&lanes, f16_load(space->logarithms + q), f16_load(space->shares + q), g->kept);
    }
    ck_attention_product product = {
        .a = space->scores, .a_row = CK_ATTENTION_ROW, .b = space->outputs, .b_row = width, .c = space->value_sums + k0 * width,
        .c_row = width, .rows = block->keys, .columns = width, .k = block->count,
        .begin = g->causal ? k0 - q0 : CK_ATTENTION_ALWAYS, .end = CK_ATTENTION_NEVER, .single = single, .ahead = ahead};
    ck_attention_add_to_keys(g, block, product);
    product.a = space->products;
    product.b = space->queries;
    product.c = space->key_sums + k0 * width;
    ck_attention_add_to_keys(g, block, product);
    product.b = space->keys + k0 * width;
    product.c = space->results;
    product.by_columns = 1;
    product.rows = block->count;
    product.k = block->keys;
    product.begin = CK_ATTENTION_ALWAYS;
    if (g->causal) product.end = q0 + 1 - k0;
    product.load = k0 > 0;
    ck_attention_multiply(&product);
}

static void ck_attention_head_gradient(const ck_attention *g, ptrdiff_t r, ptrdiff_t h, ck_in qkv, ck_in y, const float *statistics,
                                       ck_in dy, ck_out dqkv, const ck_attention_space *space) {
    const ptrdiff_t length = g->length, size = g->size, stride = 3 * g->heads * size;
    const ptrdiff_t at = r * length * stride + h * size, part = g->heads * size;
    const int unbounded = ck_attention_pack_rows(qkv, at + part, stride, length, size, 1.0f, space->keys);
    ck_attention_pack_rows(qkv, at + 2 * part, stride, length, size, 1.0f, space->values);
    ck_attention_ahead ahead = ck_attention_ahead_backward(g, r, h, qkv, y, dy, dqkv);
    ck_attention_spread(&ahead, 5 * ck_attention_steps(g), 8);
    for (ptrdiff_t q0 = 0; q0 < length; q0 += CK_ATTENTION_QUERIES) {
        ck_attention_block block = {.q0 = q0, .count = ck_smaller(CK_ATTENTION_QUERIES, length - q0)};
        const int single = (ck_attention_take_queries(g, r, h, &block, qkv, y, statistics, dy, space) | unbounded) && g->causal;
        const ptrdiff_t limit = g->causal ? q0 + block.count : length;
        for (block.k0 = 0; block.k0 < limit; block.k0 += CK_ATTENTION_KEYS) {
            block.keys = ck_smaller(CK_ATTENTION_KEYS, limit - block.k0);
            if (g->threshold) ck_attention_draw(g, r, h, &block, space->kept);
            ck_attention_block_gradient(g, &block, single, space, &ahead);
        }
        ck_attention_unpack_rows(space->results, block.count, size, g->scale, dqkv, at + q0 * stride, stride);
    }
    ck_attention_unpack_rows(space->key_sums, length, size, 1.0f, dqkv, at + part, stride);
    ck_attention_unpack_rows(space->value_sums, length, size, 1.0f, dqkv, at + 2 * part, stride);
}

static void ck_attention_backward(const ck_attention *g, ck_in qkv, ck_in y, const float *statistics, ck_in dy, ck_out dqkv,
                                  void *workspace) {
    ck_attention_space space;
    ck_attention_plan(g, workspace, &space);
    for (ptrdiff_t r = 0; r < g->rows; r++)
        for (ptrdiff_t h = 0; h < g->heads; h++) ck_attention_head_gradient(g, r, h, qkv, y, statistics, dy, dqkv, &space);
}
