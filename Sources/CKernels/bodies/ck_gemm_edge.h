// Columns of c that fill no register, where a is transposed: rows of c fill them instead.
//
// A tile's rows are then columns of c and its registers sixteens of rows: what is broadcast and what is loaded change places, every chain
// of multiply-adds stays as it was. The finished tile is turned on its way to c.

#ifndef CK_GEMM_EDGE_H
#define CK_GEMM_EDGE_H

// Columns beyond whole registers that are better turned: a tile must hold them.
enum { CK_EDGE_COLUMNS = 12 };

// How many of the group's last columns are, in a block of so many rows.
CK_INLINE ptrdiff_t ck_gemm_turned(const ck_gemm_run *r, ptrdiff_t rows) {
    const ptrdiff_t columns = r->columns % CK_LANES;
    if (CK_LANES != 16 || r->a_mode != CK_BY_COLUMNS || columns == 0 || columns > CK_EDGE_COLUMNS || rows < 16) return 0;
    if (!r->plan.rests_in_c || !ck_gemm_is_plain(r->g) || r->g->epilogue.bias) return 0;
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

// All rows of a block, and the group's last columns from j on.
static __attribute__((noinline)) void ck_gemm_edge(ck_gemm_run *r, ptrdiff_t block, ptrdiff_t rows, ptrdiff_t j, ptrdiff_t columns) {
    const ck_gemm *g = r->g;
    const ptrdiff_t panel = j / CK_GEMM_WIDTH * CK_GEMM_WIDTH, width = ck_smaller(CK_GEMM_WIDTH, ck_gemm_padded(r->columns - panel));
    const int most = columns <= ck_tile_heights[3] ? 4 : columns <= ck_tile_heights[2] ? 3 : 2, load = g->accumulate || !r->first;
    float *const c = (float *)g->c.data + r->c_at + block * g->c_row + r->column + j, tile[CK_EDGE_COLUMNS * CK_GEMM_WIDTH];
    for (ptrdiff_t i = 0; i < rows;) {
        const int nv = (int)ck_smaller(most, (rows - i + 15) / 16);
        const ptrdiff_t across = nv * 16;
        const ck_tiles t = {
            .k = r->steps,
            .count = 1,
            .a = r->b + panel * r->depth + j - panel,
            .a_row = width,
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
