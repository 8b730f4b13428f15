// How one head's operands are laid out for tiles. T is padded to pairs of tiles of 16 tokens, S to pairs of 16, with zeros.

typedef struct ck_tile_head {
    // Tiles of tokens (even), steps of 32 elements.
    ptrdiff_t tiles, steps;
    ptrdiff_t bytes;
} ck_tile_head;

static ck_tile_head ck_tile_head_of(const ck_attention *g) {
    const ptrdiff_t tiles = (g->length + 31) / 32 * 2, steps = (g->size + 31) / 32;
    return (ck_tile_head){tiles, steps, tiles * steps * CK_TILE_BYTES};
}

// Where to put an operand; null if not wanted. All in tiles one behind the other:
// rows[step][tile of tokens]: 16 tokens of 32 elements, a factor on the left whose sums run over elements.
// columns[step][tile of tokens]: 16 pairs of elements of 16 tokens, the same on the right.
// pairs[32 tokens][16 elements]: 16 pairs of tokens, a factor on the right whose sums run over tokens.
// turned[16 elements][32 tokens]: 16 elements of 32 tokens, the same on the left.
typedef struct ck_tile_orders {
    char *rows, *columns, *pairs, *turned;
} ck_tile_orders;

// Lays out `count` rows of a head, `stride` elements apart. Whether any element was infinite or NaN.
static int ck_tile_lay_out(const uint16_t *from, ptrdiff_t stride, const ck_attention *g, const ck_tile_head *head, ck_tile_orders to) {
    const __m512i finite = _mm512_set1_epi16(0x7FFF);
    __m512i largest = _mm512_setzero_si512();
    char spare[2 * CK_TILE_BYTES] __attribute__((aligned(64)));
    for (ptrdiff_t t = 0; t < head->tiles; t += 2)
        for (ptrdiff_t p = 0; p < head->steps; p++) {
            const ptrdiff_t at = (p * head->tiles + t) * CK_TILE_BYTES;
            char *const rows = to.rows ? to.rows + at : spare;
            for (ptrdiff_t i = 0; i < 32; i++) {
                const ptrdiff_t token = 16 * t + i;
                __m512i v = _mm512_setzero_si512();
                if (token < g->length) v = ck_load_some_of_32((const char *)(from + token * stride + 32 * p), g->size - 32 * p);
                largest = _mm512_max_epu16(largest, _mm512_and_si512(v, finite));
                _mm512_store_si512(rows + 64 * i, v);
            }
            if (to.columns) {
                ck_tile_from_columns(rows, 64, to.columns + at);
                ck_tile_from_columns(rows + CK_TILE_BYTES, 64, to.columns + at + CK_TILE_BYTES);
            }
            if (to.pairs) {
                char *const pairs = to.pairs + (t / 2 * 2 * head->steps + 2 * p) * CK_TILE_BYTES;
                for (ptrdiff_t i = 0; i < 16; i++) {
                    __m512i first, second;
                    ck_pair_rows(_mm512_load_si512(rows + 128 * i), _mm512_load_si512(rows + 128 * i + 64), &first, &second);
                    _mm512_store_si512(pairs + 64 * i, first);
                    _mm512_store_si512(pairs + CK_TILE_BYTES + 64 * i, second);
                }
            }
            if (to.turned) {
                char *const turned = to.turned + (p * head->tiles + t / 2) * CK_TILE_BYTES;
                ck_tiles_of_turned(rows, 64, turned, turned + head->tiles / 2 * CK_TILE_BYTES);
            }
        }
    return _mm512_cmpge_epu16_mask(largest, _mm512_set1_epi16(0x7F80)) != 0;
}

// Four tiles of sums, two by two, of `steps` products. Tiles of a and b lie *_step bytes apart from one step to the next; the second
// of a *_next behind the first. The sums of the two rows lie c_next apart, those of two columns one tile.
typedef struct ck_tile_quad {
    const char *a, *b;
    ptrdiff_t a_step, a_next, b_step, b_next;
    char *c;
    ptrdiff_t c_next, steps;
    // The sums start from c.
    int load;
} ck_tile_quad;

// Tiles out of the second-level cache are loaded with the hint that keeps them out of the first, where what was just computed lies: of a
// product's operands one is far, a if `far_a`.

