// AVX-512 where it rounds to bf16 in one instruction (VCVTNEPS2BF16): overrides what that makes faster. The product of bf16 pairs that
// comes with it (VDPBF16PS) is not used: it runs at half the rate of fp32's on Emerald Rapids (docs/performance.md).
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#include "ck_levels.h"

#define CK_LANES 16
#define CK_FUSED 1
#define CK_MASKS 16
#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang diagnostic ignored "-Wunused-function"
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma"))), apply_to = function)
#include "bodies/ck_layout.h"
#include "bodies/ck_vector.h"
#include "bodies/ck_math.h"

// Memory-bound kernels again, with the instruction that rounds to bf16.
#define CK_BF16_STORES 1
#include "bodies/ck_elementwise.h"
#include "bodies/ck_pooling.h"
#include "bodies/ck_norms.h"
#include "bodies/ck_embedding.h"
#include "bodies/ck_mixed.h"

void ck_fill_avx512_bf16(ck_table *table) {
    ck_fill_norms(table);
    ck_fill_embedding(table);
    ck_fill_mixed(table);
}
#pragma clang attribute pop
#endif
