// Eight lanes with fused multiply-add: x86 since about 2013.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>
#include "ck_levels.h"

#define CK_LANES 8
#define CK_FUSED 1
#define CK_MASKS 8
#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "bodies/ck_level.h"

void ck_fill_avx2(ck_table *table) { ck_fill(table); }
#pragma clang attribute pop
#endif
