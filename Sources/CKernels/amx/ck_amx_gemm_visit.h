// The walk over a product: blocks of rows that meet groups of panels, stretch by stretch, and what is made ready on the way.

#ifndef CK_AMX_GEMM_VISIT_H
#define CK_AMX_GEMM_VISIT_H

// One product of a batch, or one chunk of its contraction.
typedef struct ck_amx_task {
    const ck_gemm *g;
    const ck_amx_plan *plan;
    char *workspace;
    const char *a, *b;
    ptrdiff_t k, steps;
    // The element of c (and of what is laid out like it) at which this product starts.
    ptrdiff_t c_at;
    const ck_epilogue *epilogue;
    int accumulate;
    ck_amx_side side;
} ck_amx_task;

// `rows` × `columns` elements of c as sums to start from.
static void ck_amx_read_sums(ck_out c, ptrdiff_t c_row, ptrdiff_t at, ptrdiff_t rows, ptrdiff_t columns, float *to) {
    const ck_in from = {c.data, c.type};
    for (ptrdiff_t j = 0; j < columns; j += 32) {
        const __mmask32 lanes = ck_mask_of_32(columns - j);
        for (ptrdiff_t i = 0; i < rows; i++) {
            float *row = to + j * 32 + i * 32;
            f16_store(row, ck_amx_get(from, at + i * c_row + j, (__mmask16)lanes));
            f16_store(row + 16, ck_amx_get(from, at + i * c_row + j + 16, (__mmask16)(lanes >> 16)));
        }
    }
}

// Rows with each of `count` steps, so that all are finished after the last. Epilogues without arithmetic are done in fewer, larger bites.
CK_INLINE void ck_amx_set_quota(ck_amx_side *side, ptrdiff_t count) {
    const int light = side->way != CK_WAY_GELU && side->way != CK_WAY_GELU_SLOPE && side->way != CK_WAY_ANY;
    const ptrdiff_t least = count ? (side->left + count - 1) / count : side->left;
    side->quota = light && least < CK_AMX_BITE ? CK_AMX_BITE : least;
}

// Gives the tiles the rows of a block; `configured` is what they had.
CK_INLINE void ck_amx_set_rows(ptrdiff_t rows, ptrdiff_t *configured, ck_amx_side *side) {
    if (*configured == rows) return;
    ck_amx_side_release(side);
    *configured = rows;
    const uint8_t upper = (uint8_t)ck_smaller(rows, 16), lower = (uint8_t)(rows - 16);
    if (rows <= 16) ck_tiles_configure((const uint8_t[8]){upper, upper, upper, upper, 16, 16, upper, 16});
    else ck_tiles_configure((const uint8_t[8]){upper, upper, lower, lower, 16, 16, upper, lower});
}

// One block of rows meeting one group of panels in one stretch, steps `done` to `end`; all of them in the order of the loops: groups,
// bands, stretches, blocks.
typedef struct ck_amx_visit {
    ptrdiff_t panel, panels, band, blocks, done, end, block;
} ck_amx_visit;

CK_INLINE void ck_amx_enter(const ck_amx_task *r, ck_amx_visit *v) {
    v->panels = ck_smaller(r->plan->group, r->plan->panels - v->panel);
    v->blocks = ck_smaller(r->plan->band, r->plan->blocks - v->band);
    v->end = ck_smaller(v->done + r->plan->stretch, r->steps);
}

// The visit after this one; 0 if it is the last.
static int ck_amx_advance(const ck_amx_task *r, ck_amx_visit *v) {
    if (++v->block == v->band + v->blocks) {
        v->done = v->end;
        if (v->done >= r->steps) {
            v->done = 0;
            v->band += v->blocks;
            if (v->band == r->plan->blocks) {
                v->band = 0;
                v->panel += v->panels;
                if (v->panel == r->plan->panels) return 0;
            }
        }
        v->block = v->band;
    }
    ck_amx_enter(r, v);
    return 1;
}

// Has a's part of the visit `next` made ready, or fetched, during the `panels` panels of this one.
static void ck_amx_prepare_a(ck_amx_task *r, const ck_amx_visit *next, ptrdiff_t panels) {
    const ck_amx_plan *plan = r->plan;
    ck_amx_side *side = &r->side;
    char *const own_a = r->workspace + plan->own_a;
    const ptrdiff_t count = next->end - next->done;
    if (plan->a == CK_TURNED) {
        if (next->panel) return;
        ck_amx_start(&side->a, next->block, 1, next->done, next->end, panels, own_a + next->block * r->steps * CK_PAIR_BYTES);
        return;
    }
    if (panels) {
        side->next = (ck_amx_fetcher){.from = r->a + 64 * (next->block * r->g->a_row + next->done), .row = 2 * r->g->a_row,
                                      .lines = count, .rows = count ? ck_smaller(32, r->g->m - 32 * next->block) : 0,
                                      .quota = (32 + panels - 1) / panels};
    }
}

// Where the operands of a round lie: a band and a group from step `done` on.
CK_INLINE char *ck_amx_round_of_a(const ck_amx_task *r, const ck_amx_visit *v) {
    return r->workspace + r->plan->own_a + (r->plan->keeps_a ? v->band * r->steps + v->done : 0) * CK_PAIR_BYTES;
}
CK_INLINE char *ck_amx_round_of_b(const ck_amx_task *r, const ck_amx_visit *v) {
    return r->workspace + r->plan->own_b + (r->plan->keeps_b ? v->done : 0) * CK_PAIR_BYTES;
}

// Has the lines of c fetched that the sums after these will be stored to first: those of the panel to the right, or of the block below.
static void ck_amx_fetch_sums(ck_amx_task *r, const ck_amx_visit *v, ptrdiff_t panel, ptrdiff_t steps) {
    const ck_gemm *g = r->g;
    const ptrdiff_t below = panel + 1 == v->panels, block = v->block + below;
    const ptrdiff_t at = r->c_at + 32 * block * g->c_row + 32 * (v->panel + (below ? 0 : panel + 1));
    r->side.next = (ck_amx_fetcher){.from = (const char *)((const float *)g->c.data + at), .row = 4 * g->c_row, .lines = 2,
                                    .rows = ck_amx_larger(ck_smaller(32, g->m - 32 * block), 0), .quota = (64 + steps - 1) / steps};
}

#endif
