// Forward on tiles: 32 queries at a time, over blocks of keys with a running maximum and sum.

enum {
    // Keys of a block of scores, whose 32 KB stay in the first-level cache.
    CK_TILE_KEYS = 256,
};

typedef struct ck_tile_forward {
    ck_tile_head head;
    char *queries, *keys, *values;
    // [2 tiles of queries][tiles of keys]: scores, then in place (every other tile) probabilities.
    char *scores;
    // [2 tiles of queries][tiles of elements]: sums of values.
    char *results;
    float tops[32], sums[32];
    ck_attention_ahead ahead;
} ck_tile_forward;

static ptrdiff_t ck_tile_forward_plan(const ck_attention *g, void *base, ck_tile_forward *f) {
    f->head = ck_tile_head_of(g);
    char *at = (char *)(((uintptr_t)base + 63) & ~(uintptr_t)63);
    f->queries = at;
    f->keys = f->queries + f->head.bytes;
    f->values = f->keys + f->head.bytes;
    f->scores = f->values + f->head.bytes;
    f->results = f->scores + 32 * CK_TILE_KEYS * 4;
    return f->results - (char *)base + 4 * f->head.steps * CK_TILE_BYTES + 64;
}

// The scores of 16 queries in a row of tiles become probabilities before division. Query `q` of the strip's tile `i`.
static void ck_tile_softmax(const ck_attention *g, ck_tile_forward *f, ptrdiff_t i, ptrdiff_t q0, ptrdiff_t k0, ptrdiff_t keys,
                            const ck_tile_random *random, uint64_t head_first) {
    char *const scores = f->scores + i * (CK_TILE_KEYS / 16) * CK_TILE_BYTES;
    const float unit = g->scale * 0x1.715476p+0f;
    const __m512 units = _mm512_set1_ps(unit), least = _mm512_set1_ps(-__builtin_inff());
    // Zeros up to where products with these 32 queries end.
    const ptrdiff_t end = (keys + 31) / 32 * 2;
    float tops[16], sums[16], corrections[16];
    for (ptrdiff_t n = 0; n < 16; n++) {
        const ptrdiff_t q = q0 + 16 * i + n, seen = g->causal ? ck_smaller(q + 1 - k0, keys) : keys;
        __m512 top = least;
        char *const row = scores + 64 * n;
        ptrdiff_t j = 0;
        for (; 16 * j + 16 <= seen; j++) top = _mm512_max_ps(top, _mm512_load_ps(row + j * CK_TILE_BYTES));
        if (16 * j < seen) top = _mm512_mask_max_ps(top, ck_mask_of_16(seen - 16 * j), top, _mm512_load_ps(row + j * CK_TILE_BYTES));
        tops[n] = _mm512_reduce_max_ps(top);
    }
    {
        const __m512 old = _mm512_loadu_ps(f->tops + 16 * i), top = _mm512_max_ps(old, _mm512_loadu_ps(tops));
        // Where all scores were -inf so far, the exponentials are those of -inf − 0.
        const __m512 shift = _mm512_maskz_mul_ps(_mm512_cmp_ps_mask(top, least, _CMP_NEQ_UQ), top, units);
        _mm512_storeu_ps(corrections, ck_tile_exp2(0xFFFF, _mm512_fmsub_ps(old, units, shift)));
        _mm512_storeu_ps(f->tops + 16 * i, top);
        _mm512_storeu_ps(tops, shift);
    }
    for (ptrdiff_t n = 0; n < 16; n++) {
        const ptrdiff_t q = q0 + 16 * i + n, seen = g->causal ? ck_smaller(q + 1 - k0, keys) : keys;
        const __m512 shift = _mm512_set1_ps(tops[n]);
        __m512 sum = _mm512_setzero_ps();
        ck_attention_fetch(&f->ahead);
        char *const row = scores + 64 * n;
        ptrdiff_t j = 0;
        if (random) {
            uint32_t bits[CK_TILE_KEYS / 32] = {0};
            if (q < g->length) ck_tile_kept_bits(random, head_first + (uint64_t)(q * g->length + k0), seen, bits, 1);
            for (; 16 * j < seen; j += 2) {
                char *const at = row + j * CK_TILE_BYTES;
                const __m512 t0 = _mm512_fmsub_ps(_mm512_load_ps(at), units, shift);
                const __m512 t1 = _mm512_fmsub_ps(_mm512_load_ps(at + CK_TILE_BYTES), units, shift);
                const __m512 p0 = ck_tile_exp2(ck_mask_of_16(seen - 16 * j), t0), p1 = ck_tile_exp2(ck_mask_of_16(seen - 16 * j - 16), t1);
                sum = _mm512_add_ps(sum, _mm512_add_ps(p0, p1));
                const __m512i pair = ck_pair_of_bf16(p0, p1);
                _mm512_store_si512(at, _mm512_maskz_mov_epi16(bits[j >> 1], pair));
            }
        } else {
            for (; 16 * j + 32 <= seen; j += 2) {
                char *const at = row + j * CK_TILE_BYTES;
                const __m512 t0 = _mm512_fmsub_ps(_mm512_load_ps(at), units, shift);
                const __m512 t1 = _mm512_fmsub_ps(_mm512_load_ps(at + CK_TILE_BYTES), units, shift);
                const __m512 p0 = ck_tile_exp2(0xFFFF, t0), p1 = ck_tile_exp2(0xFFFF, t1);
                sum = _mm512_add_ps(sum, _mm512_add_ps(p0, p1));
                _mm512_store_si512(at, ck_pair_of_bf16(p0, p1));
            }
            if (16 * j < seen) {
                char *const at = row + j * CK_TILE_BYTES;
                const __m512 t0 = _mm512_fmsub_ps(_mm512_load_ps(at), units, shift);
                const __m512 t1 = _mm512_fmsub_ps(_mm512_load_ps(at + CK_TILE_BYTES), units, shift);
                const __m512 p0 = ck_tile_exp2(ck_mask_of_16(seen - 16 * j), t0), p1 = ck_tile_exp2(ck_mask_of_16(seen - 16 * j - 16), t1);
                sum = _mm512_add_ps(sum, _mm512_add_ps(p0, p1));
                _mm512_store_si512(at, ck_pair_of_bf16(p0, p1));
                j += 2;
            }
        }
        for (; j < end; j += 2) _mm512_store_si512(row + j * CK_TILE_BYTES, _mm512_setzero_si512());
        sums[n] = _mm512_reduce_add_ps(sum);
    }
    _mm512_storeu_ps(f->sums + 16 * i,
                     _mm512_fmadd_ps(_mm512_loadu_ps(f->sums + 16 * i), _mm512_loadu_ps(corrections), _mm512_loadu_ps(sums)));
    for (ptrdiff_t n = 0; k0 > 0 && n < 16; n++)
        for (ptrdiff_t c = 0; c < 2 * f->head.steps; c++) {
            char *const at = f->results + (i * 2 * f->head.steps + c) * CK_TILE_BYTES + 64 * n;
            _mm512_store_ps(at, _mm512_mul_ps(_mm512_load_ps(at), _mm512_set1_ps(corrections[n])));
        }
}

