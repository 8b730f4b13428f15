// Products of bf16 matrices in tiles.
//
// A contraction is cut into stretches so short that a block of 32 rows of a stays in the first-level cache while it meets one panel of b
// after another. What meets in one stretch (a group of panels, a band of blocks) stays in the second level, the resting sums included.
// Each element of c is one chain over k in ascending order, whatever the blocks, so a row does not depend on its place.

#include "ck_amx_tiles.h"
#include "ck_amx_finish.h"
#include "ck_amx_pack.h"
#include "ck_amx_weights.h"
#include "ck_amx_kernels.h"
#include "ck_amx_packers.h"
#include "ck_amx_gemm_plan.h"
#include "ck_amx_gemm_visit.h"

static void ck_amx_meet(ck_amx_task *r, const ck_amx_visit *v) {
    const ck_gemm *g = r->g;
    const ck_amx_plan *plan = r->plan;
    ck_amx_side *side = &r->side;
    const ptrdiff_t rows = ck_smaller(32, g->m - 32 * v->block), steps = r->steps, count = v->end - v->done;
    const int rounds = plan->a == CK_ROUNDS;
    // What is packed for one round has its steps only.
    const int all_of_a = !rounds || plan->keeps_a, all_of_b = !rounds || plan->keeps_b;
    const ptrdiff_t of_panel = all_of_b ? steps : count, first = all_of_b ? v->done : 0;
    float *const sums = (float *)(r->workspace + plan->sums), *const start = (float *)(r->workspace + plan->start);
    char *const last = r->workspace + plan->last;
    const char *const own_b = r->workspace + plan->own_b;
    const int single = rows <= 16, packs = side->b.left > 0;
    char *const rest = r->workspace + plan->resting + (v->block - v->band) * v->panels * CK_SUMS_PANEL;

    ck_amx_stretch s = {.a_row = 64, .a_tile = CK_TILE_BYTES, .a_step = CK_PAIR_BYTES, .b_panel = of_panel * CK_PAIR_BYTES, .steps = count};
    if (plan->a == CK_COPIED) {
        char *const copy = r->workspace + plan->own_a;
        ck_amx_copy_block(r->a + 2 * 32 * v->block * g->a_row + 64 * v->done, 2 * g->a_row, rows, r->k - 32 * v->done, count, copy);
        s.a = copy;
    } else if (plan->a == CK_TURNED) {
        s.a = r->workspace + plan->own_a + (v->block * steps + v->done) * CK_PAIR_BYTES;
    } else if (rounds) {
        s.a = ck_amx_round_of_a(r, v) + (v->block - v->band) * (all_of_a ? steps : count) * CK_PAIR_BYTES;
    } else {
        s.a_row = 2 * g->a_row;
        s.a_tile = 16 * s.a_row;
        s.a_step = 64;
        s.a = r->a + 32 * v->block * s.a_row + 64 * v->done;
        // The rest of a row is copied, because what follows it belongs to others.
        const ptrdiff_t whole = r->k / 32;
        if (v->end > whole) {
            s.last = last;
            s.steps = whole - v->done;
            ck_pad_block(s.a + 64 * s.steps, s.a_row, rows, r->k % 32, last);
        }
    }
    for (ptrdiff_t j = 0; j < v->panels;) {
        const ptrdiff_t column = 32 * (v->panel + j);
        const ptrdiff_t taken = single && j + 2 <= v->panels ? 2 : 1;
        const ptrdiff_t columns = ck_smaller(32 * taken, g->n - column);
        const ptrdiff_t at = r->c_at + 32 * v->block * g->c_row + column;
        const int four = !single && columns > 16 && count;
        // All that is pending is finished while these steps run.
        if (!four) {
            ck_amx_side_release(side);
            if (side->left) ck_amx_set_quota(side, count);
            if (!count && side->left) ck_amx_side_finish(side, side->left);
        }
        if (packs) ck_amx_drain(&side->b, (v->panels - j - taken) * count);
        s.b = g->packed_b ? r->b + ((v->panel + j) * steps + v->done) * CK_PAIR_BYTES : own_b + (j * of_panel + first) * CK_PAIR_BYTES;
        // Where sums are all that c is to hold, whole tiles rest there.
        const int rests = side->way == CK_WAY_PLAIN && g->c.type == CK_F32 && columns == 32 * taken;
        if (rests) {
            s.to = (float *)g->c.data + at;
            s.from = v->done || r->accumulate ? s.to : 0;
            s.sums_row = 4 * g->c_row;
            s.sums_panel = CK_SUMS_ROW;
        } else {
            s.to = (float *)(v->end < steps || v->done ? rest + j * CK_SUMS_PANEL : (char *)sums);
            s.from = v->done ? s.to : 0;
            s.sums_row = CK_SUMS_ROW;
            s.sums_panel = CK_SUMS_PANEL;
        }
        if (!rests && !v->done && r->accumulate) {
            ck_amx_read_sums(g->c, g->c_row, at, rows, columns, start);
            s.from = start;
        }
        if (rounds && rests && !v->done && count) ck_amx_fetch_sums(r, v, j, count);
        if (!count && !single) ck_amx_no_steps(&s, rows);
        else if (taken == 2) ck_amx_one_by_four(&s, side);
        else if (single) ck_amx_one_by_two(&s, side);
        else if (!four) ck_amx_two_by_one(&s, side);
        else ck_amx_two_by_two(&s, side);
        if (four) {
            side->held.rows = v->end == steps && !rests ? rows : 0;
            side->held.columns = columns;
            side->held.at = at;
            side->held.column = column;
        } else if (v->end == steps && !rests) {
            side->tile = s.to;
            side->left = rows;
            side->columns = columns;
            side->at = at;
            side->column = column;
        }
        j += taken;
    }
}

