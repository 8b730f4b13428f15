// Counts heap allocations of one thread, for tests that promise "this allocates nothing".
//
// On glibc this target defines malloc and its kin in the test executable; each counts and calls the C library's own. Elsewhere nothing is
// interposed and allocation_count_supported() says so.
#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

#include <stdint.h>

// 1 where allocations are counted.
int allocation_count_supported(void);

// Sets this thread's counter to zero and starts counting.
void allocation_count_begin(void);

// Stops counting; the number of allocations that this thread made since the beginning.
int64_t allocation_count_end(void);

#endif
