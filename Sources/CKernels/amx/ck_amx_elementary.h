// The functions that kernels on tiles are made of: see bodies/ck_elementary.h.

static void ck_amx_elementary(ck_elementary function, ptrdiff_t count, const float *x, float *y) {
    if (function != CK_ATTENTION_EXP2_BF16) {
        ck_amx_below.elementary(function, count, x, y);
        return;
    }
    for (ptrdiff_t i = 0; i < count; i += 16) {
        const __mmask16 lanes = ck_mask_of_16(count - i);
        _mm512_mask_storeu_ps(y + i, lanes, ck_tile_exp2(lanes, _mm512_maskz_loadu_ps(lanes, x + i)));
    }
}
