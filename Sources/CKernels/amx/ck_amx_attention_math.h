// Exponentials and dropout of attention on tiles, sixteen scores at a time.

// 2^t to 2.7·10⁻⁶ relative: a thousandth of the rounding to bf16 that follows. Lanes outside the mask give 0, -inf gives 0, NaN stays.
CK_INLINE __m512 ck_tile_exp2(__mmask16 mask, __m512 t) {
    const __m512 f = _mm512_reduce_ps(t, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    __m512 p = _mm512_set1_ps(0x1.bb7cd4p-7f);
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0x1.aa13f0p-5f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0x1.ee798ap-3f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0x1.62d166p-1f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0x1.00002cp+0f));
    // Multiplies by two to the floor of t.
    return _mm512_maskz_scalef_ps(mask, p, t);
}

// The first n of 16 lanes; n may be beyond either end.
CK_INLINE __mmask16 ck_mask_of_16(ptrdiff_t n) { return (__mmask16)(n >= 16 ? 0xFFFF : n <= 0 ? 0 : (1 << n) - 1); }
CK_INLINE __m512i ck_pair_of_bf16(__m512 low, __m512 high) { return (__m512i)_mm512_cvtne2ps_pbh(high, low); }

// A row's generator: its key after each round, the layer's stream.
typedef struct ck_tile_random {
    uint64_t keys[2][10];
    uint64_t stream[2];
    __m512i threshold;
} ck_tile_random;

static void ck_tile_seed(const ck_attention *g, ptrdiff_t r, ck_tile_random *random) {
    uint32_t k0 = (uint32_t)g->row_keys[r], k1 = (uint32_t)(g->row_keys[r] >> 32);
    for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
        random->keys[0][round] = k0;
        random->keys[1][round] = k1;
    }
    random->stream[0] = g->layer_key & 0xFFFFFFFFu;
    random->stream[1] = g->layer_key >> 32;
    random->threshold = _mm512_set1_epi32((int)g->threshold);
}

// Philox4x32-10 on the eight blocks from `block`: bit i is set if word i is kept. A lane of 64 bits is a block; products read the low
// halves only, so the high ones may hold anything.
CK_INLINE uint32_t ck_tile_kept(const ck_tile_random *random, uint64_t block) {
    const __m512i m0 = _mm512_set1_epi64(0xD2511F53), m1 = _mm512_set1_epi64(0xCD9E8D57);
    __m512i c0 = _mm512_add_epi64(_mm512_set1_epi64((int64_t)block), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
    __m512i c1 = _mm512_srli_epi64(c0, 32);
    __m512i c2 = _mm512_set1_epi64((int64_t)random->stream[0]), c3 = _mm512_set1_epi64((int64_t)random->stream[1]);
#pragma clang loop unroll(full)
    for (int round = 0; round < 10; round++) {
        const __m512i p0 = _mm512_mul_epu32(c0, m0), p1 = _mm512_mul_epu32(c2, m1);
        const __m512i k0 = _mm512_set1_epi64((int64_t)random->keys[0][round]), k1 = _mm512_set1_epi64((int64_t)random->keys[1][round]);
        c0 = _mm512_ternarylogic_epi64(_mm512_shuffle_epi32(p1, _MM_PERM_DDBB), c1, k0, 0x96);
        c2 = _mm512_ternarylogic_epi64(_mm512_shuffle_epi32(p0, _MM_PERM_DDBB), c3, k1, 0x96);
        c1 = p1;
        c3 = p0;
    }
    const __m512i first = _mm512_mask_shuffle_epi32(c0, 0xAAAA, c1, _MM_PERM_CCAA);
    const __m512i second = _mm512_mask_shuffle_epi32(c2, 0xAAAA, c3, _MM_PERM_CCAA);
    const __m512i low = _mm512_permutex2var_epi64(first, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), second);
    const __m512i high = _mm512_permutex2var_epi64(first, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), second);
    return _mm512_cmpge_epu32_mask(low, random->threshold) | (uint32_t)_mm512_cmpge_epu32_mask(high, random->threshold) << 16;
}

// Which of elements first..first+count-1 are kept, 32 to a word; `step` words from one to the next.
CK_INLINE void ck_tile_kept_bits(const ck_tile_random *random, uint64_t first, ptrdiff_t count, uint32_t *bits, ptrdiff_t step) {
    const int lead = (int)(first & 3);
    uint64_t block = first / 4;
    uint32_t now = ck_tile_kept(random, block);
    for (ptrdiff_t i = 0; i < count; i += 32, bits += step) {
        uint32_t next = 0;
        if (lead || i + 32 < count) next = ck_tile_kept(random, block += 8);
        *bits = (uint32_t)(((uint64_t)next << 32 | now) >> lead);
        now = next;
    }
}
