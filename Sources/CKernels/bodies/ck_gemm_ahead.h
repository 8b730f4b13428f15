// One round of a product, and what its tiles fetch for what comes after it: of a for the next block of rows, of b for the next chunk,
// of c for the next sweep, and beside c for the epilogue.

#ifndef CK_GEMM_AHEAD_H
#define CK_GEMM_AHEAD_H

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
    // Where b lies that the next sweep packs on its way, and whether every sweep packs its rows of a.
    const float *unpacked;
    int slivers;
    // Where the sums of the group's columns of b go, if they are wanted of this round.
    float *sums;
    // What comes after this block of a, after this chunk of b, and beside the sweep's part of c.
    // Tiles fetch a line of each every so many steps; of b, as late as suffices: in the last rows of the round.
    ck_stream streams[3];
    ptrdiff_t every, last_rows;
    // Whether c is far when this round meets it.
    int far_c;
    // Tiles of a block; lines that each takes of a stream.
    ptrdiff_t tiles, pieces[3];
    float *resting;
    float *copy;
} ck_gemm_run;

// Where the group's columns of b from j on begin, at the round's first step; its lines are `row` apart. Panels packed beforehand hold all
// of k.
CK_INLINE const float *ck_gemm_columns(const ck_gemm_run *r, ptrdiff_t j, ptrdiff_t *row) {
    if (r->plan.b == CK_B_DIRECT) {
        *row = r->g->b_row;
        return r->b + j;
    }
    const ptrdiff_t panel = j / CK_GEMM_WIDTH * CK_GEMM_WIDTH, width = ck_smaller(CK_GEMM_WIDTH, ck_gemm_padded(r->columns - panel));
    *row = width;
    return r->b + panel * r->depth + (r->plan.b == CK_B_PACKED ? r->step * width : 0) + j - panel;
}

static ptrdiff_t ck_bytes_of(ck_dtype type) { return type == CK_F32 ? 4 : 2; }

// Registers of the widest tiles of a block. Where b is read as it lies, each tile of rows costs a pass over far lines: taller tiles,
// narrower, need fewer.
CK_INLINE int ck_gemm_widest(const ck_gemm_run *r, ptrdiff_t rows) {
    if (r->columns < CK_GEMM_WIDTH) return ck_tile_registers(r->columns, rows);
    const int tall = r->plan.b == CK_B_DIRECT && rows > ck_tile_heights[3] && r->a_mode == CK_BY_ROWS && r->g->b_row > CK_GEMM_WIDTH;
    return tall ? 2 : ck_tile_registers(CK_GEMM_WIDTH, rows);
}

// The rows of a that come after this block, in this chunk or the next.
static ck_stream ck_gemm_stream_a(const ck_gemm_run *r, ptrdiff_t block, ptrdiff_t rows) {
    const ck_gemm *g = r->g;
    const ptrdiff_t size = ck_bytes_of(g->a.type);
    ptrdiff_t row = block + rows, step = r->step, steps = r->steps;
    if (row >= r->row + r->rows) {
        // What has been read before is near, unless it is long.
        if (r->last && (r->column + r->columns >= g->n || g->m * g->k <= CK_GEMM_GROUP / 2)) return (ck_stream){0};
        row = r->row;
        step = r->last ? 0 : step + steps;
        steps = ck_smaller(steps, g->k - step);
    }
    const ptrdiff_t high = ck_smaller(CK_GEMM_BLOCK, r->row + r->rows - row);
    const ptrdiff_t at = r->a_at + (g->transpose_a ? step * g->a_row + row : row * g->a_row + step);
    if (g->transpose_a) return ck_stream_of(g->a.data, size, at, g->a_row, steps, high, r->tiles);
    // Rows that follow one another are one, where there are more of them than tiles, which take a row each. Every other line will do:
    // the hardware fetches lines by twos. Tiles too short for so many leave most of it to the hardware.
    const ptrdiff_t pairs = (high * steps * size + 127) / 128;
    if (high > r->tiles && steps == g->a_row && pairs * 4 <= steps * r->tiles)
        return (ck_stream){.from = (const char *)g->a.data + at * size, .row = 128, .rows = pairs, .strips = 1};
    return ck_stream_of(g->a.data, size, at, g->a_row, high, steps, r->tiles);
}

