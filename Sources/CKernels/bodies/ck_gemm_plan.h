// How a product is cut, and what it needs: the cost table of products.
//
// Figures are of a core with 48 KB and 2 MB of cache, whose multipliers take a step of a tile of six rows in twelve cycles.

#ifndef CK_GEMM_PLAN_H
#define CK_GEMM_PLAN_H

typedef enum ck_gemm_b { CK_B_DIRECT, CK_B_PACKED_HERE, CK_B_PACKED } ck_gemm_b;

typedef struct ck_gemm_plan {
    ck_gemm_b b;
    // Whether rows of a are copied, in blocks of CK_GEMM_BLOCK.
    int copies_a;
    // Steps of k between two visits to c; columns whose panels stay in the second-level cache.
    ptrdiff_t chunk, group;
    // Where sums rest between chunks: in c, in a buffer of `resting` rows, or (one chunk) nowhere.
    int rests_in_c;
    ptrdiff_t resting;
} ck_gemm_plan;

// Whether the sums of a product may lie in c before they are finished.
CK_INLINE int ck_gemm_owns_c(const ck_gemm *g) {
    return g->c.type == CK_F32 && g->epilogue.residual.data != g->c.data && g->epilogue.gate_data.data != g->c.data;
}

// Few rows do not pay for packing b; columns that fill one panel's lines need none.
CK_INLINE int ck_gemm_reads_b(const ck_gemm *g) {
    if (g->transpose_b || g->b.type != CK_F32) return 0;
    // Half a register is read under a mask, which tiles by rows have.
    if (g->n % CK_LANES != 0 && (CK_MASKS == 0 || g->transpose_a)) return 0;
    return g->m <= CK_GEMM_DIRECT_ROWS || (g->n <= CK_GEMM_WIDTH && g->n % CK_LANES == 0);
}

// How many of these columns of b are packed by the tiles that read them first; whether rows of a are, which pays for several panels.
CK_INLINE ptrdiff_t ck_gemm_packs_b(const ck_gemm *g, ptrdiff_t columns) {
    const int packs = CK_PACKING_TILES && g->b.type == CK_F32 && !g->transpose_b && columns >= 2 * CK_GEMM_WIDTH;
    return packs ? columns / CK_GEMM_WIDTH * CK_GEMM_WIDTH : 0;
}
CK_INLINE int ck_gemm_packs_a(const ck_gemm *g, ptrdiff_t columns) {
    return CK_PACKING_TILES && g->a.type == CK_F32 && g->transpose_a && columns >= 2 * CK_GEMM_WIDTH && columns % CK_GEMM_WIDTH == 0;
}

CK_INLINE ck_gemm_plan ck_gemm_planned(const ck_gemm *g) {
    ck_gemm_plan p = {.rests_in_c = ck_gemm_owns_c(g), .resting = g->m};
    p.b = g->packed_b ? CK_B_PACKED : ck_gemm_reads_b(g) ? CK_B_DIRECT : CK_B_PACKED_HERE;
    // Steps of a transposed a are far apart: several panels of b, or a long way down, pay for a copy of what does not stay near anyway.
    const int far = g->transpose_a && g->k * g->a_row > CK_GEMM_NEAR && (g->n > CK_GEMM_WIDTH || g->k > CK_GEMM_DIRECT_STEPS);
    p.copies_a = g->a.type != CK_F32 || far;
    // Few rows meet b once or a few times: its rows are best read whole, a few of them at a time, while all of c stays near. Of a
    // transposed a, too, only so many rows are kept as a tile meets again in the first-level cache.
    const int few = p.b != CK_B_PACKED && !g->transpose_b && g->m <= CK_GEMM_FEW_ROWS && g->n > CK_GEMM_WIDTH;
    const ptrdiff_t deep = g->m <= CK_GEMM_FEW_ROWS ? CK_GEMM_CHUNK : CK_GEMM_DEEP;
    const ptrdiff_t shallow = few ? CK_GEMM_SHALLOW : far ? CK_GEMM_SHALLOW_A : deep;
    const ptrdiff_t deepest = p.rests_in_c ? shallow : CK_GEMM_CHUNK;
    // A little deeper is better than another visit to c.
    const ptrdiff_t whole = deepest < CK_GEMM_CHUNK ? deepest * 3 / 2 : deepest;
    const ptrdiff_t chunks = g->k <= whole ? 1 : (g->k + deepest - 1) / deepest;
    p.chunk = chunks == 1 ? g->k : ck_rounded((g->k + chunks - 1) / chunks);
    const ptrdiff_t panels = (g->n + CK_GEMM_WIDTH - 1) / CK_GEMM_WIDTH;
    // c and a pass through the second-level cache as well, the faster the shallower the chunk.
    // Where rows are few, the next group is fetched while this one is in use.
    const ptrdiff_t near = far || g->m <= 512 ? CK_GEMM_GROUP / 2 : CK_GEMM_GROUP;
    const ptrdiff_t most = p.chunk == 0 ? panels : near / (p.chunk * CK_GEMM_WIDTH);
    const ptrdiff_t groups = most < 1 ? panels : (panels + most - 1) / most;
    p.group = (panels + groups - 1) / groups * CK_GEMM_WIDTH;
    if (chunks > 1 && !p.rests_in_c) {
        p.group = ck_smaller(p.group, CK_GEMM_RESTING_COLUMNS / CK_GEMM_WIDTH * CK_GEMM_WIDTH);
        p.resting = CK_GEMM_RESTING_ROWS;
    }
    return p;
}

#endif
