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

enum {
    // Steps of 32 that a block of a may have to stay in the first level, uncut and as a stretch.
    CK_AMX_UNCUT = 25,
    CK_AMX_STRETCH = 20,
    // Steps up to which a band is one block. Pairs of tiles of a group then; panels of a group and blocks of a band beyond.
    CK_AMX_UNBANDED = 40,
    CK_AMX_GROUP_PAIRS = 512,
    CK_AMX_GROUP = 12,
    CK_AMX_BAND = 16,
    // Pairs of tiles of a turned a that are kept, and the least steps.
    CK_AMX_TURNED_PAIRS = 4096,
    CK_AMX_TURNED_STEPS = 64,
    // Panels, blocks and steps of a round.
    CK_AMX_ROUND = 16,
    CK_AMX_ROUND_STEPS = 13,
    // Panels for which a block of a is not worth copying.
    CK_AMX_FEW = 4,
    // Rows that go through a light epilogue at a time.
    CK_AMX_BITE = 8,
};

// Both operands of a long contraction whose a is transposed are packed round by round: a band and a group
// for one stretch.
typedef enum ck_amx_source { CK_AS_IS, CK_COPIED, CK_TURNED, CK_ROUNDS } ck_amx_source;

typedef struct ck_amx_plan {
    ptrdiff_t blocks, panels, steps;
    // Steps of the contraction between two visits to c (only a turned a has more than one chunk), and of a stretch.
    ptrdiff_t chunk, stretch;
    // Panels of a group, blocks of a band.
    ptrdiff_t group, band;
    ck_amx_source a;
    // Where things lie in the workspace, and its size.
    ptrdiff_t sums, start, last, resting, own_a, own_b, bytes;
} ck_amx_plan;

// As many as possible, at most `most`, at a time, about equally many each time.
CK_INLINE ptrdiff_t ck_amx_share(ptrdiff_t count, ptrdiff_t most) {
    const ptrdiff_t times = (count + most - 1) / most;
    return times ? (count + times - 1) / times : 0;
}

