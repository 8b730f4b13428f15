// GELU by tanh, and its slope, good to bf16, where they ride beside tile products.
//
// A tile product keeps one of the two ports for vector arithmetic; the other has one instruction a cycle, and what GELU takes there is
// what it costs. So both functions come from tables, which permutations read on the port that is free: GELU is z·(½ ± p(|z|)), its slope
// ½ ± q(|z|), with p and q parabolas, one for each 1/6.125 of |z|. p is within 2^-16.7 and q within 2^-14.8; from |z| = 5 on both are ½.

#ifndef CK_AMX_GELU_H
#define CK_AMX_GELU_H

#define CK_GELU_PER_UNIT 6.125f

// Coefficients of p by rising powers.
static const float ck_gelu_p[3][32] __attribute__((aligned(64))) = {
    {
        -0x1.300c40p-20f, -0x1.e1d40cp-13f, -0x1.06487ep-9f, -0x1.8f9702p-8f,
        -0x1.8a64e6p-7f, -0x1.2690f8p-6f, -0x1.598ffcp-6f, -0x1.29eec8p-6f,
        -0x1.adb750p-8f, 0x1.f9783cp-7f, 0x1.88d3eap-5f, 0x1.6fb860p-4f,
        0x1.1ba82cp-3f, 0x1.8753c2p-3f, 0x1.f445c8p-3f, 0x1.2e3de6p-2f,
        0x1.5d98e4p-2f, 0x1.869da8p-2f, 0x1.a8893ap-2f, 0x1.c355a2p-2f,
        0x1.d78facp-2f, 0x1.e62360p-2f, 0x1.f028eap-2f, 0x1.f6b98cp-2f,
        0x1.fad136p-2f, 0x1.fd3dccp-2f, 0x1.fe9a98p-2f, 0x1.ff5452p-2f,
        0x1.ffb1dep-2f, 0x1.ffde5ep-2f, 0x1.fff256p-2f, 0x1.000000p-1f,
    },
    {
        0x1.98c5d8p-2f, 0x1.9d8704p-2f, 0x1.ac4d42p-2f, 0x1.c0ef7ep-2f,
        0x1.d65d68p-2f, 0x1.e71b16p-2f, 0x1.ee6126p-2f, 0x1.e8ed18p-2f,
        0x1.d59a66p-2f, 0x1.b53f38p-2f, 0x1.8a580ap-2f, 0x1.586450p-2f,
        0x1.2339a6p-2f, 0x1.dcdeb0p-3f, 0x1.79edb0p-3f, 0x1.21cc38p-3f,
        0x1.adb73cp-4f, 0x1.33bee4p-4f, 0x1.a945e8p-5f, 0x1.1b1a24p-5f,
        0x1.6a943ap-6f, 0x1.bdf474p-7f, 0x1.06eaaap-7f, 0x1.28a9bcp-8f,
        0x1.3fbf14p-9f, 0x1.48963ap-10f, 0x1.415e48p-11f, 0x1.2a96c4p-12f,
        0x1.07129cp-13f, 0x1.b6ca54p-15f, 0x1.59c36ep-16f, 0x0.0p+0f,
    },
    {
        -0x1.0bbceep-7f, -0x1.07f0a8p-5f, -0x1.fadcf4p-5f, -0x1.634518p-4f,
        -0x1.aee8a4p-4f, -0x1.dd0116p-4f, -0x1.ed9b1ap-4f, -0x1.e39e98p-4f,
        -0x1.c44002p-4f, -0x1.95ba78p-4f, -0x1.5e73f2p-4f, -0x1.242dcap-4f,
        -0x1.d70ac2p-5f, -0x1.6f7f3cp-5f, -0x1.15a17ap-5f, -0x1.962ef2p-6f,
        -0x1.1f94cap-6f, -0x1.89cecep-7f, -0x1.0475dcp-7f, -0x1.4c5940p-8f,
        -0x1.987178p-9f, -0x1.e2a266p-10f, -0x1.11aef6p-10f, -0x1.295c92p-11f,
        -0x1.34f336p-12f, -0x1.325eaep-13f, -0x1.216e94p-14f, -0x1.04014ap-15f,
        -0x1.bb61ecp-17f, -0x1.662932p-18f, -0x1.1199a8p-19f, 0x0.0p+0f,
    },
};
// The same of q.
static const float ck_gelu_q[3][32] __attribute__((aligned(64))) = {
    {
        -0x1.2f9ce0p-18f, -0x1.db11ecp-11f, -0x1.f1372ap-8f, -0x1.5f5d3ap-6f,
        -0x1.2fb510p-5f, -0x1.5f28fcp-5f, -0x1.90bf8ap-6f, 0x1.ef68e8p-6f,
        0x1.0377fep-3f, 0x1.0bb242p-2f, 0x1.b0a3a0p-2f, 0x1.2f4fc6p-1f,
        0x1.81092cp-1f, 0x1.c4de14p-1f, 0x1.f4ca5ap-1f, 0x1.070c88p+0f,
        0x1.08af32p+0f, 0x1.00f02ep+0f, 0x1.e4ab88p-1f, 0x1.bf7e32p-1f,
        0x1.97cf44p-1f, 0x1.720e9ep-1f, 0x1.513b4ap-1f, 0x1.36d2f8p-1f,
        0x1.230a52p-1f, 0x1.153076p-1f, 0x1.0c1c30p-1f, 0x1.068894p-1f,
        0x1.0352bcp-1f, 0x1.01976ap-1f, 0x1.00b772p-1f, 0x1.000000p-1f,
    },
    {
        0x1.990736p-1f, 0x1.a26b8ap-1f, 0x1.be6282p-1f, 0x1.e17638p-1f,
        0x1.fde89ap-1f, 0x1.0339c2p+0f, 0x1.f1df4cp-1f, 0x1.bd65a2p-1f,
        0x1.6ce778p-1f, 0x1.098870p-1f, 0x1.3e4188p-2f, 0x1.cc123ap-4f,
        -0x1.db4de2p-5f, -0x1.8162bep-3f, -0x1.17f586p-2f, -0x1.42f4c8p-2f,
        -0x1.484b9ap-2f, -0x1.316554p-2f, -0x1.088e94p-2f, -0x1.aea9c0p-3f,
        -0x1.4ae938p-3f, -0x1.e1387ap-4f, -0x1.4b748ep-4f, -0x1.b09b52p-5f,
        -0x1.0b6226p-5f, -0x1.38d31ep-6f, -0x1.5a0fc4p-7f, -0x1.69961cp-8f,
        -0x1.64687ap-9f, -0x1.4af95ap-10f, -0x1.212c24p-11f, 0x0.0p+0f,
    },
    {
        -0x1.0b8dbcp-5f, -0x1.05e026p-3f, -0x1.ec9ea0p-3f, -0x1.4d4accp-2f,
        -0x1.7feeb0p-2f, -0x1.8c3608p-2f, -0x1.75bc6cp-2f, -0x1.448cd2p-2f,
        -0x1.02edecp-2f, -0x1.76aaeep-3f, -0x1.dab44ap-4f, -0x1.da7f60p-5f,
        -0x1.988d36p-7f, 0x1.3f8b32p-6f, 0x1.3eb292p-5f, 0x1.87c11ep-5f,
        0x1.907646p-5f, 0x1.6e9ca6p-5f, 0x1.3580f0p-5f, 0x1.e8a496p-6f,
        0x1.6b433ap-6f, 0x1.fe8606p-7f, 0x1.53b0e0p-7f, 0x1.ac4eb2p-8f,
        0x1.ffa37ep-9f, 0x1.215ce4p-9f, 0x1.35a9d8p-10f, 0x1.393368p-11f,
        0x1.2b0a00p-12f, 0x1.0d2eb4p-13f, 0x1.c843dap-15f, 0x0.0p+0f,
    },
};

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

// z becomes GELU of z; slope may be null. NaN stays NaN, in the slope too; infinities give what the formula would.
CK_INLINE void ck_amx_rough_gelus(const int count, f16 *z, f16 *slope) {
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
        ck_gelu_curves(count, ck_gelu_q, index, size, sign, curve);
        CK_GELU_EACH slope[i] = (f16)curve[i];
    }
    ck_gelu_curves(count, ck_gelu_p, index, size, sign, curve);
    CK_GELU_EACH z[i] = z[i] * (f16)curve[i];
}

#endif
