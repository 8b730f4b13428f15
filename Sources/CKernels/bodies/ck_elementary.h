// The functions that other kernels are made of, one by one: tests hold each to its bound.

CK_INLINE f16 ck_elementary_value(const ck_elementary function, f16 v) {
    switch (function) {
    case CK_EXP: return f16_exp(v);
    case CK_LOG: return f16_log(v);
    case CK_LOG1P: return f16_log1p_unit(v);
    case CK_ERF: return f16_erf(v);
    case CK_LOSS_EXP: return f16_exp_below(v);
    // Without tiles both types of attention have the same.
    case CK_ATTENTION_EXP2:
    case CK_ATTENTION_EXP2_BF16: return ck_attention_power(v);
    }
    return v;
}

static void ck_elementary_function(ck_elementary function, ptrdiff_t count, const float *x, float *y) {
    CK_EACH(count, { CK_PUT(y, ck_elementary_value(function, CK_GET(x))); });
}