static ck_amx_plan ck_amx_make_plan(const ck_gemm *g) {
    ck_amx_plan p = {.blocks = ck_amx_32s(g->m), .panels = ck_amx_32s(g->n), .steps = ck_amx_32s(g->k)};
    // Rows a multiple of 2 KB apart meet in two sets of the cache; few panels are done before that matters.
    p.a = g->transpose_a ? CK_TURNED : g->a_row % 1024 == 0 && p.panels > CK_AMX_FEW ? CK_COPIED : CK_AS_IS;
    p.chunk = p.steps;
    const int rounds = g->transpose_a && !g->transpose_b && !g->packed_b && p.steps > CK_AMX_UNBANDED;
    if (!rounds && p.a == CK_TURNED && g->c.type == CK_F32 && !g->packed_b) {
        p.chunk = ck_smaller(p.chunk, ck_amx_larger(CK_AMX_TURNED_PAIRS / ck_amx_larger(p.blocks, 1), CK_AMX_TURNED_STEPS));
    }
    const int cut = p.chunk > CK_AMX_UNCUT;
    const ptrdiff_t cuts = cut ? (p.chunk + CK_AMX_STRETCH - 1) / CK_AMX_STRETCH : 1;
    p.stretch = (p.chunk + cuts - 1) / cuts;
    const int banded = p.chunk > CK_AMX_UNBANDED;
    // Each group reads a again, so a small one left over would be dear.
    p.group = banded ? ck_smaller(p.panels, CK_AMX_GROUP) : ck_amx_share(p.panels, CK_AMX_GROUP_PAIRS / ck_amx_larger(p.chunk, 1));
    p.band = banded ? ck_smaller(p.blocks, CK_AMX_BAND) : 1;
    if (rounds) {
        p.a = CK_ROUNDS;
        p.stretch = ck_amx_share(p.steps, CK_AMX_ROUND_STEPS);
        p.group = ck_amx_share(p.panels, CK_AMX_ROUND);
        p.band = ck_amx_share(p.blocks, CK_AMX_ROUND);
    }

    // Sizes never shrink as an extent grows, so that one workspace serves every smaller batch.
    ptrdiff_t at = 64;
    p.sums = at;
    at += 2 * CK_SUMS_PANEL;
    p.start = at;
    if (g->accumulate || p.chunk < p.steps) at += 2 * CK_SUMS_PANEL;
    p.last = at;
    if (p.a == CK_AS_IS) at += CK_PAIR_BYTES;
    p.resting = at;
    const ptrdiff_t at_once = rounds ? ck_smaller(p.blocks, CK_AMX_ROUND) * ck_smaller(p.panels, CK_AMX_ROUND) : p.band * p.group;
    if (cut) at += ck_amx_larger(at_once, ck_smaller(p.panels, CK_AMX_GROUP_PAIRS / CK_AMX_UNCUT)) * CK_SUMS_PANEL;
    p.own_a = at;
    if (p.a == CK_COPIED) at += ck_smaller(p.chunk, CK_AMX_UNCUT) * CK_PAIR_BYTES;
    if (p.a == CK_TURNED) at += p.blocks * p.chunk * CK_PAIR_BYTES;
    p.own_b = at;
    if (!g->packed_b) at += ck_smaller(p.panels * p.chunk, ck_amx_larger(CK_AMX_GROUP_PAIRS, CK_AMX_GROUP * p.chunk)) * CK_PAIR_BYTES;
    if (rounds) {
        // What shorter contractions take, too.
        const ptrdiff_t turned = (p.blocks * CK_AMX_UNBANDED + ck_smaller(p.panels * CK_AMX_UNBANDED, CK_AMX_GROUP_PAIRS)) * CK_PAIR_BYTES;
        p.own_b = p.own_a + ck_smaller(p.blocks, CK_AMX_ROUND) * CK_AMX_ROUND_STEPS * CK_PAIR_BYTES;
        at = p.own_b + ck_smaller(p.panels, CK_AMX_ROUND) * CK_AMX_ROUND_STEPS * CK_PAIR_BYTES;
        at = ck_amx_larger(at, p.own_a + turned);
    }
    p.bytes = at;
    return p;
}

static ptrdiff_t ck_amx_gemm_workspace(const ck_gemm *g) { return ck_amx_make_plan(g).bytes; }

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
        side->next_a = (ck_amx_fetcher){.from = r->a + 64 * (next->block * r->g->a_row + next->done), .row = 2 * r->g->a_row,
                                        .lines = count, .rows = count ? ck_smaller(32, r->g->m - 32 * next->block) : 0,
                                        .quota = (32 + panels - 1) / panels};
    }
}

static void ck_amx_meet(ck_amx_task *r, const ck_amx_visit *v) {
    const ck_gemm *g = r->g;
    const ck_amx_plan *plan = r->plan;
    ck_amx_side *side = &r->side;
    const ptrdiff_t rows = ck_smaller(32, g->m - 32 * v->block), steps = r->steps, count = v->end - v->done;
    // What is packed for one round is packed for its steps only.
    const int rounds = plan->a == CK_ROUNDS;
    const ptrdiff_t of_panel = rounds ? count : steps, first = rounds ? 0 : v->done;
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
        s.a = r->workspace + plan->own_a + (v->block - v->band) * count * CK_PAIR_BYTES;
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
        // Sums belong to the first band.
        side->b.sums_to = v.band ? 0 : r->g->b_sums;
        ck_amx_pack_across(&side->a, 1, v.band, v.blocks, v.done, v.end, r->workspace + plan->own_a);
        ck_amx_pack_across(&side->b, 0, v.panel, v.panels, v.done, v.end, r->workspace + plan->own_b);
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
    side->left = side->next_a.rows = 0;
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
        side->next_a.rows = 0;
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