static void ck_tile_forward_head(const ck_attention *g, ptrdiff_t r, ptrdiff_t h, uint16_t *y, float *statistics, ck_tile_forward *f,
                                 const ck_tile_random *random) {
    const ptrdiff_t length = g->length, size = g->size, tiles = f->head.tiles, steps = f->head.steps;
    const ptrdiff_t width = g->heads * size;
    const uint64_t head_first = (uint64_t)(h * length * length);
    for (ptrdiff_t q0 = 0; q0 < length; q0 += 32) {
        const ptrdiff_t limit = g->causal ? ck_smaller(q0 + 32, length) : length;
        for (ptrdiff_t i = 0; i < 32; i++) {
            f->tops[i] = -__builtin_inff();
            f->sums[i] = 0;
        }
        for (ptrdiff_t k0 = 0; k0 < limit; k0 += CK_TILE_KEYS) {
            const ptrdiff_t keys = ck_smaller(CK_TILE_KEYS, limit - k0);
            for (ptrdiff_t k = 0; k < keys; k += 32) {
                const ck_tile_quad quad = {
                    .a = f->queries + q0 / 16 * CK_TILE_BYTES, .a_step = tiles * CK_TILE_BYTES, .a_next = CK_TILE_BYTES,
                    .b = f->keys + (k0 + k) / 16 * CK_TILE_BYTES, .b_step = tiles * CK_TILE_BYTES, .b_next = CK_TILE_BYTES,
                    .c = f->scores + k / 16 * CK_TILE_BYTES, .c_next = CK_TILE_KEYS / 16 * CK_TILE_BYTES, .steps = steps};
                ck_tile_quad_product(0, &quad);
            }
            for (ptrdiff_t i = 0; i < 2; i++) ck_tile_softmax(g, f, i, q0, k0, keys, random, head_first);
            for (ptrdiff_t p = 0; p < steps; p++) {
                const ck_tile_quad quad = {
                    .a = f->scores, .a_step = 2 * CK_TILE_BYTES, .a_next = CK_TILE_KEYS / 16 * CK_TILE_BYTES,
                    .b = f->values + (k0 / 32 * steps + p) * 2 * CK_TILE_BYTES, .b_step = 2 * steps * CK_TILE_BYTES,
                    .b_next = CK_TILE_BYTES, .c = f->results + 2 * p * CK_TILE_BYTES, .c_next = 2 * steps * CK_TILE_BYTES,
                    .steps = (keys + 31) / 32, .load = k0 > 0};
                ck_tile_quad_product(0, &quad);
            }
        }
        const ptrdiff_t count = ck_smaller(32, length - q0);
        for (ptrdiff_t i = 0; i < count; i++) {
            uint16_t *const to = y + (r * length + q0 + i) * width + h * size;
            for (ptrdiff_t p = 0; p < steps; p++)
                ck_tile_put_rows(f->results + ((i >> 4) * 2 * steps + 2 * p) * CK_TILE_BYTES + (i & 15) * 64, 0, g->kept / f->sums[i],
                                 to + 32 * p, 0, 1, size - 32 * p);
        }
        for (ptrdiff_t i = 0; i < count; i += 16) {
            const __m512 tops = _mm512_loadu_ps(f->tops + i), logarithms = (__m512)f16_log((f16)_mm512_loadu_ps(f->sums + i));
            _mm512_mask_storeu_ps(statistics + (r * g->heads + h) * length + q0 + i, ck_mask_of_16(count - i),
                                  _mm512_fmadd_ps(tops, _mm512_set1_ps(g->scale), logarithms));
        }
    }
}

