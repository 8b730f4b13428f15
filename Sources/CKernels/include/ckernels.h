#ifndef CKERNELS_H
#define CKERNELS_H

// The kernel levels, in the order of Swift's `InstructionSet`.
typedef enum ck_isa { CK_SWIFT, CK_GENERIC, CK_AVX2, CK_AVX512, CK_AMX, CK_NEON } ck_isa;

// The highest level that the processor and the operating system carry, whatever the environment says.
ck_isa ck_detect(void);

#endif
