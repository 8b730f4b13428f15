// Columns of c that fill no register: rows of c fill them instead.
//
// What is broadcast and what is loaded change places, every chain of multiply-adds stays as it was. Where a is transposed, a tile's rows
// are columns of c and its registers sixteens of rows; the finished tile is turned on its way to c. Where a lies by rows, sixteen steps
// of sixteen rows are turned in registers: shuffles take one port, multiply-adds of a few columns the other.

#ifndef CK_GEMM_EDGE_H
#define CK_GEMM_EDGE_H

// Columns beyond whole registers that are better turned: a tile must hold them.
enum { CK_EDGE_COLUMNS = 12, CK_EDGE_COLUMNS_BY_ROWS = 4 };

// How many of the group's last columns are, in a block of so many rows.
CK_INLINE ptrdiff_t ck_gemm_turned(const ck_gemm_run *r, ptrdiff_t rows) {
    const ptrdiff_t columns = r->columns % CK_LANES;
    const ptrdiff_t most = r->a_mode == CK_BY_COLUMNS ? CK_EDGE_COLUMNS : CK_EDGE_COLUMNS_BY_ROWS;
    if (CK_LANES != 16 || columns == 0 || columns > most || rows < 16) return 0;
    if (!r->plan.rests_in_c || !ck_gemm_is_plain(r->g)) return 0;
    if (r->a_mode == CK_BY_ROWS) return columns;
    if (r->g->epilogue.bias) return 0;
    // Only a copy may be read beyond its rows.
    return r->plan.copies_a || rows % 16 == 0 ? columns : 0;
}

#if CK_LANES == 16
// Sixteen rows of c, `columns` of each, as as many rows of a tile; and back.
CK_INLINE void ck_edge_load(const float *c, ptrdiff_t c_row, ptrdiff_t rows, ptrdiff_t columns, float *tile, ptrdiff_t tile_row) {
    f16 v[16];
    for (int i = 0; i < 16; i++) v[i] = i < rows ? ck_get(c + i * c_row, columns) : f16_set(0.0f);
    ck_turn(v);
    for (ptrdiff_t j = 0; j < columns; j++) f16_store(tile + j * tile_row, v[j]);
}
CK_INLINE void ck_edge_store(float *c, ptrdiff_t c_row, ptrdiff_t rows, ptrdiff_t columns, const float *tile, ptrdiff_t tile_row) {
    f16 v[16];
    for (int j = 0; j < 16; j++) v[j] = j < columns ? f16_load(tile + j * tile_row) : f16_set(0.0f);
    ck_turn(v);
    for (ptrdiff_t i = 0; i < rows; i++) ck_put(c + i * c_row, v[i], columns);
}

// Sixteen rows of a, or the last ones, from `a` on; the first column of b at `b`, whose lines are b_row apart. `columns` is a constant
// after inlining.
CK_INLINE void ck_edge_rows(const int columns, const ck_gemm_run *r, const float *a, ptrdiff_t rows, const float *b, ptrdiff_t b_row,
                            const float *bias, float *c) {
    const ck_gemm *g = r->g;
    const float *row[16];
    f16 sum[CK_EDGE_COLUMNS_BY_ROWS];
    float line[16];
    for (ptrdiff_t i = 0; i < 16; i++) row[i] = a + ck_smaller(i, rows - 1) * r->a_row;
    for (int j = 0; j < columns; j++) {
        sum[j] = f16_set(bias && r->first ? bias[j] : 0.0f);
        if (!g->accumulate && r->first) continue;
        for (ptrdiff_t i = 0; i < 16; i++) line[i] = i < rows ? c[i * g->c_row + j] : 0.0f;
        sum[j] += f16_load(line);
    }
    for (ptrdiff_t p = 0; p < r->steps; p += 16) {
        const ptrdiff_t left = ck_smaller(16, r->steps - p);
        f16 v[16];
        if (left == 16) {
#pragma clang loop unroll(full)
            for (int i = 0; i < 16; i++) v[i] = f16_load(row[i] + p);
            ck_turn(v);
#pragma clang loop unroll(full)
            for (int q = 0; q < 16; q++, b += b_row)
#pragma clang loop unroll(full)
                for (int j = 0; j < columns; j++) sum[j] = CK_MULADD(v[q], f16_set(b[j]), sum[j]);
        } else {
            for (int i = 0; i < 16; i++) v[i] = ck_get(row[i] + p, left);
            ck_turn(v);
            for (ptrdiff_t q = 0; q < left; q++, b += b_row)
                for (int j = 0; j < columns; j++) sum[j] = CK_MULADD(v[q], f16_set(b[j]), sum[j]);
        }
    }
    for (int j = 0; j < columns; j++) {
        if (r->last && g->epilogue.activation == CK_RELU) sum[j] = (f16)((i16)sum[j] & ~(sum[j] < 0.0f));
        f16_store(line, sum[j]);
        for (ptrdiff_t i = 0; i < rows; i++) c[i * g->c_row + j] = line[i];
    }
}

