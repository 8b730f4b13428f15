// Operands of a product laid out for its tiles.
//
// b goes into panels, each [k][CK_GEMM_WIDTH], one after the other; the last is as many whole registers wide as it needs, padded with
// zeros. a is used where it lies, or copied in dense blocks. bf16 is widened on the way.

#ifndef CK_GEMM_PACK_H
#define CK_GEMM_PACK_H

// The columns that `columns` take in panels.
CK_INLINE ptrdiff_t ck_gemm_padded(ptrdiff_t columns) { return (columns + CK_LANES - 1) / CK_LANES * CK_LANES; }

#if CK_LANES == 16
#define CK_TURN 16
typedef f16 ck_turn_row;
CK_INLINE ck_turn_row ck_turn_load(const ck_dtype type, const void *from, ptrdiff_t at, ptrdiff_t n) {
    return ck_read16((ck_in){from, type}, at, n);
}
#define CK_INTERLEAVE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
// Turns sixteen rows of sixteen, in place.
CK_INLINE void ck_turn(f16 *r) {
    f16 s[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i += 2) {
        s[i] = CK_INTERLEAVE(r[i], r[i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
        s[i + 1] = CK_INTERLEAVE(r[i], r[i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i += 4) {
        r[i] = CK_INTERLEAVE(s[i], s[i + 2], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
        r[i + 1] = CK_INTERLEAVE(s[i], s[i + 2], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
        r[i + 2] = CK_INTERLEAVE(s[i + 1], s[i + 3], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
        r[i + 3] = CK_INTERLEAVE(s[i + 1], s[i + 3], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    }
    // Now row 4i + j holds columns j, 4 + j, 8 + j, 12 + j of rows 4i to 4i + 3, four lanes each.
#pragma clang loop unroll(full)
    for (int j = 0; j < 4; j++) {
        s[j] = CK_INTERLEAVE(r[j], r[4 + j], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
        s[4 + j] = CK_INTERLEAVE(r[j], r[4 + j], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
        s[8 + j] = CK_INTERLEAVE(r[8 + j], r[12 + j], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
        s[12 + j] = CK_INTERLEAVE(r[8 + j], r[12 + j], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    }
#pragma clang loop unroll(full)
    for (int j = 0; j < 4; j++) {
        r[j] = CK_INTERLEAVE(s[j], s[8 + j], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
        r[8 + j] = CK_INTERLEAVE(s[j], s[8 + j], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
        r[4 + j] = CK_INTERLEAVE(s[4 + j], s[12 + j], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
        r[12 + j] = CK_INTERLEAVE(s[4 + j], s[12 + j], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    }
}
CK_INLINE void ck_turn_store(float *to, f16 v) { f16_store(to, v); }
#else
#define CK_TURN 8
typedef f8 ck_turn_row;
CK_INLINE ck_turn_row ck_turn_load(const ck_dtype type, const void *from, ptrdiff_t at, ptrdiff_t n) {
    if (type == CK_F32 && n == 8) return *(const f8_any *)((const float *)from + at);
    const f16 v = ck_read16((ck_in){from, type}, at, n);
    return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7);
}
CK_INLINE void ck_turn(f8 *r) { f8_turn(r); }
CK_INLINE void ck_turn_store(float *to, f8 v) { *(f8_any *)to = v; }
#endif

// One panel, `width` wide with `columns` filled, from b[n][k]; its rows begin out_row apart.
CK_INLINE void ck_pack_panel_turned(const ck_dtype type, const void *b, ptrdiff_t at, ptrdiff_t b_row, ptrdiff_t k, ptrdiff_t columns,
                                    ptrdiff_t width, float *out, ptrdiff_t out_row) {
    const ptrdiff_t whole = columns / CK_TURN * CK_TURN, k_whole = k / CK_TURN * CK_TURN;
    for (ptrdiff_t j = 0; j < width; j += CK_TURN) {
        ptrdiff_t p = 0;
        if (j < whole) {
            for (; p < k_whole; p += CK_TURN) {
                ck_turn_row r[CK_TURN];
#pragma clang loop unroll(full)
                for (int i = 0; i < CK_TURN; i++) r[i] = ck_turn_load(type, b, at + (j + i) * b_row + p, CK_TURN);
                ck_turn(r);
#pragma clang loop unroll(full)
                for (int i = 0; i < CK_TURN; i++) ck_turn_store(out + (p + i) * out_row + j, r[i]);
            }
        }
        for (; p < k; p += CK_TURN) {
            const ptrdiff_t steps = ck_smaller(CK_TURN, k - p);
            // A block at an edge, through memory; columns beyond the panel's width (a register narrower than a block) are not stored.
            float block[CK_TURN][CK_TURN];
            ck_turn_row r[CK_TURN];
            for (int i = 0; i < CK_TURN; i++) {
                r[i] = (ck_turn_row){0};
                if (j + i < columns) r[i] = ck_turn_load(type, b, at + (j + i) * b_row + p, steps);
            }
            ck_turn(r);
            for (int i = 0; i < CK_TURN; i++) ck_turn_store(block[i], r[i]);
            for (ptrdiff_t i = 0; i < steps; i++)
                memcpy(out + (p + i) * out_row + j, block[i], sizeof(float) * (size_t)ck_smaller(CK_TURN, width - j));
        }
    }
}

// One line of a panel.
CK_INLINE void ck_pack_line(const ck_dtype type, const void *b, ptrdiff_t at, ptrdiff_t columns, ptrdiff_t width, float *out) {
    if (type == CK_F32 && columns == CK_GEMM_WIDTH) {
        const float *from = (const float *)b + at;
#pragma clang loop unroll(full)
        for (int j = 0; j < 4; j++) *(vt_any *)(out + j * CK_LANES) = *(const vt_any *)(from + j * CK_LANES);
        return;
    }
    for (ptrdiff_t j = 0; j < width; j += 16) {
        const f16 v = j < columns ? ck_read16((ck_in){b, type}, at + j, ck_smaller(16, columns - j)) : f16_set(0.0f);
        ck_put(out + j, v, ck_smaller(16, width - j));
    }
}

// `columns` columns of b, from element `at` on, over k steps; `depth` steps lie between two panels' beginnings.
CK_INLINE void ck_pack_columns_of(const ck_dtype type, const void *b, ptrdiff_t at, ptrdiff_t b_row, int transposed, ptrdiff_t k,
                                  ptrdiff_t columns, ptrdiff_t depth, float *out) {
    if (transposed) {
        for (ptrdiff_t j = 0; j < columns; j += CK_GEMM_WIDTH) {
            const ptrdiff_t filled = ck_smaller(CK_GEMM_WIDTH, columns - j);
            ck_pack_panel_turned(type, b, at + j * b_row, b_row, k, filled, ck_gemm_padded(filled), out + j * depth, ck_gemm_padded(filled));
        }
        return;
    }
    for (ptrdiff_t p = 0; p < k; p++, at += b_row) {
        // Rows may be pages apart, where no hardware looks ahead.
        const char *const ahead = (const char *)b + (at + 8 * b_row) * (type == CK_F32 ? 4 : 2);
        for (ptrdiff_t j = 0; j < columns; j += CK_GEMM_WIDTH) {
            const ptrdiff_t filled = ck_smaller(CK_GEMM_WIDTH, columns - j), width = ck_gemm_padded(filled);
            for (ptrdiff_t line = 0; line < filled; line += 16) __builtin_prefetch(ahead + (j + line) * (type == CK_F32 ? 4 : 2), 0, 3);
            ck_pack_line(type, b, at + j, filled, width, out + j * depth + p * width);
        }
    }
}

static __attribute__((noinline)) void ck_pack_columns(ck_in b, ptrdiff_t at, ptrdiff_t b_row, int transposed, ptrdiff_t k,
                                                      ptrdiff_t columns, ptrdiff_t depth, float *out) {
    if (b.type == CK_F32) ck_pack_columns_of(CK_F32, b.data, at, b_row, transposed, k, columns, depth, out);
    else ck_pack_columns_of(CK_BF16, b.data, at, b_row, transposed, k, columns, depth, out);
}

// rows × columns of `from`, whose rows may be pages apart.
CK_INLINE void ck_copy_rows_of(const ck_dtype type, const void *from, ptrdiff_t at, ptrdiff_t from_row, ptrdiff_t rows,
                               ptrdiff_t columns, float *out, ptrdiff_t out_row) {
    const ptrdiff_t size = type == CK_F32 ? 4 : 2;
    for (ptrdiff_t i = 0; i < rows; i++, at += from_row, out += out_row) {
        const char *const near = (const char *)from + (at + 6 * from_row) * size, *const far = near + 24 * from_row * size;
        for (ptrdiff_t j = 0; j < columns; j += 16) {
            const ptrdiff_t left = ck_smaller(16, columns - j);
            __builtin_prefetch(near + j * size, 0, 3);
            __builtin_prefetch(far + j * size, 0, 2);
            ck_put(out + j, ck_read16((ck_in){from, type}, at + j, left), left);
        }
    }
}

static __attribute__((noinline)) void ck_copy_rows(ck_in from, ptrdiff_t at, ptrdiff_t from_row, ptrdiff_t rows, ptrdiff_t columns,
                                                   float *out, ptrdiff_t out_row) {
    if (from.type == CK_F32) ck_copy_rows_of(CK_F32, from.data, at, from_row, rows, columns, out, out_row);
    else ck_copy_rows_of(CK_BF16, from.data, at, from_row, rows, columns, out, out_row);
}

#endif