// Round by round: the operands of a stretch are packed, then meet. Packing in between the steps of the kernels, here, only holds them up:
// it waits for memory, and the lines that one core can ask for at a time do not suffice for both.
static void ck_amx_rounds(ck_amx_task *r) {
    const ck_amx_plan *plan = r->plan;
    ck_amx_side *side = &r->side;
    ptrdiff_t configured = 0;
    ck_amx_visit v = {0};
    ck_amx_enter(r, &v);
    int more;
    do {
        const ptrdiff_t count = v.end - v.done;
        if (!(plan->keeps_a && v.panel)) {
            ck_amx_pack_across(&side->a, 1, v.band, v.blocks, v.done, v.end, ck_amx_round_of_a(r, &v), plan->keeps_a ? r->steps : count);
        }
        // Sums belong to the first band.
        side->b.sums_to = v.band ? 0 : r->g->b_sums;
        if (!(plan->keeps_b && v.band)) {
            ck_amx_pack_across(&side->b, 0, v.panel, v.panels, v.done, v.end, ck_amx_round_of_b(r, &v), plan->keeps_b ? r->steps : count);
        }
        ck_amx_visit next = v;
        next.block = v.band + v.blocks - 1;
        more = ck_amx_advance(r, &next);
        for (; v.block < v.band + v.blocks; v.block++) {
            ck_amx_set_rows(ck_smaller(32, r->g->m - 32 * v.block), &configured, side);
            ck_amx_meet(r, &v);
        }
        v = next;
    } while (more);
    ck_amx_side_release(side);
    if (side->left) ck_amx_side_finish(side, side->left);
}

static void ck_amx_product(ck_amx_task *r) {
    const ck_gemm *g = r->g;
    ck_amx_side *side = &r->side;
    ptrdiff_t configured = 0;
    side->epilogue = r->epilogue;
    side->way = ck_amx_way_of(r->epilogue, g->c.type);
    side->c = g->c;
    side->c_row = g->c_row;
    side->left = side->next.rows = 0;
    side->held.to = 0;
    side->a = (ck_amx_packer){.one = ck_amx_pack_one_rows, .from = r->a, .row = 2 * g->a_row,
                              .k = r->k, .extent = g->m, .steps = r->steps};
    side->b = (ck_amx_packer){.one = g->transpose_b ? ck_amx_pack_one_turned : ck_amx_pack_one_plain, .from = r->b, .row = 2 * g->b_row,
                              .k = r->k, .extent = g->n, .steps = r->steps, .sums_to = g->transpose_a && !g->transpose_b ? g->b_sums : 0};
    if (r->plan->a == CK_ROUNDS) {
        ck_amx_rounds(r);
        return;
    }

    ck_amx_visit v = {0};
    ck_amx_enter(r, &v);
    ck_amx_prepare_a(r, &v, 0);
    ck_amx_drain(&side->a, 0);
    int more;
    do {
        ck_amx_visit next = v;
        more = ck_amx_advance(r, &next);
        if (more) ck_amx_prepare_a(r, &next, v.panels);
        // The first block of a group finds b as it is and has it packed, panel by panel, just ahead of its use.
        if (!g->packed_b && v.block == 0) ck_amx_start(&side->b, v.panel, v.panels, v.done, v.end, 1, r->workspace + r->plan->own_b);
        ck_amx_set_rows(ck_smaller(32, g->m - 32 * v.block), &configured, side);
        ck_amx_meet(r, &v);
        ck_amx_drain(&side->a, 0);
        side->next.rows = 0;
        v = next;
    } while (more);
    ck_amx_side_release(side);
    if (side->left) ck_amx_side_finish(side, side->left);
}

