// Elementwise operations and sums in fp32, and the random words of dropout. Outputs may be exactly an input's memory.

static void ck_add(ptrdiff_t count, const float *a, const float *b, float *c) {
    CK_EACH(count, { CK_PUT(c, CK_GET(a) + CK_GET(b)); });
}

static void ck_subtract(ptrdiff_t count, const float *a, const float *b, float *c) {
    CK_EACH(count, { CK_PUT(c, CK_GET(a) - CK_GET(b)); });
}

static void ck_scale(ptrdiff_t count, const float *a, float factor, float *c) {
    CK_EACH(count, { CK_PUT(c, CK_GET(a) * factor); });
}

static void ck_add_in_place(ptrdiff_t count, const float *a, float *b) {
    CK_EACH(count, { CK_PUT(b, CK_GET(b) + CK_GET(a)); });
}

// Elements of a block of a global norm (Swift's `GlobalNorm.blockElements`).
enum { CK_NORM_BLOCK = 4096 };

// Element i belongs to lane i mod 16; products of two floats are exact in double, so fusing changes nothing.
// Blocks are shorter than what the processor needs to see in order to fetch ahead by itself, and come from the last to the first: beside
// each line of a block that of the block below is asked for, also below the array, where a prefetch does nothing.
static double ck_sum_of_squares(ptrdiff_t count, const float *x) {
    d16 sum = {0};
    CK_EACH(count, {
        __builtin_prefetch(x + i - CK_NORM_BLOCK, 0, 2);
        d16 v = __builtin_convertvector(CK_GET(x), d16);
        sum += v * v;
    });
    double lanes[16];
    for (int l = 0; l < 16; l++) lanes[l] = sum[l];
    for (int half = 8; half > 0; half /= 2)
        for (int l = 0; l < half; l++) lanes[l] += lanes[l + half];
    return lanes[0];
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
