// Softmax cross-entropy over rows of any width: one pass over the logits for their maximum and the sum of exponentials, block by block in
// the first-level cache, and one for the gradient.

enum { CK_LOGIT_BLOCK = 2048 };

// e^x for x <= 0 to 4 units in the last place (5 where it is below 2^-100), 0 below the normal range; NaN stays NaN. As `f16_exp`
// without what only other arguments need: two of these per element are what a wide cross-entropy costs.
CK_INLINE f16 f16_exp_below(f16 x) {
    // Rounds to a whole number n and leaves n + 127 in the low bits.
    const f16 magic = f16_set(12582912.0f + 127.0f);
    const f16 shifted = CK_MULADD(x, f16_set(0x1.715476p+0f), magic);
    const f16 n = shifted - magic;
#if CK_FUSED
    const f16 r = CK_MULADD(n, f16_set(-0x1.62e43p-1f), x);
#else
    // In two parts, of which n times the first is exact.
    const f16 r = (x - n * 0x1.62ep-1f) - n * 0x1.0bfbe8p-15f;
#endif
    f16 p = f16_set(0x1.6db4e4p-10f);
    p = CK_MULADD(p, r, f16_set(0x1.123be0p-7f));
    p = CK_MULADD(p, r, f16_set(0x1.55545ep-5f));
    p = CK_MULADD(p, r, f16_set(0x1.55548ep-3f));
    p = CK_MULADD(p, r, f16_set(0.5f));
    p = CK_MULADD(p, r, f16_set(1.0f));
    p = CK_MULADD(p, r, f16_set(1.0f));
    return f16_choose(x < -87.0f, f16_set(0.0f), p * (f16)((i16)shifted << 23));
}

// The elements of a block, with `fill` after the last.
CK_INLINE f16 ck_logits(ck_in row, ptrdiff_t at, ptrdiff_t left) {
    const f16 v = ck_read16(row, at, left);
    return left == 16 ? v : f16_choose(i16_lane() < (int32_t)left, v, f16_set(-__builtin_inff()));
}

// The maximum of a row but for its NaN, which reach the sum of exp(x − maximum).
CK_INLINE float ck_logit_sum(ck_in row, ptrdiff_t columns, float *maximum) {
    float top = -__builtin_inff(), sum = 0;
    for (ptrdiff_t start = 0; start < columns; start += CK_LOGIT_BLOCK) {
        const ptrdiff_t count = ck_smaller(columns - start, CK_LOGIT_BLOCK);
        const ck_in block = ck_in_from(row, start);
        f16 a = f16_set(-__builtin_inff()), b = a;
        ptrdiff_t c = 0;
        for (; c + 32 <= count; c += 32) {
            const f16 u = ck_read16(block, c, 16), v = ck_read16(block, c + 16, 16);
            a = f16_choose(u > a, u, a);
            b = f16_choose(v > b, v, b);
        }
        for (; c < count; c += 16) {
            const f16 u = ck_logits(block, c, ck_smaller(count - c, 16));
            a = f16_choose(u > a, u, a);
        }
        const float here = f16_max_lane(f16_max(a, b)), old = top;
        top = here > top ? here : top;
        // So far nothing but -inf (and NaN): exponentials are 0, and -inf − -inf must not be formed.
        const float base = top == -__builtin_inff() ? 0.0f : top;
        f16 s = {0}, t = {0};
        for (c = 0; c + 32 <= count; c += 32) {
            s += f16_exp_below(ck_read16(block, c, 16) - base);
            t += f16_exp_below(ck_read16(block, c + 16, 16) - base);
        }
        for (; c < count; c += 16) s += f16_exp_below(ck_logits(block, c, ck_smaller(count - c, 16)) - base);
        if (old != top && start > 0) sum *= f16_exp_below(f16_set(old - base))[0];
        sum += f16_sum(s + t);
    }
    *maximum = top;
    return sum;
}

// (softmax − onehot)·factor; the row may be the gradient's memory.
CK_INLINE void ck_logit_gradient(ck_in row, ptrdiff_t columns, ptrdiff_t hit, float top, float share, float factor, ck_out gradient) {
    const float chosen = ck_element(row, hit), both = share * factor;
    CK_EACH(columns, { CK_DELIVER(gradient, f16_exp_below(CK_FETCH(row) - top) * both); });
    ck_write16(gradient, hit, (f16_exp_below(f16_set(chosen - top)) * share - 1.0f) * factor, 1);
}

// Narrow rows take each step sixteen at a time, so that one row's folds and division run while the next is summed; a wide row stays in the
// second-level cache from its sum to its gradient.
CK_INLINE void ck_sequence_rows(ptrdiff_t rows, ptrdiff_t positions, ptrdiff_t columns, ck_in logits, const int32_t *classes, float scale,
                                float *row_loss, ck_out gradient) {
    const float factor = scale / (float)positions;
    const ptrdiff_t together = columns <= 256 ? 16 : 1;
    float loss = 0, tops[16], sums[16], chosen[16];
    for (ptrdiff_t first = 0, position = 0; first < rows * positions; first += together) {
        const ptrdiff_t held = ck_smaller(together, rows * positions - first);
        for (ptrdiff_t l = 0; l < held; l++) {
            const ck_in row = ck_in_from(logits, (first + l) * columns);
            sums[l] = ck_logit_sum(row, columns, &tops[l]);
            chosen[l] = ck_element(row, classes[first + l]) - tops[l];
        }
        if (gradient.data)
            for (ptrdiff_t l = 0; l < held; l++) {
                const ptrdiff_t at = first + l;
                ck_logit_gradient(ck_in_from(logits, at * columns), columns, classes[at], tops[l], 1.0f / sums[l], factor,
                                  ck_out_from(gradient, at * columns));
            }
        if (!row_loss) continue;
        const f16 losses = f16_log(ck_get(sums, held)) - ck_get(chosen, held);
        for (ptrdiff_t l = 0; l < held; l++) {
            loss += losses[l];
            if (++position < positions) continue;
            *row_loss++ = loss / (float)positions;
            loss = 0;
            position = 0;
        }
    }
}

static void ck_sequence_cross_entropy(ptrdiff_t rows, ptrdiff_t positions, ptrdiff_t columns, ck_in logits, const int32_t *classes,
                                      float scale, float *row_loss, ck_out gradient) {
    CK_TYPED2(logits, gradient, ck_sequence_rows(rows, positions, columns, logits, classes, scale, row_loss, gradient));
}
