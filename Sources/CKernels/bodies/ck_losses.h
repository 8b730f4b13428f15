// Softmax and losses, row by row. Sums over columns run in sixteen lanes folded in a fixed order.

// The lanes of the block at column c that lie in the row; the others hold `fill`.
CK_INLINE f16 ck_row_block(const float *row, ptrdiff_t c, ptrdiff_t columns, float fill) {
    if (c + 16 <= columns) return f16_load(row + c);
    const ptrdiff_t left = columns - c;
    return f16_choose(i16_lane() < (int32_t)left, f16_load_some(row + c, left), f16_set(fill));
}
CK_INLINE void ck_put_block(float *row, ptrdiff_t c, ptrdiff_t columns, f16 v) {
    ck_put(row + c, v, columns - c < 16 ? columns - c : 16);
}

CK_INLINE float ck_row_max(const float *row, ptrdiff_t columns) {
    f16 top = f16_set(-__builtin_inff());
    for (ptrdiff_t c = 0; c < columns; c += 16) top = f16_max(top, ck_row_block(row, c, columns, -__builtin_inff()));
    return f16_max_lane(top);
}

// Padding lanes hold -inf, so that their exponential is 0 (or NaN in a row that is all -inf, which is NaN anyway).
CK_INLINE float ck_row_exp_sum(const float *row, ptrdiff_t columns, float top) {
    f16 sum = {0};
    for (ptrdiff_t c = 0; c < columns; c += 16) sum += f16_exp(ck_row_block(row, c, columns, -__builtin_inff()) - top);
    return f16_sum(sum);
}

static void ck_softmax(ptrdiff_t rows, ptrdiff_t columns, const float *x, float *y) {
    for (ptrdiff_t r = 0; r < rows; r++) {
        const float *row = x + r * columns;
        const float top = ck_row_max(row, columns), share = 1.0f / ck_row_exp_sum(row, columns, top);
        for (ptrdiff_t c = 0; c < columns; c += 16)
            ck_put_block(y + r * columns, c, columns, f16_exp(ck_row_block(row, c, columns, 0.0f) - top) * share);
    }
}

static void ck_softmax_gradient(ptrdiff_t rows, ptrdiff_t columns, const float *y, const float *dy, float *dx) {
    for (ptrdiff_t r = 0; r < rows; r++) {
        const float *p = y + r * columns, *g = dy + r * columns;
        f16 sum = {0};
        for (ptrdiff_t c = 0; c < columns; c += 16)
            sum = CK_MULADD(ck_row_block(p, c, columns, 0.0f), ck_row_block(g, c, columns, 0.0f), sum);
        const float dot = f16_sum(sum);
        for (ptrdiff_t c = 0; c < columns; c += 16)
            ck_put_block(dx + r * columns, c, columns,
                         ck_row_block(p, c, columns, 0.0f) * (ck_row_block(g, c, columns, 0.0f) - dot));
    }
}

// Loss and gradient share the exponentials; logarithms are taken for sixteen rows at a time.
static void ck_softmax_cross_entropy(ptrdiff_t rows, ptrdiff_t columns, const float *logits, const int32_t *classes, float scale,
                                     float *row_loss, float *gradient) {
    float sums[16], chosen[16];
    for (ptrdiff_t r = 0; r < rows; r++) {
        const float *row = logits + r * columns;
        const float top = ck_row_max(row, columns);
        const float sum = ck_row_exp_sum(row, columns, top);
        if (gradient) {
            const float share = 1.0f / sum;
            for (ptrdiff_t c = 0; c < columns; c += 16) {
                f16 p = f16_exp(ck_row_block(row, c, columns, 0.0f) - top) * share;
                i16 hit = i16_lane() == (int32_t)(classes[r] - c);
                ck_put_block(gradient + r * columns, c, columns, f16_choose(hit, p - 1.0f, p) * scale);
            }
        }
        if (!row_loss) continue;
        sums[r % 16] = sum;
        chosen[r % 16] = row[classes[r]] - top;
        const ptrdiff_t held = r % 16 + 1;
        if (held == 16 || r == rows - 1)
            ck_put(row_loss + r + 1 - held, f16_log(ck_get(sums, held)) - ck_get(chosen, held), held);
    }
}

static void ck_binary_cross_entropy(ptrdiff_t rows, ptrdiff_t columns, const float *logits, const float *targets, float scale,
                                    float *row_loss, float *gradient) {
    const float factor = scale / (float)(columns > 0 ? columns : 1);
    for (ptrdiff_t r = 0; r < rows; r++) {
        const float *row = logits + r * columns, *goal = targets + r * columns;
        f16 sum = {0};
        for (ptrdiff_t c = 0; c < columns; c += 16) {
            f16 x = ck_row_block(row, c, columns, 0.0f), t = ck_row_block(goal, c, columns, 0.0f);
            f16 e = f16_exp(-f16_abs(x));
            if (row_loss) {
                f16 loss = f16_choose(x < 0.0f, f16_set(0.0f), x) - x * t + f16_log1p_unit(e);
                sum += f16_choose(i16_lane() < (int32_t)(columns - c), loss, f16_set(0.0f));
            }
            if (gradient) {
                f16 p = f16_choose(x < 0.0f, e, f16_set(1.0f)) / (e + 1.0f);
                ck_put_block(gradient + r * columns, c, columns, (p - t) * factor);
            }
        }
        if (row_loss) row_loss[r] = f16_sum(sum) / (float)columns;
    }
}

static void ck_mean_squared_error(ptrdiff_t rows, ptrdiff_t columns, const float *predictions, const float *targets, float scale,
                                  float *row_loss, float *gradient) {
    const float factor = 2.0f * scale / (float)(columns > 0 ? columns : 1);
    for (ptrdiff_t r = 0; r < rows; r++) {
        const float *row = predictions + r * columns, *goal = targets + r * columns;
        f16 sum = {0};
        for (ptrdiff_t c = 0; c < columns; c += 16) {
            f16 difference = ck_row_block(row, c, columns, 0.0f) - ck_row_block(goal, c, columns, 0.0f);
            sum = CK_MULADD(difference, difference, sum);
            if (gradient) ck_put_block(gradient + r * columns, c, columns, difference * factor);
        }
        if (row_loss) row_loss[r] = f16_sum(sum) / (float)columns;
    }
}
