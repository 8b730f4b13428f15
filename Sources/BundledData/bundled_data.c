#include "bundled_data.h"

// #embed is C23; clang has it in every mode, and says so.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t digits[] = {
#embed "data/digits.bin"
};

const uint8_t *lockstep_digits_bytes(void) { return digits; }

size_t lockstep_digits_count(void) { return sizeof digits; }
