// Operands of either storage type as sixteen floats at a time. Types are parameters here and constants where it matters: the macros at
// the end make one copy of a loop per type, so that no element asks what it is.

#ifndef CK_STORAGE_H
#define CK_STORAGE_H

typedef uint16_t s16 __attribute__((vector_size(32)));
typedef s16 s16_any __attribute__((aligned(2), may_alias));

// The first n halves (1 <= n < 16), zeros after them.
CK_INLINE s16 s16_load_some(const uint16_t *p, ptrdiff_t n) {
#if CK_MASKS == 16
    return (s16)_mm256_maskz_loadu_epi16((__mmask16)((1u << n) - 1), p);
#else
    uint16_t lanes[16] = {0};
    uint16_t *to = lanes;
#define CK_PART(COUNT)                    \
    if (n & COUNT) {                      \
        memcpy(to, p, 2 * COUNT);         \
        to += COUNT;                      \
        p += COUNT;                       \
    }
    CK_PART(8) CK_PART(4) CK_PART(2) CK_PART(1)
#undef CK_PART
    return *(const s16_any *)lanes;
#endif
}
CK_INLINE void s16_store_some(uint16_t *p, s16 v, ptrdiff_t n) {
#if CK_MASKS == 16
    _mm256_mask_storeu_epi16(p, (__mmask16)((1u << n) - 1), (__m256i)v);
#else
    uint16_t lanes[16];
    *(s16_any *)lanes = v;
    const uint16_t *from = lanes;
#define CK_PART(COUNT)                    \
    if (n & COUNT) {                      \
        memcpy(p, from, 2 * COUNT);       \
        from += COUNT;                    \
        p += COUNT;                       \
    }
    CK_PART(8) CK_PART(4) CK_PART(2) CK_PART(1)
#undef CK_PART
#endif
}

CK_INLINE f16 f16_from_halves(s16 v) { return (f16)(__builtin_convertvector(v, u16) << 16); }

// To the nearest bf16, ties to even; NaN stays NaN and becomes quiet.
CK_INLINE s16 f16_to_halves(f16 v) {
#if defined(CK_BF16_STORES)
    // The instruction of AVX-512 BF16, a quarter of the work below; it takes subnormal numbers for zeros.
    return (s16)_mm512_cvtneps_pbh((__m512)v);
#elif CK_MASKS == 16
    // The two choices as masks, so that ties and NaN cost an instruction each.
    const __m512i bits = (__m512i)v;
    __m512i rounded = _mm512_add_epi32(bits, _mm512_set1_epi32(0x7FFF));
    const __mmask16 odd = _mm512_test_epi32_mask(bits, _mm512_set1_epi32(0x10000));
    rounded = _mm512_mask_sub_epi32(rounded, odd, rounded, _mm512_set1_epi32(-1));
    const __mmask16 nan = _mm512_cmp_ps_mask((__m512)v, (__m512)v, _CMP_UNORD_Q);
    rounded = _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x400000));
    return (s16)_mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16));
#else
    const u16 bits = (u16)v, rounded = bits + 0x7FFFu + (bits >> 16 & 1u);
    const u16 nan = (u16)(v != v), all = (rounded & ~nan) | ((bits | 0x400000u) & nan);
    return __builtin_convertvector(all >> 16, s16);
#endif
}

// As bf16 would hold it.
CK_INLINE f16 f16_rounded(f16 v) { return f16_from_halves(f16_to_halves(v)); }

// Elements at ..< at + left (1 <= left <= 16), zeros after them.
CK_INLINE f16 ck_read16(ck_in x, ptrdiff_t at, ptrdiff_t left) {
    if (x.type == CK_F32) return ck_get((const float *)x.data + at, left);
    const uint16_t *p = (const uint16_t *)x.data + at;
    return f16_from_halves(left == 16 ? *(const s16_any *)p : s16_load_some(p, left));
}
CK_INLINE void ck_write16(ck_out y, ptrdiff_t at, f16 v, ptrdiff_t left) {
    if (y.type == CK_F32) {
        ck_put((float *)y.data + at, v, left);
    } else {
        uint16_t *p = (uint16_t *)y.data + at;
        if (left == 16) *(s16_any *)p = f16_to_halves(v);
        else s16_store_some(p, f16_to_halves(v), left);
    }
}
#define CK_FETCH(x) ck_read16((x), i, left)
#define CK_DELIVER(y, v) ck_write16((y), i, (v), left)

// The operand from element `at` on.
CK_INLINE ck_in ck_in_from(ck_in x, ptrdiff_t at) {
    x.data = (const char *)x.data + (x.type == CK_F32 ? 4 : 2) * at;
    return x;
}
CK_INLINE ck_out ck_out_from(ck_out y, ptrdiff_t at) {
    y.data = (char *)y.data + (y.type == CK_F32 ? 4 : 2) * at;
    return y;
}
CK_INLINE float ck_element(ck_in x, ptrdiff_t at) { return ck_read16(x, at, 1)[0]; }

// A statement once per type of each operand named.
#define CK_TYPED(a, ...)                                            \
    do {                                                            \
        if ((a).type == CK_F32) { (a).type = CK_F32; __VA_ARGS__; } \
        else { (a).type = CK_BF16; __VA_ARGS__; }                   \
    } while (0)
#define CK_TYPED_AGAIN(a, ...)                                      \
    do {                                                            \
        if ((a).type == CK_F32) { (a).type = CK_F32; __VA_ARGS__; } \
        else { (a).type = CK_BF16; __VA_ARGS__; }                   \
    } while (0)
#define CK_TYPED2(a, b, ...) CK_TYPED(a, CK_TYPED_AGAIN(b, __VA_ARGS__))

#endif