CK_INLINE void ck_tile_zero_quad(void) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
}
// The upper two of four products of a step, then the lower two.
CK_INLINE void ck_tile_upper(const int far_a, const char *a, const char *b, ptrdiff_t b_next) {
    if (far_a) {
        _tile_stream_loadd(4, a, 64);
        _tile_loadd(6, b, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, b + b_next, 64);
    } else {
        _tile_loadd(4, a, 64);
        _tile_stream_loadd(6, b, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_stream_loadd(7, b + b_next, 64);
    }
    _tile_dpbf16ps(1, 4, 7);
}
CK_INLINE void ck_tile_lower(const int far_a, const char *a) {
    if (far_a) _tile_stream_loadd(5, a, 64);
    else _tile_loadd(5, a, 64);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
}
CK_INLINE void ck_tile_store_two(const int lower, char *c) {
    if (lower) {
        _tile_stored(2, c, 64);
        _tile_stored(3, c + CK_TILE_BYTES, 64);
    } else {
        _tile_stored(0, c, 64);
        _tile_stored(1, c + CK_TILE_BYTES, 64);
    }
}

CK_INLINE void ck_tile_quad_product(const int far_a, const ck_tile_quad *q) {
    const char *a = q->a, *b = q->b;
    char *const c = q->c, *const d = q->c + q->c_next;
    ck_tile_zero_quad();
    if (q->load) {
        _tile_loadd(0, c, 64);
        _tile_loadd(1, c + CK_TILE_BYTES, 64);
        _tile_loadd(2, d, 64);
        _tile_loadd(3, d + CK_TILE_BYTES, 64);
    }
    for (ptrdiff_t s = 0; s < q->steps; s++, a += q->a_step, b += q->b_step) {
        ck_tile_upper(far_a, a, b, q->b_next);
        ck_tile_lower(far_a, a + q->a_next);
    }
    ck_tile_store_two(0, c);
    ck_tile_store_two(1, d);
}

// 32 rows of sums times a factor, as bf16: columns of two tiles that lie side by side, rows of the next tiles `next` bytes below.
static void ck_tile_put_rows(const char *sums, ptrdiff_t next, float factor, uint16_t *to, ptrdiff_t stride, ptrdiff_t rows,
                             ptrdiff_t columns) {
    const __m512 by = _mm512_set1_ps(factor);
    for (ptrdiff_t i = 0; i < rows; i++) {
        const char *from = sums + (i >> 4) * next + (i & 15) * 64;
        const __m512 left = _mm512_mul_ps(_mm512_load_ps(from), by), right = _mm512_mul_ps(_mm512_load_ps(from + CK_TILE_BYTES), by);
        _mm512_mask_storeu_epi16(to + i * stride, ck_mask_of_32(columns), ck_pair_of_bf16(left, right));
    }
}

// Sums with elements as rows, for 32 queries interleaved by fours in two tiles side by side: lane i of tile t is query
// 8·(i / 4) + 4·t + i mod 4.
typedef struct ck_tile_turned {
    const char *sums;
    // From 32 elements to the next, from 16 to the next; steps of 32 elements; what there is of them and of queries.
    ptrdiff_t step, next, steps, size, rows;
} ck_tile_turned;

// Times a factor per query, interleaved like them, as rows of bf16.
static void ck_tile_put_turned(const ck_tile_turned *t, const __m512 factors[2], uint16_t *to, ptrdiff_t stride) {
    const __m512i pair = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3,
                                          18, 2, 17, 1, 16, 0);
    for (ptrdiff_t half = 0; half < 2; half++) {
        const __m512 factor = factors[half];
        for (ptrdiff_t p = 0; p < t->steps; p++) {
            char pairs[CK_TILE_BYTES] __attribute__((aligned(64)));
            for (ptrdiff_t i = 0; i < 16; i++) {
                const char *const row = t->sums + p * t->step + half * CK_TILE_BYTES + (i >> 3) * t->next + (i & 7) * 128;
                const __m512 even = _mm512_mul_ps(_mm512_load_ps(row), factor), odd = _mm512_mul_ps(_mm512_load_ps(row + 64), factor);
                _mm512_store_si512(pairs + 64 * i, _mm512_permutexvar_epi16(pair, ck_pair_of_bf16(even, odd)));
            }
            __m512i rows[16];
            ck_transpose_dwords(pairs, 64, rows);
            const __mmask32 columns = ck_mask_of_32(t->size - 32 * p);
            for (ptrdiff_t i = 0; i < 16; i++) {
                const ptrdiff_t query = 8 * (i >> 2) + 4 * half + (i & 3);
                if (query < t->rows) _mm512_mask_storeu_epi16(to + query * stride + 32 * p, columns, rows[i]);
            }
        }
    }
}
