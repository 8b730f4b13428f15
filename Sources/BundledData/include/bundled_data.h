#ifndef LOCKSTEP_BUNDLED_DATA_H
#define LOCKSTEP_BUNDLED_DATA_H

#include <stddef.h>
#include <stdint.h>

/// The UCI handwritten digits: records of 64 pixels (8 rows of 8, values 0 to 16) and one label (0 to 9), in the fixed stratified order
/// that make_digits.py describes. See ATTRIBUTION.md.
const uint8_t *_Nonnull lockstep_digits_bytes(void);

/// The length of those bytes: 1,797 records of 65.
size_t lockstep_digits_count(void);

#endif
