// Each level overwrites in a table what it does better than the level below; the generic one fills it whole.

#ifndef CK_LEVELS_H
#define CK_LEVELS_H

#include "ckernels.h"

void ck_fill_generic(ck_table *table);
#if defined(__x86_64__)
void ck_fill_avx2(ck_table *table);
void ck_fill_avx512(ck_table *table);
void ck_fill_wide(ck_table *table);
void ck_fill_avx512_bf16(ck_table *table);
void ck_fill_amx(ck_table *table);
#endif

#endif