// Sums of columns where there is no product to gather them with.
static void ck_amx_only_sums(const ck_gemm *g) {
    for (ptrdiff_t j = 0; j < g->n; j += 16) {
        const __mmask16 lanes = (__mmask16)ck_mask_of_32(g->n - j);
        f16 sum = {0};
        for (ptrdiff_t i = 0; i < g->k; i++) sum += ck_amx_get(g->b, i * g->b_row + j, lanes);
        _mm512_mask_storeu_ps(g->b_sums + j, lanes, (__m512)sum);
    }
}

static void ck_amx_gemm(const ck_gemm *g, void *workspace) {
    const int sums = g->transpose_a && !g->transpose_b && g->b_sums;
    if (sums && g->m == 0) ck_amx_only_sums(g);
    if (g->m == 0 || g->n == 0) return;
    const ck_amx_plan plan = ck_amx_make_plan(g);
    const ck_epilogue none = {0};
    ck_amx_task r = {.g = g, .plan = &plan, .workspace = (char *)(((uintptr_t)workspace + 63) & ~(uintptr_t)63) };
    if (sums) memset(g->b_sums, 0, (size_t)g->n * sizeof(float));
    for (ptrdiff_t i = 0; i < g->batch; i++) {
        r.c_at = i * g->c_batch;
        ptrdiff_t step = 0;
        do {
            const ptrdiff_t k = 32 * step;
            const int whole = step + plan.chunk >= plan.steps;
            r.a = (const char *)g->a.data + 2 * (i * g->a_batch + (g->transpose_a ? k * g->a_row : k));
            r.b = g->packed_b ? g->b.data : (const char *)g->b.data + 2 * (i * g->b_batch + (g->transpose_b ? k : k * g->b_row));
            r.steps = ck_smaller(plan.chunk, plan.steps - step);
            r.k = whole ? g->k - k : 32 * r.steps;
            r.epilogue = whole ? &g->epilogue : &none;
            r.accumulate = g->accumulate || step > 0;
            ck_amx_product(&r);
            step += plan.chunk;
        } while (step < plan.steps);
    }
    _tile_release();
}

// MARK: The table

// What the level below does with operands in fp32.
static ck_table ck_amx_below;

static ptrdiff_t ck_amx_any_gemm_workspace(const ck_gemm *g) {
    return g->a.type == CK_BF16 ? ck_amx_gemm_workspace(g) : ck_amx_below.gemm_workspace(g);
}
static void ck_amx_any_gemm(const ck_gemm *g, void *workspace) {
    if (g->a.type == CK_BF16) ck_amx_gemm(g, workspace);
    else ck_amx_below.gemm(g, workspace);
}
static int ck_amx_any_prefers_packed(const ck_gemm *g) { return g->a.type == CK_BF16 ? 1 : ck_amx_below.prefers_packed(g); }
static ptrdiff_t ck_amx_any_packed_bytes(const ck_packing *p) {
    return p->type == CK_BF16 ? ck_amx_packed_bytes(p) : ck_amx_below.packed_bytes(p);
}
static void ck_amx_any_pack(const ck_packing *p, const float *weights, void *packed) {
    if (p->type == CK_BF16) ck_amx_pack(p, weights, packed);
    else ck_amx_below.pack(p, weights, packed);
}

static void ck_fill_amx_gemm(ck_table *t) {
    ck_amx_below = *t;
    t->gemm_workspace = ck_amx_any_gemm_workspace;
    t->gemm = ck_amx_any_gemm;
    t->prefers_packed = ck_amx_any_prefers_packed;
    t->packed_bytes = ck_amx_any_packed_bytes;
    t->pack = ck_amx_any_pack;
}
