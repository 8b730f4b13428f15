// Statistics of what leaves tiles (bodies/ck_moments.h): rows of up to 32 columns, read again where they were stored. In bf16 the two halves
// of each word are columns side by side, so that even and odd columns make a strip each and no lane has to move.

// One row: strips of even and odd columns in bf16, of the first and the next sixteen in fp32.
CK_INLINE void ck_tiled_measured(const int bf16, const int full, const void *y, ptrdiff_t at, __mmask32 lanes, f16 *a, f16 *b) {
    if (bf16) {
        const uint16_t *from = (const uint16_t *)y + at;
        // A masked load would wait until the store before it has reached the cache.
        const __m512i words = full ? _mm512_loadu_si512(from) : _mm512_maskz_loadu_epi16(lanes, from);
        *a = (f16)_mm512_slli_epi32(words, 16);
        *b = (f16)_mm512_and_si512(words, _mm512_set1_epi32((int)0xFFFF0000));
    } else {
        const float *from = (const float *)y + at;
        *a = full ? f16_load(from) : (f16)_mm512_maskz_loadu_ps((__mmask16)lanes, from);
        *b = full ? f16_load(from + 16) : (f16)_mm512_maskz_loadu_ps((__mmask16)(lanes >> 16), from + 16);
    }
}

CK_INLINE void ck_tiled_measure_body(const int bf16, const int full, ck_moment_strip *two, const void *y, ptrdiff_t at, ptrdiff_t row,
                                     ptrdiff_t rows, __mmask32 lanes) {
    f16 a, b, pilot_a = f16_load(two[0].pilot), pilot_b = f16_load(two[1].pilot);
    if (ck_moments_are_new(two)) {
        for (ptrdiff_t r = 0; r < rows; r++) {
            ck_tiled_measured(bf16, full, y, at + r * row, lanes, &a, &b);
            pilot_a += a;
            pilot_b += b;
        }
        pilot_a /= (float)rows;
        pilot_b /= (float)rows;
        f16_store(two[0].pilot, pilot_a);
        f16_store(two[1].pilot, pilot_b);
    }
    f16 sum_a = f16_load(two[0].near_sum), sum_b = f16_load(two[1].near_sum);
    f16 squares_a = f16_load(two[0].near_squares), squares_b = f16_load(two[1].near_squares);
    for (ptrdiff_t r = 0; r < rows; r++, at += row) {
        ck_tiled_measured(bf16, full, y, at, lanes, &a, &b);
        a -= pilot_a;
        b -= pilot_b;
        sum_a += a;
        sum_b += b;
        squares_a = CK_MULADD(a, a, squares_a);
        squares_b = CK_MULADD(b, b, squares_b);
    }
    f16_store(two[0].near_sum, sum_a);
    f16_store(two[1].near_sum, sum_b);
    f16_store(two[0].near_squares, squares_a);
    f16_store(two[1].near_squares, squares_b);
    ck_moments_count(&two[0], rows);
    ck_moments_count(&two[1], rows);
}

// `rows` rows of up to 32 columns, which make the two strips: `row` elements apart from element `at` of y on.
static __attribute__((noinline)) void ck_tiled_measure(ck_moment_strip *two, ck_out y, ptrdiff_t at, ptrdiff_t row, ptrdiff_t rows,
                                                       ptrdiff_t columns) {
    const __mmask32 lanes = ck_mask_of_32(columns);
    if (y.type == CK_BF16 && columns == 32) ck_tiled_measure_body(1, 1, two, y.data, at, row, rows, lanes);
    else if (y.type == CK_BF16) ck_tiled_measure_body(1, 0, two, y.data, at, row, rows, lanes);
    else if (columns == 32) ck_tiled_measure_body(0, 1, two, y.data, at, row, rows, lanes);
    else ck_tiled_measure_body(0, 0, two, y.data, at, row, rows, lanes);
}
