// What the multipliers can do at most: products in registers and nothing else. The yardstick of `bench kernels`, never part of a result.

// Runs `rounds` rounds of independent chains and returns the floating-point operations done. The sums go to `sink`, so that no compiler
// may leave them out.
static double ck_peak(ptrdiff_t rounds, float *sink) {
    enum { CHAINS = 12 };
    vt sum[CHAINS];
    const vt factor = vt_set(0.999f), term = vt_set(1e-3f);
#pragma clang loop unroll(full)
    for (int i = 0; i < CHAINS; i++) sum[i] = vt_set((float)i);
    for (ptrdiff_t r = 0; r < rounds; r++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < CHAINS; i++) sum[i] = CK_MULADD(sum[i], factor, term);
#pragma clang loop unroll(full)
        for (int i = 0; i < CHAINS; i++) CK_OPAQUE(sum[i]);
    }
    vt all = sum[0];
    for (int i = 1; i < CHAINS; i++) all += sum[i];
    *(vt_any *)sink = all;
    return 2.0 * CHAINS * CK_LANES * (double)rounds;
}

static void ck_fill_peak(ck_table *t) { t->peak = ck_peak; }
