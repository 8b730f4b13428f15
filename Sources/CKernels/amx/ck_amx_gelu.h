// GELU in both its forms, and its slope, good to bf16, where they ride beside tile products.
//
// A tile product keeps one of the two ports for vector arithmetic; the other has one instruction a cycle, and what GELU takes there is
// what it costs. So both functions come from tables, which permutations read on the port that is free: GELU is z·(½ ± p(|z|)), its slope
// ½ ± q(|z|), with p and q parabolas, one for each 1/6.125 of |z|. p is within 2^-16.7 and q within 2^-14.8; from |z| = 5 on both are ½.

#ifndef CK_AMX_GELU_H
#define CK_AMX_GELU_H

#include "ck_amx_gelu_tables.h"

#define CK_GELU_PER_UNIT 6.125f

CK_INLINE __m512 ck_gelu_entry(const float table[32], __m512i index) {
    return _mm512_permutex2var_ps(_mm512_load_ps(table), index, _mm512_load_ps(table + 16));
}

// `count` vectors at a time, stage by stage: one after the other, their chains would fill the scheduler and hold up the tiles.
#define CK_GELU_EACH _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++)

// ½ ± the parabola of |z|, with the sign of z.
CK_INLINE void ck_gelu_curves(const int count, const float table[3][32], const __m512i *index, const __m512 *size, const __m512 *sign,
                              __m512 *y) {
    CK_GELU_EACH y[i] = _mm512_fmadd_ps(ck_gelu_entry(table[2], index[i]), size[i], ck_gelu_entry(table[1], index[i]));
    CK_GELU_EACH y[i] = _mm512_fmadd_ps(y[i], size[i], ck_gelu_entry(table[0], index[i]));
    CK_GELU_EACH y[i] = _mm512_fmadd_ps(y[i], sign[i], _mm512_set1_ps(0.5f));
}

// z becomes GELU of z, by erf or by tanh; slope may be null. NaN stays NaN, in the slope too; infinities give what the formula would.
CK_INLINE void ck_amx_rough_gelus(const int count, const int by_erf, f16 *z, f16 *slope) {
    const __m512i sign_bit = _mm512_set1_epi32((int)0x80000000u), one = _mm512_castps_si512(_mm512_set1_ps(1.0f));
    __m512 size[4], sign[4], curve[4];
    __m512i index[4];
    // The second operand is the result where one is NaN.
    CK_GELU_EACH size[i] = _mm512_min_ps(_mm512_set1_ps(31 / CK_GELU_PER_UNIT), _mm512_castsi512_ps(_mm512_andnot_si512(sign_bit, (__m512i)z[i])));
    // Added to 2^23, the place in the table stands in the lowest bits, rounded; of them a permutation takes five.
    CK_GELU_EACH index[i] = _mm512_castps_si512(_mm512_fmadd_ps(size[i], _mm512_set1_ps(CK_GELU_PER_UNIT), _mm512_set1_ps(0x1p23f)));
    // 1 with the sign of z: (z and the sign bit) or one.
    CK_GELU_EACH sign[i] = _mm512_castsi512_ps(_mm512_ternarylogic_epi32((__m512i)z[i], sign_bit, one, 0xEA));
    if (slope) {
        ck_gelu_curves(count, ck_gelu_q[!!by_erf], index, size, sign, curve);
        CK_GELU_EACH slope[i] = (f16)curve[i];
    }
    ck_gelu_curves(count, ck_gelu_p[!!by_erf], index, size, sign, curve);
    CK_GELU_EACH z[i] = z[i] * (f16)curve[i];
}

#endif
