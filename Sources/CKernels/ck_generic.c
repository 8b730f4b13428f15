// Four lanes, multiply then add: any architecture.
#include <string.h>
#include "ck_levels.h"

#define CK_LANES 4
#define CK_FUSED 0
#define CK_MASKS 0
#pragma clang diagnostic ignored "-Wpsabi"
#include "bodies/ck_level.h"

void ck_fill_generic(ck_table *table) { ck_fill(table); }
