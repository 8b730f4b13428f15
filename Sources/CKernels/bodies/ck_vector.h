// The vectors that the bodies are written with. A level's file defines, before including this,
//   CK_LANES   lanes of a register (4, 8, 16): the register tiles of matrix products
//   CK_FUSED   1 if multiply-add is one instruction with one rounding
//   CK_MASKS   0 none, 8 AVX's masked loads, 16 AVX-512's
// Everything but matrix products is written with sixteen lanes at every level (the compiler splits them into registers), so sums over
// lanes have one order everywhere and the fused levels agree with one another bit for bit.

#ifndef CK_VECTOR_H
#define CK_VECTOR_H

#define CK_INLINE static inline __attribute__((always_inline))

typedef float f16 __attribute__((vector_size(64)));
typedef int32_t i16 __attribute__((vector_size(64)));
typedef uint32_t u16 __attribute__((vector_size(64)));
typedef uint8_t b16 __attribute__((vector_size(16)));
typedef float f8 __attribute__((vector_size(32)));
typedef int32_t i8 __attribute__((vector_size(32)));
typedef uint64_t w8 __attribute__((vector_size(64)));
typedef double d16 __attribute__((vector_size(128)));
typedef float f16_any __attribute__((vector_size(64), aligned(4), may_alias));
typedef d16 d16_any __attribute__((aligned(8), may_alias));
typedef float f8_any __attribute__((vector_size(32), aligned(4), may_alias));
typedef float f4 __attribute__((vector_size(16)));
typedef b16 b16_any __attribute__((aligned(1), may_alias));

// A register of the level.
typedef float vt __attribute__((vector_size(4 * CK_LANES)));
typedef int32_t vti __attribute__((vector_size(4 * CK_LANES)));
typedef float vt_any __attribute__((vector_size(4 * CK_LANES), aligned(4), may_alias));

#if CK_FUSED
#define CK_MULADD(a, b, c) __builtin_elementwise_fma((a), (b), (c))
#else
#define CK_MULADD(a, b, c) ((a) * (b) + (c))
#endif

CK_INLINE f16 f16_set(float x) { return (f16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
#if CK_LANES == 16
CK_INLINE vt vt_set(float x) { return f16_set(x); }
#elif CK_LANES == 8
CK_INLINE vt vt_set(float x) { return (vt){x, x, x, x, x, x, x, x}; }
#else
CK_INLINE vt vt_set(float x) { return (vt){x, x, x, x}; }
#endif
CK_INLINE f16 f16_load(const float *p) { return *(const f16_any *)p; }
CK_INLINE void f16_store(float *p, f16 v) { *(f16_any *)p = v; }
CK_INLINE f16 f16_choose(i16 mask, f16 yes, f16 no) { return (f16)(((i16)yes & mask) | ((i16)no & ~mask)); }
CK_INLINE i16 i16_lane(void) { return (i16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}; }

#if CK_MASKS == 16
CK_INLINE f16 f16_load_some(const float *p, ptrdiff_t n) {
    return (f16)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
CK_INLINE void f16_store_some(float *p, f16 v, ptrdiff_t n) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v); }
#elif CK_MASKS == 8
static const int32_t ck_mask_window[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
// Lanes `from`..`from`+7 of a sixteen-lane mask with n lanes on.
CK_INLINE __m256i ck_mask_at(ptrdiff_t n, int from) {
    return _mm256_loadu_si256((const __m256i *)(ck_mask_window + 16 - n + from));
}
CK_INLINE f16 f16_load_some(const float *p, ptrdiff_t n) {
    // Masked-out lanes are not read, so the second address may lie beyond the array.
    f8 low = (f8)_mm256_maskload_ps(p, ck_mask_at(n, 0)), high = (f8)_mm256_maskload_ps(p + 8, ck_mask_at(n, 8));
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
// Stores by halves, quarters and so on: AVX's masked store is slow on some processors.
CK_INLINE void f8_store_some(float *p, __m256 v, ptrdiff_t n) {
    __m128 rest = _mm256_castps256_ps128(v);
    if (n & 8) {
        _mm256_storeu_ps(p, v);
        return;
    }
    if (n & 4) {
        _mm_storeu_ps(p, rest);
        rest = _mm256_extractf128_ps(v, 1);
        p += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)p, rest);
        rest = _mm_movehl_ps(rest, rest);
        p += 2;
    }
    if (n & 1) _mm_store_ss(p, rest);
}
CK_INLINE void f16_store_some(float *p, f16 v, ptrdiff_t n) {
    __m256 low = (__m256)__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7);
    __m256 high = (__m256)__builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    if (n >= 8) {
        _mm256_storeu_ps(p, low);
        f8_store_some(p + 8, high, n - 8);
    } else {
        f8_store_some(p, low, n);
    }
}
#else
CK_INLINE f16 f16_load_some(const float *p, ptrdiff_t n) {
    f16 v = {0};
    for (ptrdiff_t i = 0; i < n; i++) v[i] = p[i];
    return v;
}
CK_INLINE void f16_store_some(float *p, f16 v, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) p[i] = v[i];
}
#endif

