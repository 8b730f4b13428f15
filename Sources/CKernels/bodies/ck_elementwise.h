// Elementwise operations, sums and dropout. Outputs may be exactly an input's memory.

static void ck_add(ptrdiff_t count, const float *a, const float *b, float *c) {
    CK_EACH(count, { CK_PUT(c, CK_GET(a) + CK_GET(b)); });
}

static void ck_subtract(ptrdiff_t count, const float *a, const float *b, float *c) {
    CK_EACH(count, { CK_PUT(c, CK_GET(a) - CK_GET(b)); });
}

static void ck_multiply(ptrdiff_t count, const float *a, const float *b, float *c) {
    CK_EACH(count, { CK_PUT(c, CK_GET(a) * CK_GET(b)); });
}

static void ck_scale(ptrdiff_t count, const float *a, float factor, float *c) {
    CK_EACH(count, { CK_PUT(c, CK_GET(a) * factor); });
}

static void ck_add_in_place(ptrdiff_t count, const float *a, float *b) {
    CK_EACH(count, { CK_PUT(b, CK_GET(b) + CK_GET(a)); });
}

// One loop per kind: the choice is made outside it.
#define CK_KINDS(BODY)                                            \
    switch (kind) {                                               \
    case CK_IDENTITY: BODY(CK_IDENTITY) break;                    \
    case CK_RELU: BODY(CK_RELU) break;                            \
    case CK_GELU: BODY(CK_GELU) break;                            \
    case CK_GELU_TANH: BODY(CK_GELU_TANH) break;                  \
    case CK_SIGMOID: BODY(CK_SIGMOID) break;                      \
    case CK_TANH: BODY(CK_TANH) break;                            \
    }

static void ck_activate(ck_activation kind, ptrdiff_t count, const float *x, float *y) {
#define CK_BODY(KIND) CK_EACH(count, { CK_PUT(y, f16_activate(KIND, CK_GET(x))); });
    CK_KINDS(CK_BODY)
#undef CK_BODY
}

static void ck_elementary_function(ck_elementary function, ptrdiff_t count, const float *x, float *y) {
    CK_EACH(count, {
        const f16 v = CK_GET(x);
        CK_PUT(y, function == CK_EXP ? f16_exp(v) : function == CK_LOG ? f16_log(v) : function == CK_LOG1P ? f16_log1p_unit(v) : f16_erf(v));
    });
}

static void ck_activation_gradient(ck_activation kind, ptrdiff_t count, const float *saved, const float *dy, float *dx) {
#define CK_BODY(KIND) CK_EACH(count, { CK_PUT(dx, f16_activation_gradient(KIND, CK_GET(saved), CK_GET(dy))); });
    CK_KINDS(CK_BODY)
#undef CK_BODY
}

// Element i belongs to lane i mod 16; products of two floats are exact in double, so fusing changes nothing.
// Blocks are shorter than what the processor needs to see in order to fetch ahead by itself: lines are asked for half a block ahead, also
// beyond the array's end, where a prefetch does nothing.
enum { CK_SQUARES_AHEAD = 2048 };
static double ck_sum_of_squares(ptrdiff_t count, const float *x) {
    d16 sum = {0};
    CK_EACH(count, {
        __builtin_prefetch(x + i + CK_SQUARES_AHEAD, 0, 3);
        d16 v = __builtin_convertvector(CK_GET(x), d16);
        sum += v * v;
    });
    double lanes[16];
    for (int l = 0; l < 16; l++) lanes[l] = sum[l];
    for (int half = 8; half > 0; half /= 2)
        for (int l = 0; l < half; l++) lanes[l] += lanes[l + half];
    return lanes[0];
}

// In row order. Several independent columns at a time keep the adders busy.
static void ck_column_sums(ptrdiff_t rows, ptrdiff_t columns, const float *a, float *sums) {
    ptrdiff_t j = 0;
    for (; j + 64 <= columns; j += 64) {
        f16 s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
        for (ptrdiff_t r = 0; r < rows; r++) {
            const float *p = a + r * columns + j;
            s0 += f16_load(p);
            s1 += f16_load(p + 16);
            s2 += f16_load(p + 32);
            s3 += f16_load(p + 48);
        }
        f16_store(sums + j, s0);
        f16_store(sums + j + 16, s1);
        f16_store(sums + j + 32, s2);
        f16_store(sums + j + 48, s3);
    }
    for (; j < columns; j += 16) {
        const ptrdiff_t left = columns - j < 16 ? columns - j : 16;
        f16 s = {0};
        for (ptrdiff_t r = 0; r < rows; r++) s += ck_get(a + r * columns + j, left);
        ck_put(sums + j, s, left);
    }
}

// Philox4x32-10 on eight blocks at once. A lane is a block; every word sits in the low half of a 64-bit lane, so that the products
// are single multiplications. The words come back in column order: block 0's four, block 1's four, …
CK_INLINE void ck_philox(uint64_t first_block, uint64_t stream, uint64_t seed, u16 *low, u16 *high) {
    const w8 mask = (w8){0} + 0xFFFFFFFFu;
    w8 block = (w8){0, 1, 2, 3, 4, 5, 6, 7} + first_block;
    w8 c0 = block & mask, c1 = block >> 32;
    w8 c2 = (w8){0} + (stream & 0xFFFFFFFFu), c3 = (w8){0} + (stream >> 32);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
#pragma clang loop unroll(full)
    for (int round = 0; round < 10; round++) {
        w8 p0 = c0 * 0xD2511F53u, p1 = c2 * 0xCD9E8D57u;
        c0 = (p1 >> 32) ^ c1 ^ (uint64_t)k0;
        c2 = (p0 >> 32) ^ c3 ^ (uint64_t)k1;
        c1 = p1 & mask;
        c3 = p0 & mask;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    w8 first = c0 | c1 << 32, second = c2 | c3 << 32;
    *low = (u16)__builtin_shufflevector(first, second, 0, 8, 1, 9, 2, 10, 3, 11);
    *high = (u16)__builtin_shufflevector(first, second, 4, 12, 5, 13, 6, 14, 7, 15);
}

static void ck_dropout(ptrdiff_t rows, ptrdiff_t columns, uint32_t threshold, float kept, uint64_t layer_key, const uint64_t *row_keys,
                       const float *x, float *y) {
    for (ptrdiff_t r = 0; r < rows; r++) {
        const uint64_t key = row_keys[r];
        for (ptrdiff_t c = 0; c < columns; c += 32) {
            u16 words[2];
            ck_philox((uint64_t)c / 4, layer_key, key, &words[0], &words[1]);
            for (int h = 0; h < 2; h++) {
                const ptrdiff_t at = c + 16 * h, rest = columns - at, left = rest < 16 ? rest : 16;
                if (left <= 0) break;
                i16 dropped = words[h] < threshold;
                f16 mask = f16_choose(dropped, f16_set(0.0f), f16_set(kept));
                ck_put(y + r * columns + at, ck_get(x + r * columns + at, left) * mask, left);
            }
        }
    }
}
