#include "ckernels.h"

#if defined(__x86_64__)
#include <cpuid.h>

// Which register files the operating system saves on a context switch. CPUID alone does not say.
static unsigned long long extended_control_register_0(void) {
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (unsigned long long)high << 32 | low;
}

ck_isa ck_detect(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return CK_GENERIC;
    const unsigned fma = 1u << 12, osxsave = 1u << 27, avx = 1u << 28;
    if ((c & (fma | osxsave | avx)) != (fma | osxsave | avx)) return CK_GENERIC;
    const unsigned long long saved = extended_control_register_0();
    const unsigned long long ymm_state = 0x06, zmm_state = 0xE6;
    if ((saved & ymm_state) != ymm_state) return CK_GENERIC;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return CK_GENERIC;
    const unsigned avx2 = 1u << 5, f = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31;
    if (!(b & avx2)) return CK_GENERIC;
    if ((saved & zmm_state) != zmm_state) return CK_AVX2;
    return (b & (f | dq | bw | vl)) == (f | dq | bw | vl) ? CK_AVX512 : CK_AVX2;
}
#else
ck_isa ck_detect(void) { return CK_GENERIC; }
#endif
