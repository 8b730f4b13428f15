#include "ckernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Flush results to zero, take operands as zero.
enum { FLUSH = 0x8000 | 0x0040 };

unsigned ck_flush_subnormals(void) {
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | FLUSH);
    return before;
}

void ck_restore_subnormals(unsigned before) { _mm_setcsr(before); }
#else
unsigned ck_flush_subnormals(void) { return 0; }
void ck_restore_subnormals(unsigned before) { (void)before; }
#endif
