// One block of rows of c against one group of panels of b: which tiles run where, where sums are finished.

#ifndef CK_GEMM_RUN_H
#define CK_GEMM_RUN_H

#include "ck_gemm_ahead.h"

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

#include "ck_gemm_edge.h"

// Tiles of `rows` rows and nv registers from row i (of the block) and column j (of the group) on: `count` of them down the rows or
// along the panels. The first `columns` of a tile are c's.
static void ck_gemm_tiles(ck_gemm_run *r, ptrdiff_t block, ptrdiff_t i, ptrdiff_t rows, ptrdiff_t j, int nv, ptrdiff_t count,
                          int down, ptrdiff_t columns, int fetches, int packs) {
    const ck_gemm *g = r->g;
    const int whole = columns == nv * CK_LANES, plain = ck_gemm_is_plain(g), load = g->accumulate || !r->first;
    const int direct = r->plan.b == CK_B_DIRECT;
    const ptrdiff_t at = r->c_at + (block + i) * g->c_row + r->column + j;
    ptrdiff_t b_row;
    const float *const b = ck_gemm_columns(r, j, &b_row);
    float buffer[CK_GEMM_TALLEST * CK_GEMM_WIDTH], bias[CK_GEMM_WIDTH];
    ck_tiles t = {
        .k = r->steps,
        .count = count,
        .a = r->a + i * r->a_line,
        .a_row = r->a_row,
        .a_next = down ? rows * r->a_line : 0,
        .b = b,
        .b_row = b_row,
        .b_next = down ? 0 : CK_GEMM_WIDTH * (direct ? 1 : r->depth),
        .load = load,
        .relu = plain && r->last && g->epilogue.activation == CK_RELU,
        .lanes = columns - (nv - 1) * CK_LANES,
        .bias_next = down ? 0 : CK_GEMM_WIDTH,
        .every = r->steps + 1,
    };
    // The chunk after this one is asked for as late as will do, for it is to find room.
    r->streams[1].off = r->row + r->rows - block > r->last_rows;
    if (fetches && (r->streams[0].strips | r->streams[1].strips | r->streams[2].strips)) {
        t.streams = r->streams;
        t.every = r->every;
    }
    if (!down && r->far_c && block + i + 2 * rows <= r->row + r->rows) {
        t.under = rows * g->c_row;
        ck_gemm_fetch_under(&t, rows);
    }
    if (r->first && g->epilogue.bias) {
        t.bias = g->epilogue.bias + r->column + j;
        if (!whole) {
            memcpy(bias, t.bias, sizeof(float) * (size_t)columns);
            for (ptrdiff_t l = columns; l < nv * CK_LANES; l++) bias[l] = 0.0f;
            t.bias = bias;
        }
    }
    const int mode = r->a_mode == CK_BY_ROWS && !whole && direct ? CK_BY_ROWS_MASKED : r->a_mode;
    ck_tile_function run = ck_tile_functions[nv - 1][rows - 1][mode];
#if CK_PACKING_TILES
    if (packs) run = ck_packing_tiles[rows - 1][mode][packs - 1];
    t.sliver = r->copy;
    if (packs & CK_PACKS_B) {
        t.panel = (float *)b;
        t.panel_next = t.b_next;
        t.b = r->unpacked + j;
        t.b_row = g->b_row;
        t.b_next = CK_GEMM_WIDTH;
    }
#endif
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
                    const f16 v = q < columns ? ck_read16(old, tile_at + l * g->c_row + q, ck_smaller(16, columns - q)) : f16_set(0.0f);
                    ck_put(t.c + l * t.c_row + q, v, ck_smaller(16, nv * CK_LANES - q));
                }
        run(&t);
        if (r->last || !rests) ck_finish(r->last && !plain ? &rest : &none, g->c, tile_at, g->c_row, 0, rows, columns, t.c, t.c_row);
        t.a += t.a_next;
        t.b += t.b_next;
        if (packs & CK_PACKS_B) t.panel += t.panel_next;
        if (t.bias) t.bias += t.bias_next;
    }
}