// The chunk of b that comes after this one, of this group or the next.
static ck_stream ck_gemm_stream_b(const ck_gemm_run *r, ptrdiff_t b_at, ptrdiff_t tiles) {
    const ck_gemm *g = r->g;
    const ptrdiff_t size = ck_bytes_of(g->b.type), column = r->last ? r->column + r->plan.group : r->column;
    const ptrdiff_t step = r->last ? 0 : r->step + r->steps;
    const ptrdiff_t columns = ck_smaller(r->plan.group, g->n - column), steps = ck_smaller(r->plan.chunk, g->k - step);
    if (column >= g->n || steps <= 0) return (ck_stream){0};
    if (r->plan.b == CK_B_PACKED)
        return ck_stream_of(g->b.data, 4, column * g->k + step * CK_GEMM_WIDTH, CK_GEMM_WIDTH * g->k, columns / CK_GEMM_WIDTH,
                            steps * CK_GEMM_WIDTH, tiles);
    if (g->transpose_b) return ck_stream_of(g->b.data, size, b_at + column * g->b_row + step, g->b_row, columns, steps, tiles);
    return ck_stream_of(g->b.data, size, b_at + step * g->b_row + column, g->b_row, steps, columns, tiles);
}

// What a sweep's epilogue will read or write besides c.
static ck_stream ck_gemm_stream_beside(const ck_gemm_run *r, ptrdiff_t at, ptrdiff_t rows, ptrdiff_t tiles) {
    const ck_epilogue *e = &r->g->epilogue;
    const ck_in beside = e->gate ? e->gate_data : e->slope.data ? (ck_in){e->slope.data, e->slope.type} : e->residual;
    if (!beside.data || !r->last) return (ck_stream){0};
    return ck_stream_of(beside.data, ck_bytes_of(beside.type), at, r->g->c_row, rows, r->columns, tiles);
}

// Elements of c from which it is not near at a product's beginning, and from which a group's do not stay near between two chunks.
enum { CK_FAR_C = 1 << 17, CK_FAR_C_AGAIN = 1 << 18 };

// How a tile of so many rows fetches sums of the next sweep: line by line in a long run, row by row in a short one, which is then
// interrupted less often.
CK_INLINE void ck_gemm_fetch_under(ck_tiles *t, ptrdiff_t rows) {
    t->burst = t->k >= 32 * rows ? 1 : 4;
    const ptrdiff_t pieces = rows * 4 / t->burst, every = t->k < pieces ? 1 : t->k / pieces;
    t->every = ck_smaller(t->every, ck_smaller(every, CK_STREAM_EVERY));
}

// Before a round: what to fetch, and how densely.
static void ck_gemm_look_ahead(ck_gemm_run *r, ptrdiff_t b_at) {
    const ck_gemm *g = r->g;
    const ptrdiff_t rows = ck_smaller(CK_GEMM_BLOCK, r->rows), panels = r->columns / CK_GEMM_WIDTH;
    const ptrdiff_t height = ck_tile_heights[ck_gemm_widest(r, rows) - 1];
    const int far = g->m * g->n >= CK_FAR_C && (r->first || r->rows * r->columns >= CK_FAR_C_AGAIN);
    r->far_c = far && r->plan.rests_in_c && r->steps >= 4 * CK_STREAM_EVERY;
    const int alone = !g->epilogue.residual.data && !g->epilogue.gate && !g->epilogue.slope.data;
    for (int s = 0; s < 3; s++) r->pieces[s] = 0;
    r->every = CK_STREAM_EVERY;
    r->last_rows = 0;
    r->streams[1] = (ck_stream){0};
    if (alone && g->k * (g->m + g->n) <= CK_GEMM_NEAR) return;
    // Of a block.
    r->tiles = (rows + height - 1) / height * (panels < 1 ? 1 : panels);
    const ck_stream a = ck_gemm_stream_a(r, r->row, rows), beside = ck_gemm_stream_beside(r, 0, height, panels);
    ptrdiff_t every = ck_stream_every(&a, r->tiles, r->steps, &r->pieces[0]);
    // Too few products to hide it behind.
    if (every < 2) r->pieces[0] = 0;
    else r->every = every;
    every = ck_stream_every(&beside, panels, r->steps, &r->pieces[2]);
    r->every = ck_smaller(r->every, every);
    // Of b as late as will do at the slowest pace, for it is to find room.
    ck_stream b = ck_gemm_stream_b(r, b_at, 1);
    if (b.strips <= 0) return;
    const ptrdiff_t least = b.rows * b.strips * CK_STREAM_EVERY / ((r->steps + 1) * r->tiles) + 2;
    const ptrdiff_t blocks = ck_smaller(least, (r->rows + CK_GEMM_BLOCK - 1) / CK_GEMM_BLOCK);
    b = ck_gemm_stream_b(r, b_at, blocks * r->tiles);
    every = ck_stream_every(&b, blocks * r->tiles, r->steps, &b.length);
    // Where lines follow one another, the hardware looks ahead itself.
    if ((r->plan.b == CK_B_PACKED || g->b_row <= CK_GEMM_WIDTH) && every < CK_STREAM_EVERY / 2) return;
    r->every = ck_smaller(r->every, every);
    r->last_rows = blocks * CK_GEMM_BLOCK;
    r->streams[1] = b;
}

#endif
