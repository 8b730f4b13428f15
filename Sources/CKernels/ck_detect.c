#include "ckernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <pthread.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

// Which register files the operating system saves on a context switch. CPUID alone does not say.
static unsigned long long extended_control_register_0(void) {
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (unsigned long long)high << 32 | low;
}

// Linux saves the 8 KiB of tile data only for processes that asked for it (since 5.16). The permission is the process's and is
// inherited by its threads.
static int may_use_tiles(void) {
#if defined(__linux__)
    const long request_permission = 0x1023, tile_data = 18;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return 0;
#endif
}

static ck_isa detect(void) {
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
    if ((b & (f | dq | bw | vl)) != (f | dq | bw | vl)) return CK_AVX2;
    const unsigned leaf7_d = d, amx_bf16 = 1u << 22, amx_tile = 1u << 24, bf16 = 1u << 5;
    if (!__get_cpuid_count(7, 1, &a, &b, &c, &d) || !(a & bf16)) return CK_AVX512;
    const unsigned long long tile_state = 0x60000;
    if ((leaf7_d & (amx_bf16 | amx_tile)) != (amx_bf16 | amx_tile) || (saved & tile_state) != tile_state) return CK_AVX512_BF16;
    return may_use_tiles() ? CK_AMX : CK_AVX512_BF16;
}

// Asked once: the answer includes a system call.
static ck_isa detected;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static void detect_once(void) { detected = detect(); }
ck_isa ck_detect(void) {
    pthread_once(&once, detect_once);
    return detected;
}
#else
ck_isa ck_detect(void) { return CK_GENERIC; }
#endif
