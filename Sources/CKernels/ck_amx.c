// Tiles of bf16: overrides what they make faster; everything else is AVX-512's.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#include "ck_levels.h"

#define CK_LANES 16
#define CK_FUSED 1
#define CK_MASKS 16
#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang diagnostic ignored "-Wunused-function"
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,amx-tile,amx-bf16"))), apply_to = function)
#include "bodies/ck_layout.h"
#include "bodies/ck_vector.h"
#include "bodies/ck_math.h"
#include "amx/ck_amx_tiles.h"
#include "amx/ck_amx_peak.h"
#include "amx/ck_amx_gemm.h"
#include "amx/ck_amx_conv.h"
#include "amx/ck_amx_conv_choice.h"
#include "amx/ck_amx_attention.h"
#include "amx/ck_amx_lstm.h"
#include "amx/ck_amx_elementary.h"

void ck_fill_amx(ck_table *table) {
    ck_fill_amx_peak(table);
    ck_fill_amx_gemm(table);
    ck_fill_amx_conv(table);
    table->conv_prefers_pooled = ck_amx_conv_prefers_pooled;
    ck_fill_amx_attention(table);
    ck_fill_amx_lstm(table);
    table->elementary = ck_amx_elementary;
}
#pragma clang attribute pop
#endif
