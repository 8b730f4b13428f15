// Attention forward: for each block of queries, over blocks of keys, with a running maximum and sum.

// Scores of `queries` queries from q0 and `keys` keys from k0; tiles that no query sees are left out.
static void ck_attention_scores(const ck_attention *g, const float *queries, ptrdiff_t width, const float *across, ptrdiff_t q0,
                                ptrdiff_t count, ptrdiff_t k0, ptrdiff_t keys, float *scores) {
    ck_attention_product product = {.a_row = width, .a_step = 1, .b_row = CK_ATTENTION_PANEL, .c_row = CK_ATTENTION_ROW, .k = g->size};
    for (ptrdiff_t j = 0; j < keys; j += CK_ATTENTION_PANEL) {
        product.b = across + (k0 + j) * g->size;
        for (ptrdiff_t i = 0; i < count; i += CK_ATTENTION_TILE) {
            if (g->causal && k0 + j > q0 + i + CK_ATTENTION_TILE - 1) continue;
            product.a = queries + (q0 + i) * width;
            product.c = scores + i * CK_ATTENTION_ROW + j;
            ck_attention_tile_2(&product);
        }
    }
}

// Keys of a block from k0 that query q sees; none if q is padding.
CK_INLINE ptrdiff_t ck_attention_seen(const ck_attention *g, ptrdiff_t q, ptrdiff_t k0, ptrdiff_t keys) {
    const ptrdiff_t seen = q >= g->length ? 0 : g->causal ? ck_smaller(q + 1 - k0, keys) : keys;
    return seen > 0 ? seen : 0;
}

CK_INLINE const uint32_t *ck_attention_row_words(const ck_attention *g, ptrdiff_t r, ptrdiff_t h, ptrdiff_t q, ptrdiff_t k0, ptrdiff_t seen,
                                                 uint32_t *room) {
    if (!g->threshold || !seen) return 0;
    const uint64_t first = (uint64_t)((h * g->length + q) * g->length + k0);
    return ck_attention_words(first, seen, g->layer_key, g->row_keys[r], room);
}

static void ck_attention_head(const ck_attention *g, ptrdiff_t r, ptrdiff_t h, ck_in qkv, ck_out y, float *statistics,
                              const ck_attention_space *space) {
    const ptrdiff_t length = g->length, size = g->size, width = space->width, stride = 3 * g->heads * size;
    const ptrdiff_t at = r * length * stride + h * size, part = g->heads * size;
    const f16 least = f16_set(-__builtin_inff());
    ck_attention_pack_rows(qkv, at, stride, length, size, g->scale, space->queries);
    ck_attention_pack_across(qkv, at + part, stride, length, size, space->keys_across);
    // Zero times what a query does not see must be zero: one row at a time then, with exactly the keys it sees.
    const int single = ck_attention_pack_rows(qkv, at + 2 * part, stride, length, size, 1.0f, space->rows) && g->causal;
    const ptrdiff_t tile = single ? 1 : CK_ATTENTION_TILE;
    float *const scores = space->scores, *const tops = space->tops, *const sums = space->sums, *const corrections = space->corrections;
    ck_attention_ahead ahead = ck_attention_ahead_forward(g, r, h, qkv, y);
    for (ptrdiff_t q0 = 0; q0 < length; q0 += CK_ATTENTION_QUERIES) {
        const ptrdiff_t count = ck_smaller(CK_ATTENTION_QUERIES, length - q0);
        const ptrdiff_t limit = g->causal ? q0 + count : length;
        for (ptrdiff_t i = 0; i < CK_ATTENTION_QUERIES; i += 16) {
            f16_store(tops + i, least);
            f16_store(sums + i, f16_set(0.0f));
        }
        for (ptrdiff_t k0 = 0; k0 < limit; k0 += CK_ATTENTION_KEYS) {
            const ptrdiff_t keys = ck_smaller(CK_ATTENTION_KEYS, limit - k0);
            float block_tops[CK_ATTENTION_QUERIES], block_sums[CK_ATTENTION_QUERIES];
            ck_attention_scores(g, space->queries, width, space->keys_across, q0, count, k0, keys, scores);
            for (ptrdiff_t i = 0; i < CK_ATTENTION_QUERIES; i++) {
                block_tops[i] = ck_attention_row_top(scores + i * CK_ATTENTION_ROW, ck_attention_seen(g, q0 + i, k0, keys));
                block_sums[i] = 0;
            }
            for (ptrdiff_t i = 0; i < CK_ATTENTION_QUERIES; i += 16) {
                const f16 old = f16_load(tops + i), top = ck_larger(old, f16_load(block_tops + i));
                // Where all scores were -inf so far, the exponentials are those of -inf − 0.
                const f16 shift = f16_choose(top == least, f16_set(0.0f), top);
                f16_store(corrections + i, ck_attention_exp(old - shift));
                f16_store(block_tops + i, shift);
                f16_store(tops + i, top);
            }
            for (ptrdiff_t i = 0; i < count; i++) {
                ck_attention_fetch(&ahead);
                const ptrdiff_t seen = ck_attention_seen(g, q0 + i, k0, keys);
                const uint32_t *const words = ck_attention_row_words(g, r, h, q0 + i, k0, seen, space->words);
                const ptrdiff_t end = ck_smaller(seen + CK_ATTENTION_TILE, CK_ATTENTION_ROW);
                block_sums[i] = ck_attention_row_exp(scores + i * CK_ATTENTION_ROW, seen, end, block_tops[i], words, g->threshold);
            }
            for (ptrdiff_t i = 0; i < CK_ATTENTION_QUERIES; i += 16)
                f16_store(sums + i, CK_MULADD(f16_load(sums + i), f16_load(corrections + i), f16_load(block_sums + i)));
            for (ptrdiff_t i = 0; k0 > 0 && i < count; i++)
                for (ptrdiff_t s = 0; s < width; s += 16) {
                    float *const to = space->results + i * width + s;
                    f16_store(to, f16_load(to) * corrections[i]);
                }
            for (ptrdiff_t i = 0; i < count; i += tile) {
                const ptrdiff_t last = ck_smaller(i + tile, count) - 1;
                const ck_attention_product product = {
                    .a = scores + i * CK_ATTENTION_ROW, .a_row = CK_ATTENTION_ROW, .a_step = 1, .b = space->rows + k0 * width,
                    .b_row = width, .c = space->results + i * width, .c_row = width,
                    .k = ck_attention_seen(g, q0 + last, k0, keys), .load = k0 > 0};
                ck_attention_rows(product, width, single);
            }
        }
        for (ptrdiff_t i = 0; i < count; i++)
            ck_attention_unpack_rows(space->results + i * width, 1, size, g->kept / sums[i], y,
                                     ((r * length + q0 + i) * g->heads + h) * size, 0);
        for (ptrdiff_t i = 0; i < count; i += 16)
            ck_put(statistics + (r * g->heads + h) * length + q0 + i, f16_load(tops + i) + f16_log(f16_load(sums + i)),
                   ck_smaller(16, count - i));
    }
}

static void ck_attention_forward(const ck_attention *g, ck_in qkv, ck_out y, float *statistics, void *workspace) {
    ck_attention_space space;
    ck_attention_plan(g, workspace, &space);
    for (ptrdiff_t r = 0; r < g->rows; r++)
        for (ptrdiff_t h = 0; h < g->heads; h++) ck_attention_head(g, r, h, qkv, y, statistics, &space);
}
