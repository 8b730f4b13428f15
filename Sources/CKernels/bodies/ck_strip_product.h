// c[m, n] (+)= a·b with dense rows of c, in blocks: rows of a, contraction steps, groups of columns of b that are packed together.

// Element (i, p) of a is a[rows[i] + steps[p]]; rows of b are n apart.
typedef struct ck_product {
    ptrdiff_t m, n, k;
    const float *a;
    const ptrdiff_t *rows, *steps;
    const float *b;
    int load;
    float *c;
} ck_product;

static void ck_multiply_matrices(const ck_product *g, float *workspace) {
    ptrdiff_t packed_offsets[CK_STEP_BLOCK];
    const ptrdiff_t deepest = ck_smaller(g->k, CK_STEP_BLOCK);
    float *const packed = ck_take(&workspace, deepest * CK_PACKED_COLUMNS);
    float *const tiles = ck_take(&workspace, deepest * (ck_smaller(g->m, CK_ROW_BLOCK) + CK_TALLEST_TILE));
    // Columns of a fall on few sets of the first-level cache. Packing costs a pass over a, which several panels of b must pay for.
    const int packs_rows = deepest > 64 && g->n > 2 * CK_PANEL && g->m > CK_TILE_ROWS;
    if (packs_rows)
        for (ptrdiff_t p = 0; p < deepest; p++) packed_offsets[p] = p * CK_TILE_ROWS;
    for (ptrdiff_t i = 0; i < g->m; i += CK_ROW_BLOCK) {
        const ptrdiff_t rows = ck_smaller(g->m - i, CK_ROW_BLOCK);
        for (ptrdiff_t p = 0; p < g->k; p += CK_STEP_BLOCK) {
            const ptrdiff_t steps = ck_smaller(g->k - p, CK_STEP_BLOCK);
            ck_strip s = {
                .a = g->a,
                .a_rows = g->rows + i,
                .steps = g->steps + p,
                .k = steps,
                .c_row = g->n,
                .load = g->load || p > 0,
            };
            if (packs_rows) {
                ck_pack_rows(&s, rows, tiles);
                s.a = tiles;
                s.a_row = 1;
                s.a_tile = steps * CK_TILE_ROWS;
                s.a_rows = 0;
                s.steps = packed_offsets;
            }
            for (ptrdiff_t group = 0; group < g->n; group += CK_PACKED_COLUMNS) {
                const ptrdiff_t columns = ck_smaller(g->n - group, CK_PACKED_COLUMNS);
                const float *b = g->b + p * g->n + group;
                const int packs = (CK_MASKS == 0 && columns % CK_LANES != 0) || (rows >= 4 * CK_TILE_ROWS && g->n > CK_PANEL);
                if (packs) ck_pack(b, g->n, steps, columns, packed);
                s.b_row = packs ? CK_PANEL : g->n;
                s.b_pair = packs ? steps * CK_PANEL : CK_PANEL;
                for (ptrdiff_t j = 0; j < columns;) {
                    const ptrdiff_t rest = columns - j;
                    const int registers = packs_rows ? (rest > CK_LANES ? 2 : 1) : ck_panel_registers(rest, rows);
                    const ptrdiff_t width = ck_smaller(rest, registers * CK_LANES);
                    s.b = packs ? packed + j * steps : b + j;
                    s.c = g->c + i * g->n + group + j;
                    s.tail = width - (registers - 1) * CK_LANES;
                    ck_run_panel(&s, rows, registers, width < registers * CK_LANES);
                    j += width;
                }
            }
        }
    }
}
