// Rows of sums on their way out: sixteen at a time through the epilogue into either storage type.

#ifndef CK_CONV_FINISH_H
#define CK_CONV_FINISH_H

#include "ck_storage.h"

// n floats from `z`, which include the bias, to the elements from `at` on. The flags are constants after inlining.
CK_INLINE void ck_conv_finish_body(const int activates, const int relu, const int slopes, const ck_gate gate, const int adds,
                                   const ck_epilogue *e, const float *z, ptrdiff_t n, ck_out y, ptrdiff_t at) {
    for (ptrdiff_t i = 0; i < n; i += 16) {
        const ptrdiff_t left = ck_smaller(16, n - i);
        const f16 sum = f16_load(z + i);
        f16 v = sum;
        if (relu) v = f16_choose(v < 0.0f, f16_set(0.0f), v);
        else if (activates) v = f16_activate(e->activation, v);
        if (slopes) {
            const int by_input = e->activation == CK_GELU || e->activation == CK_GELU_TANH;
            ck_write16(e->slope, at + i, f16_activation_gradient(e->activation, by_input ? sum : v, f16_set(1.0f)), left);
        }
        if (gate == CK_GATE_OPEN) v = f16_choose(ck_read16(e->gate_data, at + i, left) > 0.0f, v, f16_set(0.0f));
        if (gate == CK_GATE_FACTOR) v *= ck_read16(e->gate_data, at + i, left);
        if (adds) v += ck_read16(e->residual, at + i, left);
        ck_write16(y, at + i, v, left);
    }
}

// Sums are readable, whatever they hold, up to the next multiple of sixteen.
static void ck_conv_finish(const ck_epilogue *e, const float *z, ptrdiff_t n, ck_out y, ptrdiff_t at) {
    const int slopes = e->slope.data != 0, adds = e->residual.data != 0;
    const int plain = e->activation == CK_IDENTITY, relu = e->activation == CK_RELU;
    if (!slopes && (plain || relu)) {
        if (relu && e->gate == CK_GATE_NONE && !adds) ck_conv_finish_body(1, 1, 0, CK_GATE_NONE, 0, e, z, n, y, at);
        else if (plain && e->gate == CK_GATE_NONE && !adds) ck_conv_finish_body(0, 0, 0, CK_GATE_NONE, 0, e, z, n, y, at);
        else if (plain && e->gate == CK_GATE_NONE) ck_conv_finish_body(0, 0, 0, CK_GATE_NONE, 1, e, z, n, y, at);
        else if (plain && e->gate == CK_GATE_OPEN && !adds) ck_conv_finish_body(0, 0, 0, CK_GATE_OPEN, 0, e, z, n, y, at);
        else ck_conv_finish_body(1, 0, 0, e->gate, adds, e, z, n, y, at);
    } else {
        ck_conv_finish_body(1, 0, slopes, e->gate, adds, e, z, n, y, at);
    }
}

// Whether the sums are the outputs.
static inline int ck_conv_is_bare(const ck_epilogue *e, ck_dtype type) {
    return type == CK_F32 && e->activation == CK_IDENTITY && e->gate == CK_GATE_NONE && !e->residual.data && !e->slope.data;
}

#endif
