// Rows of a table and the sums of their gradients; sums over rows. Indices have been checked.

#include "ck_storage.h"

// Tables are large and their rows are met in no order, which no hardware foresees; the index does.
enum { CK_ROWS_AHEAD = 2 };
CK_INLINE void ck_expect_row(const float *row, ptrdiff_t columns) {
    for (ptrdiff_t c = 0; c < columns; c += 16) __builtin_prefetch(row + c, 0, 3);
}

CK_INLINE void ck_embedding_rows(ptrdiff_t rows, ptrdiff_t length, ptrdiff_t columns, const int32_t *index, const float *table,
                                 const float *positions, ck_out y) {
    for (ptrdiff_t r = 0, place = 0; r < rows; r++) {
        const float *entry = table + (ptrdiff_t)index[r] * columns;
        const ck_out to = ck_out_from(y, r * columns);
        if (r + CK_ROWS_AHEAD < rows) ck_expect_row(table + (ptrdiff_t)index[r + CK_ROWS_AHEAD] * columns, columns);
        if (positions) {
            const float *at = positions + place * columns;
            CK_EACH(columns, { CK_DELIVER(to, CK_GET(entry) + CK_GET(at)); });
            place = place + 1 < length ? place + 1 : 0;
        } else {
            CK_EACH(columns, { CK_DELIVER(to, CK_GET(entry)); });
        }
    }
}
static void ck_embedding(ptrdiff_t rows, ptrdiff_t length, ptrdiff_t columns, const int32_t *index, const float *table,
                         const float *positions, ck_out y) {
    CK_TYPED(y, ck_embedding_rows(rows, length, columns, index, table, positions, y));
}

static void ck_embedding_gradient(ptrdiff_t rows, ptrdiff_t vocabulary, ptrdiff_t columns, const int32_t *index, ck_in dy, int accumulate,
                                  float *gradient) {
    if (!accumulate) memset(gradient, 0, sizeof(float) * (size_t)(vocabulary * columns));
    CK_TYPED(dy, {
        for (ptrdiff_t r = 0; r < rows; r++) {
            float *to = gradient + (ptrdiff_t)index[r] * columns;
            const ck_in from = ck_in_from(dy, r * columns);
            if (r + CK_ROWS_AHEAD < rows) ck_expect_row(gradient + (ptrdiff_t)index[r + CK_ROWS_AHEAD] * columns, columns);
            CK_EACH(columns, { CK_PUT(to, CK_GET(to) + CK_FETCH(from)); });
        }
    });
}

// In row order. Several independent columns at a time keep the adders busy.
static void ck_mixed_column_sums(ptrdiff_t rows, ptrdiff_t columns, ck_in x, float *sums) {
    CK_TYPED(x, {
        ptrdiff_t j = 0;
        for (; j + 128 <= columns; j += 128) {
            f16 s[8] = {0};
            for (ptrdiff_t r = 0; r < rows; r++)
                _Pragma("clang loop unroll(full)") for (int v = 0; v < 8; v++) s[v] += ck_read16(x, r * columns + j + 16 * v, 16);
            for (int v = 0; v < 8; v++) f16_store(sums + j + 16 * v, s[v]);
        }
        for (; j + 64 <= columns; j += 64) {
            f16 s[4] = {0};
            for (ptrdiff_t r = 0; r < rows; r++)
                _Pragma("clang loop unroll(full)") for (int v = 0; v < 4; v++) s[v] += ck_read16(x, r * columns + j + 16 * v, 16);
            for (int v = 0; v < 4; v++) f16_store(sums + j + 16 * v, s[v]);
        }
        for (; j < columns; j += 16) {
            const ptrdiff_t left = ck_smaller(columns - j, 16);
            f16 s = {0};
            for (ptrdiff_t r = 0; r < rows; r++) s += ck_read16(x, r * columns + j, left);
            ck_put(sums + j, s, left);
        }
    });
}

static void ck_fill_embedding(ck_table *t) {
    t->embedding = ck_embedding;
    t->embedding_gradient = ck_embedding_gradient;
    t->mixed_column_sums = ck_mixed_column_sums;
}