// Whether row r could be computed here: zero times an infinite value that a query does not see would not be zero.
static int ck_tile_forward_row(const ck_attention *g, ptrdiff_t r, const uint16_t *qkv, uint16_t *y, float *statistics,
                               ck_tile_forward *f) {
    const ptrdiff_t width = g->heads * g->size;
    ck_tile_random random;
    if (g->threshold) ck_tile_seed(g, r, &random);
    for (ptrdiff_t h = 0; h < g->heads; h++) {
        const uint16_t *const from = qkv + r * g->length * 3 * width + h * g->size;
        const int unbounded = ck_tile_lay_out(from + 2 * width, 3 * width, g, &f->head, (ck_tile_orders){.pairs = f->values});
        if (unbounded && g->causal) return 0;
        ck_tile_lay_out(from, 3 * width, g, &f->head, (ck_tile_orders){.rows = f->queries});
        ck_tile_lay_out(from + width, 3 * width, g, &f->head, (ck_tile_orders){.columns = f->keys});
        f->ahead = ck_attention_ahead_forward(g, r, h, (ck_in){qkv, CK_BF16}, (ck_out){y, CK_BF16});
        f->ahead.rows = 4;
        ck_tile_forward_head(g, r, h, y, statistics, f, g->threshold ? &random : 0);
    }
    return 1;
}
