// Sixteen lanes with fused multiply-add and masks. Features are listed rather than an architecture, whose tuning would prefer
// half-width registers.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#include "ck_levels.h"

#define CK_LANES 16
#define CK_FUSED 1
#define CK_MASKS 16
#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#include "bodies/ck_level.h"

void ck_fill_avx512(ck_table *table) { ck_fill(table); }
#pragma clang attribute pop
#endif
