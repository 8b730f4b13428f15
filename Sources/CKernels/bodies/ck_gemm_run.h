// One block of rows of c against one group of panels of b: which tiles run where, what they fetch on the way, where sums are finished.

#ifndef CK_GEMM_RUN_H
#define CK_GEMM_RUN_H

// What tiles fetch on their way: a line for each step of k, the lines `row` bytes apart; those of the tile after it `next` bytes on.
typedef struct ck_stream {
    const char *from;
    ptrdiff_t row, next;
} ck_stream;

// One chunk of one group of one member of a batch.
typedef struct ck_gemm_run {
    const ck_gemm *g;
    ck_gemm_plan plan;
    // Element of c where the member begins.
    ptrdiff_t c_at;
    // Rows of this round; the columns of the group and the steps of the chunk.
    ptrdiff_t row, rows, column, columns, step, steps;
    int first, last;
    // Element of a where the member begins; the block of it in use, as tiles read it: how far its stored rows and those of c's lie apart.
    ptrdiff_t a_at;
    const float *a;
    ptrdiff_t a_row, a_line;
    int a_mode;
    // The group's columns of b from the chunk's first step on, or their panels, each of `depth` lines.
    const float *b;
    ptrdiff_t depth;
    // Where the next group of b begins, if it is far, and how many tiles of this round have fetched of it.
    const char *next_b;
    ptrdiff_t fetched;
    float *resting;
    float *copy;
} ck_gemm_run;

// What remains to be done to finished sums, the bias being in them.
CK_INLINE ck_epilogue ck_gemm_rest(const ck_gemm *g) {
    ck_epilogue rest = g->epilogue;
    rest.bias = 0;
    return rest;
}
// Whether sums are outputs as soon as they are complete, but for a relu that tiles do themselves.
CK_INLINE int ck_gemm_is_plain(const ck_gemm *g) {
    const ck_epilogue *e = &g->epilogue;
    return g->c.type == CK_F32 && (e->activation == CK_IDENTITY || e->activation == CK_RELU) && e->gate == CK_GATE_NONE
        && !e->residual.data && !e->slope.data;
}

