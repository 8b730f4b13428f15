#include <pthread.h>
#include "ck_levels.h"

// One table per level, all filled at the first call. A level starts as the one below it and overwrites what it has.
static ck_table tables[CK_NEON + 1];
static ck_table wide;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill_tables(void) {
    ck_fill_generic(&tables[CK_GENERIC]);
    tables[CK_NEON] = tables[CK_GENERIC];
    tables[CK_AVX2] = tables[CK_GENERIC];
#if defined(__x86_64__)
    ck_fill_avx2(&tables[CK_AVX2]);
    tables[CK_AVX512] = tables[CK_AVX2];
    ck_fill_avx512(&tables[CK_AVX512]);
    tables[CK_AVX512_BF16] = tables[CK_AVX512];
    ck_fill_avx512_bf16(&tables[CK_AVX512_BF16]);
    tables[CK_AMX] = tables[CK_AVX512_BF16];
    ck_fill_amx(&tables[CK_AMX]);
    wide = tables[CK_AVX2];
    ck_fill_wide(&wide);
#else
    tables[CK_AVX512] = tables[CK_AVX512_BF16] = tables[CK_AMX] = tables[CK_AVX2];
#endif
    for (int level = CK_GENERIC; level <= CK_NEON; level++) tables[level].isa = (ck_isa)level;
    wide.isa = CK_AVX2;
}

const ck_table *ck_kernels(ck_isa level) {
    pthread_once(&once, fill_tables);
    return level >= CK_GENERIC && level <= CK_NEON ? &tables[level] : 0;
}

const ck_table *ck_wide_kernels_for_tests(void) {
#if defined(__x86_64__)
    pthread_once(&once, fill_tables);
    return ck_detect() >= CK_AVX2 ? &wide : 0;
#else
    return 0;
#endif
}