// The first n lanes of a register (1 <= n <= CK_LANES), the others zero.
#if CK_LANES == 16
CK_INLINE vt vt_load_some(const float *p, ptrdiff_t n) { return f16_load_some(p, n); }
CK_INLINE void vt_store_some(float *p, vt v, ptrdiff_t n) { f16_store_some(p, v, n); }
#elif CK_MASKS == 8
CK_INLINE vt vt_load_some(const float *p, ptrdiff_t n) { return (vt)_mm256_maskload_ps(p, ck_mask_at(n, 0)); }
CK_INLINE void vt_store_some(float *p, vt v, ptrdiff_t n) { f8_store_some(p, (__m256)v, n); }
#else
CK_INLINE vt vt_load_some(const float *p, ptrdiff_t n) {
    vt v = {0};
    for (ptrdiff_t i = 0; i < n; i++) v[i] = p[i];
    return v;
}
CK_INLINE void vt_store_some(float *p, vt v, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) p[i] = v[i];
}
#endif

// Makes a register's value opaque to the optimiser, which would otherwise do narrow work early instead of once at the end.
#if defined(__x86_64__) && CK_LANES * 4 == (CK_MASKS == 16 ? 64 : CK_MASKS == 8 ? 32 : 16)
#define CK_OPAQUE(v) __asm__("" : "+v"(v))
#else
#define CK_OPAQUE(v) ((void)0)
#endif

// The lanes of an integer register as bytes, the first n of them.
typedef uint8_t vtb __attribute__((vector_size(CK_LANES)));
typedef uint8_t vtb_any __attribute__((vector_size(CK_LANES), aligned(1), may_alias));
CK_INLINE void vtb_store_some(uint8_t *p, vti lanes, ptrdiff_t n) {
    const vtb bytes = __builtin_convertvector(lanes, vtb);
    if (n == CK_LANES) {
        *(vtb_any *)p = bytes;
    } else {
        uint8_t all[CK_LANES];
        *(vtb_any *)all = bytes;
        for (ptrdiff_t i = 0; i < n; i++) p[i] = all[i];
    }
}

// Lane l is four[index[l]], each index from 0 to 3. Only the levels with a shuffle for it have this.
#if CK_MASKS == 16
CK_INLINE vt vt_pick(const float *four, vti index) {
    return (vt)_mm512_permutevar_ps(_mm512_broadcast_f32x4(_mm_loadu_ps(four)), (__m512i)index);
}
#elif CK_MASKS == 8 && CK_LANES == 8
CK_INLINE vt vt_pick(const float *four, vti index) {
    return (vt)_mm256_permutevar_ps(_mm256_broadcast_ps((const __m128 *)four), (__m256i)index);
}
#elif CK_MASKS == 8
CK_INLINE vt vt_pick(const float *four, vti index) {
    const __m256 table = _mm256_broadcast_ps((const __m128 *)four);
    const i8 low = __builtin_shufflevector(index, index, 0, 1, 2, 3, 4, 5, 6, 7);
    const i8 high = __builtin_shufflevector(index, index, 8, 9, 10, 11, 12, 13, 14, 15);
    const f8 a = (f8)_mm256_permutevar_ps(table, (__m256i)low), b = (f8)_mm256_permutevar_ps(table, (__m256i)high);
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
#endif

// Sixteen bytes, or the first n of them.
CK_INLINE void b16_store_some(uint8_t *p, b16 v, ptrdiff_t n) {
    if (n == 16) {
        *(b16_any *)p = v;
    } else {
        uint8_t lanes[16];
        *(b16_any *)lanes = v;
        for (ptrdiff_t i = 0; i < n; i++) p[i] = lanes[i];
    }
}

// A loop over `count` elements in sixteens with one partial step at the end; BODY sees `i` and `left` and uses CK_GET and CK_PUT.
#define CK_EACH(count, BODY)                         \
    do {                                             \
        const ptrdiff_t each_ = (count);             \
        ptrdiff_t i = 0;                             \
        for (; i + 16 <= each_; i += 16) {           \
            const ptrdiff_t left = 16;               \
            BODY                                     \
        }                                            \
        if (i < each_) {                             \
            const ptrdiff_t left = each_ - i;        \
            BODY                                     \
        }                                            \
    } while (0)
#define CK_GET(p) ck_get((p) + i, left)
#define CK_PUT(p, v) ck_put((p) + i, (v), left)
CK_INLINE f16 ck_get(const float *p, ptrdiff_t left) { return left == 16 ? f16_load(p) : f16_load_some(p, left); }
CK_INLINE void ck_put(float *p, f16 v, ptrdiff_t left) {
    if (left == 16) f16_store(p, v);
    else f16_store_some(p, v, left);
}

// Sums and maxima over lanes, folded 8, 4, 2, 1.
CK_INLINE float f16_sum(f16 v) {
    f8 a = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    f4 b = __builtin_shufflevector(a, a, 0, 1, 2, 3) + __builtin_shufflevector(a, a, 4, 5, 6, 7);
    return (b[0] + b[2]) + (b[1] + b[3]);
}
// NaN in any lane gives NaN.
CK_INLINE f16 f16_max(f16 a, f16 b) { return f16_choose((b > a) | (b != b), b, a); }
CK_INLINE float f16_max_lane(f16 v) {
    v = f16_max(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    v = f16_max(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
    v = f16_max(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
    v = f16_max(v, __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
    return v[0];
}

// Turns eight rows of eight, in place.
CK_INLINE void f8_turn(f8 *r) {
    f8 s[8];
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i += 2) {
        s[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        s[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i += 4) {
        r[i] = __builtin_shufflevector(s[i], s[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        r[i + 1] = __builtin_shufflevector(s[i], s[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        r[i + 2] = __builtin_shufflevector(s[i + 1], s[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
        r[i + 3] = __builtin_shufflevector(s[i + 1], s[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) {
        s[i] = __builtin_shufflevector(r[i], r[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        s[i + 4] = __builtin_shufflevector(r[i], r[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) r[i] = s[i];
}

#endif