// Tiles of `rows` rows and nv registers from row i (of the block) and column j (of the group) on: `count` of them down the rows or
// along the panels. The first `columns` of a tile are c's.
static void ck_gemm_tiles(const ck_gemm_run *r, ptrdiff_t block, ptrdiff_t i, ptrdiff_t rows, ptrdiff_t j, int nv, ptrdiff_t count,
                          int down, ptrdiff_t columns, ck_stream fetch) {
    const ck_gemm *g = r->g;
    const int whole = columns == nv * CK_LANES, plain = ck_gemm_is_plain(g), load = g->accumulate || !r->first;
    const int direct = r->plan.b == CK_B_DIRECT;
    const ptrdiff_t at = r->c_at + (block + i) * g->c_row + r->column + j, panel = j / CK_GEMM_WIDTH * CK_GEMM_WIDTH;
    const ptrdiff_t width = ck_smaller(CK_GEMM_WIDTH, ck_gemm_padded(r->columns - panel));
    // Panels packed beforehand hold all of k.
    const float *const b = direct ? r->b + j : r->b + panel * r->depth + (r->plan.b == CK_B_PACKED ? r->step * width : 0) + j - panel;
    float buffer[CK_GEMM_TALLEST * CK_GEMM_WIDTH], bias[CK_GEMM_WIDTH];
    ck_tiles t = {
        .k = r->steps,
        .count = count,
        .a = r->a + i * r->a_line,
        .a_row = r->a_row,
        .a_next = down ? rows * r->a_line : 0,
        .b = b,
        .b_row = direct ? g->b_row : width,
        .b_next = down ? 0 : CK_GEMM_WIDTH * (direct ? 1 : r->depth),
        .load = load,
        .relu = plain && r->last && g->epilogue.activation == CK_RELU,
        .lanes = columns - (nv - 1) * CK_LANES,
        .bias_next = down ? 0 : CK_GEMM_WIDTH,
        .fetch = fetch.from ? fetch.from : (const char *)b,
        .fetch_row = fetch.row,
        .fetch_next = fetch.next,
    };
    if (r->first && g->epilogue.bias) {
        t.bias = g->epilogue.bias + r->column + j;
        if (!whole) {
            memcpy(bias, t.bias, sizeof(float) * (size_t)columns);
            for (ptrdiff_t l = columns; l < nv * CK_LANES; l++) bias[l] = 0.0f;
            t.bias = bias;
        }
    }
    const int mode = r->a_mode == CK_BY_ROWS && !whole && direct ? CK_BY_ROWS_MASKED : r->a_mode;
    const ck_tile_function run = ck_tile_functions[nv - 1][rows - 1][mode];
    const ck_epilogue none = {0}, rest = ck_gemm_rest(g);
    const ck_in old = {g->c.data, g->c.type};
    if (r->plan.rests_in_c) {
        t.edge = whole ? 0 : columns - (nv - 1) * CK_LANES;
        t.c = (float *)g->c.data + at;
        t.c_row = g->c_row;
        t.c_next = down ? rows * g->c_row : CK_GEMM_WIDTH;
        run(&t);
        if (!r->last || plain) return;
        const ptrdiff_t high = down ? count * rows : rows;
        for (ptrdiff_t n = 0; n < (down ? 1 : count); n++)
            ck_finish(&rest, g->c, at + n * CK_GEMM_WIDTH, g->c_row, 0, high, columns, t.c + n * CK_GEMM_WIDTH, g->c_row);
        return;
    }
    // One tile at a time, in the buffer or where its sums rest.
    const int rests = !r->plan.rests_in_c && r->resting;
    for (ptrdiff_t n = 0; n < count; n++) {
        const ptrdiff_t tile_at = at + n * (down ? rows * g->c_row : CK_GEMM_WIDTH);
        t.count = 1;
        t.c = buffer;
        t.c_row = nv * CK_LANES;
        if (rests) {
            const ptrdiff_t row = block - r->row + i + (down ? n * rows : 0);
            t.c = r->resting + row * r->plan.group + j + (down ? 0 : n * CK_GEMM_WIDTH);
            t.c_row = r->plan.group;
        }
        if (load && (!rests || r->first))
            for (ptrdiff_t l = 0; l < rows; l++)
                for (ptrdiff_t q = 0; q < nv * CK_LANES; q += 16) {
                    const f16 v = q < columns ? ck_in_get(old, tile_at + l * g->c_row + q, ck_smaller(16, columns - q)) : f16_set(0.0f);
                    ck_put(t.c + l * t.c_row + q, v, ck_smaller(16, nv * CK_LANES - q));
                }
        run(&t);
        if (r->last || !rests) ck_finish(r->last && !plain ? &rest : &none, g->c, tile_at, g->c_row, 0, rows, columns, t.c, t.c_row);
        t.a += t.a_next;
        t.b += t.b_next;
        t.fetch += t.fetch_next;
        if (t.bias) t.bias += t.bias_next;
    }
}

static ptrdiff_t ck_bytes_of(ck_dtype type) { return type == CK_F32 ? 4 : 2; }

// A quarter of the next group's b, of which every tile of a panel's width fetches one: a line of each row, or a quarter of the rows.
static ck_stream ck_stream_of_b(ck_gemm_run *r, ptrdiff_t tiles, int down) {
    const ck_gemm *g = r->g;
    const ptrdiff_t size = ck_bytes_of(g->b.type), quarter = g->transpose_b ? CK_GEMM_WIDTH / 4 * g->b_row * size : 64;
    if (!r->next_b || r->fetched >= 4) return (ck_stream){0};
    const char *const from = r->next_b + r->fetched * quarter;
    r->fetched += tiles;
    return (ck_stream){from, g->transpose_b ? 64 : g->b_row * size,
                      down ? quarter : CK_GEMM_WIDTH * size * (g->transpose_b ? g->b_row : 1)};
}

// A third of the rows of a that come after this block, of which every tile from the n-th to the third fetches one.
static ck_stream ck_stream_of_a(const ck_gemm_run *r, ptrdiff_t block, ptrdiff_t rows, ptrdiff_t n) {
    const ck_gemm *g = r->g;
    const ptrdiff_t size = ck_bytes_of(g->a.type), next = block + rows < r->row + r->rows ? block + rows : r->row;
    if (n >= 3 || (!g->transpose_a && g->a_row != r->steps)) return (ck_stream){0};
    const ptrdiff_t third = g->transpose_a ? 64 : 16 * g->a_row * size;
    const ptrdiff_t at = r->a_at + (g->transpose_a ? r->step * g->a_row + next : next * g->a_row);
    return (ck_stream){(const char *)g->a.data + at * size + n * third, g->transpose_a ? g->a_row * size : 64, third};
}