// Rows in tiles whose heights differ by at most one.
CK_INLINE ptrdiff_t ck_gemm_cut(ptrdiff_t rows, int nv, ptrdiff_t *height) {
    const ptrdiff_t tiles = (rows + ck_tile_heights[nv - 1] - 1) / ck_tile_heights[nv - 1];
    *height = rows / tiles;
    return tiles;
}

// All rows of a block down one column of tiles.
static void ck_gemm_down(ck_gemm_run *r, ptrdiff_t block, ptrdiff_t rows, ptrdiff_t j, int nv, ptrdiff_t columns, int fetches) {
    ptrdiff_t height;
    const ptrdiff_t tiles = ck_gemm_cut(rows, nv, &height), taller = rows % tiles;
    if (taller) ck_gemm_tiles(r, block, 0, height + 1, j, nv, taller, 1, columns, fetches, 0);
    ck_gemm_tiles(r, block, taller * (height + 1), height, j, nv, tiles - taller, 1, columns, fetches, 0);
}

// A tile's rows along all panels. The first sweep of a round packs b on its way, the first tile of a sweep its rows of a.
static void ck_gemm_sweep(ck_gemm_run *r, ptrdiff_t block, ptrdiff_t i, ptrdiff_t rows, int widest, ptrdiff_t panels) {
    const int packs_b = r->unpacked ? CK_PACKS_B : 0;
    if (r->slivers) {
        ck_gemm_tiles(r, block, i, rows, 0, 4, 1, 0, CK_GEMM_WIDTH, 1, packs_b | CK_PACKS_A);
        ck_gemm_run rest = *r;
        rest.a = r->copy;
        rest.a_row = CK_GEMM_SLIVER;
        rest.a_line = 0;
        ck_gemm_tiles(&rest, block, i, rows, CK_GEMM_WIDTH, 4, panels - 1, 0, CK_GEMM_WIDTH, 1, packs_b);
        memcpy(r->streams, rest.streams, sizeof rest.streams);
    } else {
        for (int j = 0; j < 4; j += widest)
            ck_gemm_tiles(r, block, i, rows, j * CK_LANES, widest, panels, 0, widest * CK_LANES, j == 0, packs_b);
    }
    if (packs_b && r->sums) ck_gemm_panel_sums(r->b, r->steps, panels * CK_GEMM_WIDTH, r->first, r->sums);
    r->unpacked = 0;
}

static void ck_gemm_block(ck_gemm_run *r, ptrdiff_t block, ptrdiff_t rows) {
    const ptrdiff_t panels = r->columns / CK_GEMM_WIDTH;
    const int widest = ck_gemm_widest(r, rows);
    r->streams[0] = r->streams[2] = (ck_stream){0};
    if (r->pieces[0]) r->streams[0] = ck_gemm_stream_a(r, block, rows);
    r->streams[0].length = r->pieces[0];
    if (panels > 1) {
        ptrdiff_t height;
        const ptrdiff_t tiles = ck_gemm_cut(rows, widest, &height), taller = rows % tiles;
        for (ptrdiff_t n = 0, i = 0; n < tiles; n++) {
            const ptrdiff_t high = height + (n < taller);
            if (r->pieces[2]) r->streams[2] = ck_gemm_stream_beside(r, r->c_at + (block + i) * r->g->c_row + r->column, high, panels);
            r->streams[2].length = r->pieces[2];
            ck_gemm_sweep(r, block, i, high, widest, panels);
            i += high;
        }
    } else if (panels == 1) {
        for (int j = 0; j < 4; j += widest) ck_gemm_down(r, block, rows, j * CK_LANES, widest, widest * CK_LANES, j == 0);
    }
    const ptrdiff_t turned = ck_gemm_turned(r, rows), end = r->columns - turned;
    for (ptrdiff_t j = panels * CK_GEMM_WIDTH; j < end;) {
        const int nv = ck_tile_registers(end - j, rows);
        const ptrdiff_t columns = ck_smaller(nv * CK_LANES, end - j);
        ck_gemm_down(r, block, rows, j, nv, columns, j == 0);
        j += columns;
    }
    if (turned) ck_gemm_edge(r, block, rows, end, turned);
}

#endif