#define CK_EDGE_CASE(N)                                                                        \
    case N:                                                                                    \
        ck_edge_rows(N, r, r->a + i * r->a_line, high, b, b_row, bias, c + i * g->c_row);      \
        break;
static __attribute__((noinline)) void ck_gemm_edge_by_rows(const ck_gemm_run *r, ptrdiff_t block, ptrdiff_t rows, ptrdiff_t j,
                                                           ptrdiff_t columns) {
    const ck_gemm *g = r->g;
    ptrdiff_t b_row;
    const float *const b = ck_gemm_columns(r, j, &b_row), *const bias = g->epilogue.bias ? g->epilogue.bias + r->column + j : 0;
    float *const c = (float *)g->c.data + r->c_at + block * g->c_row + r->column + j;
    for (ptrdiff_t i = 0; i < rows; i += 16) {
        const ptrdiff_t high = ck_smaller(16, rows - i);
        switch (columns) {
            CK_EDGE_CASE(1)
            CK_EDGE_CASE(2)
            CK_EDGE_CASE(3)
            CK_EDGE_CASE(4)
        }
    }
}

// All rows of a block, and the group's last columns from j on.
static __attribute__((noinline)) void ck_gemm_edge(ck_gemm_run *r, ptrdiff_t block, ptrdiff_t rows, ptrdiff_t j, ptrdiff_t columns) {
    if (r->a_mode == CK_BY_ROWS) {
        ck_gemm_edge_by_rows(r, block, rows, j, columns);
        return;
    }
    const ck_gemm *g = r->g;
    ptrdiff_t b_row;
    const float *const b = ck_gemm_columns(r, j, &b_row);
    const int most = columns <= ck_tile_heights[3] ? 4 : columns <= ck_tile_heights[2] ? 3 : 2, load = g->accumulate || !r->first;
    float *const c = (float *)g->c.data + r->c_at + block * g->c_row + r->column + j, tile[CK_EDGE_COLUMNS * CK_GEMM_WIDTH];
    for (ptrdiff_t i = 0; i < rows;) {
        const int nv = (int)ck_smaller(most, (rows - i + 15) / 16);
        const ptrdiff_t across = nv * 16;
        const ck_tiles t = {
            .k = r->steps,
            .count = 1,
            .a = b,
            .a_row = b_row,
            .b = r->a + i,
            .b_row = r->a_row,
            .c = tile,
            .c_row = across,
            .load = load,
            .relu = r->last && g->epilogue.activation == CK_RELU,
            .every = r->steps + 1,
        };
        for (ptrdiff_t q = 0; q < across && load; q += 16)
            ck_edge_load(c + (i + q) * g->c_row, g->c_row, ck_smaller(16, rows - i - q), columns, tile + q, across);
        ck_tile_functions[nv - 1][columns - 1][CK_BY_COLUMNS](&t);
        for (ptrdiff_t q = 0; q < across; q += 16)
            ck_edge_store(c + (i + q) * g->c_row, g->c_row, ck_smaller(16, rows - i - q), columns, tile + q, across);
        i += across;
    }
}
#else
static void ck_gemm_edge(ck_gemm_run *r, ptrdiff_t block, ptrdiff_t rows, ptrdiff_t j, ptrdiff_t columns) {}
#endif

#endif