// What a sweep's epilogue will read or write besides c: along the sweep, every tile fetches one row of it, a few bytes a step.
static ck_stream ck_stream_beside(const ck_gemm_run *r, ptrdiff_t at) {
    const ck_epilogue *e = &r->g->epilogue;
    const ck_in beside = e->gate ? e->gate_data : e->slope.data ? (ck_in){e->slope.data, e->slope.type} : e->residual;
    if (!beside.data || !r->last || r->steps == 0) return (ck_stream){0};
    const ptrdiff_t size = ck_bytes_of(beside.type);
    return (ck_stream){(const char *)beside.data + at * size, (r->columns * size + r->steps - 1) / r->steps, r->g->c_row * size};
}

// Rows in tiles whose heights differ by at most one.
CK_INLINE ptrdiff_t ck_gemm_cut(ptrdiff_t rows, int nv, ptrdiff_t *height) {
    const ptrdiff_t tiles = (rows + ck_tile_heights[nv - 1] - 1) / ck_tile_heights[nv - 1];
    *height = rows / tiles;
    return tiles;
}

// All rows of a block down one column of tiles.
static void ck_gemm_down(ck_gemm_run *r, ptrdiff_t block, ptrdiff_t rows, ptrdiff_t j, int nv, ptrdiff_t columns) {
    ptrdiff_t height;
    const ptrdiff_t tiles = ck_gemm_cut(rows, nv, &height), taller = rows % tiles;
    if (taller) ck_gemm_tiles(r, block, 0, height + 1, j, nv, taller, 1, columns, ck_stream_of_b(r, taller, 1));
    ck_gemm_tiles(r, block, taller * (height + 1), height, j, nv, tiles - taller, 1, columns, ck_stream_of_b(r, tiles - taller, 1));
}

static void ck_gemm_block(ck_gemm_run *r, ptrdiff_t block, ptrdiff_t rows) {
    const ptrdiff_t panels = r->columns / CK_GEMM_WIDTH;
    // Where b is read as it lies, each tile of rows costs a pass over far lines: taller tiles, narrower, need fewer.
    const int tall = r->plan.b == CK_B_DIRECT && rows > ck_tile_heights[3] && r->a_mode == CK_BY_ROWS && r->g->b_row > CK_GEMM_WIDTH;
    const int widest = tall ? 2 : ck_tile_registers(CK_GEMM_WIDTH, rows);
    if (panels > 1) {
        ptrdiff_t height;
        const ptrdiff_t tiles = ck_gemm_cut(rows, widest, &height), taller = rows % tiles;
        // The first tiles fetch what the next block reads of a, the last four of the last block what the next group reads of b.
        const ptrdiff_t last = block + rows == r->row + r->rows ? tiles - 4 : tiles;
        for (ptrdiff_t n = 0, i = 0; n < tiles; n++) {
            const ptrdiff_t high = height + (n < taller);
            ck_stream fetch = n < last ? ck_stream_of_a(r, block, rows, n * panels) : ck_stream_of_b(r, 1, 0);
            if (!fetch.from) fetch = ck_stream_beside(r, r->c_at + (block + i) * r->g->c_row + r->column);
            for (int j = 0; j < 4; j += widest)
                ck_gemm_tiles(r, block, i, high, j * CK_LANES, widest, panels, 0, widest * CK_LANES, j == 0 ? fetch : (ck_stream){0});
            i += high;
        }
    } else if (panels == 1) {
        for (int j = 0; j < 4; j += widest) ck_gemm_down(r, block, rows, j * CK_LANES, widest, widest * CK_LANES);
    }
    for (ptrdiff_t j = panels * CK_GEMM_WIDTH; j < r->columns;) {
        const int nv = ck_tile_registers(r->columns - j, rows);
        const ptrdiff_t columns = ck_smaller(nv * CK_LANES, r->columns - j);
        ck_gemm_down(r, block, rows, j, nv, columns);
        j += columns;
    }
}

#endif
