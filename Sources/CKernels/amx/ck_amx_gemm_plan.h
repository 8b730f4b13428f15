// How a product of bf16 matrices is cut: which operands are read in place, copied or turned, and how much of them meets at a time.

#ifndef CK_AMX_GEMM_PLAN_H
#define CK_AMX_GEMM_PLAN_H

enum {
    // Steps of 32 that a block of a may have to stay in the first level, uncut and as a stretch.
    CK_AMX_UNCUT = 25,
    CK_AMX_STRETCH = 20,
    // Steps up to which a band is one block. Pairs of tiles of a group then, or of the only one; panels of a group and blocks of a band
    // beyond.
    CK_AMX_UNBANDED = 80,
    CK_AMX_GROUP_PAIRS = 512,
    CK_AMX_ONLY_GROUP_PAIRS = 640,
    CK_AMX_GROUP = 12,
    CK_AMX_BAND = 16,
    // Pairs of tiles of a turned a that are kept, and the least steps.
    CK_AMX_TURNED_PAIRS = 4096,
    CK_AMX_TURNED_STEPS = 64,
    // Steps up to which a turned a is packed as a whole; panels, blocks and steps of a round beyond.
    CK_AMX_AT_ONCE = 8,
    CK_AMX_ROUND = 16,
    CK_AMX_ROUND_STEPS = 13,
    // Panels for which a block of a is not worth copying.
    CK_AMX_FEW = 4,
    // Rows that go through a light epilogue at a time.
    CK_AMX_BITE = 8,
};

// Both operands of a long contraction whose a is transposed are packed round by round: a band and a group for one stretch. What comes
// again, a with each group and b with each band, is kept as it was packed.
typedef enum ck_amx_source { CK_AS_IS, CK_COPIED, CK_TURNED, CK_ROUNDS } ck_amx_source;

typedef struct ck_amx_plan {
    ptrdiff_t blocks, panels, steps;
    // Steps of the contraction between two visits to c (only a turned a has more than one chunk), and of a stretch.
    ptrdiff_t chunk, stretch;
    // Panels of a group, blocks of a band.
    ptrdiff_t group, band;
    ck_amx_source a;
    int keeps_a, keeps_b;
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
    const int rounds = g->transpose_a && !g->transpose_b && !g->packed_b && p.steps > CK_AMX_AT_ONCE;
    if (!rounds && p.a == CK_TURNED && g->c.type == CK_F32 && !g->packed_b) {
        p.chunk = ck_smaller(p.chunk, ck_amx_larger(CK_AMX_TURNED_PAIRS / ck_amx_larger(p.blocks, 1), CK_AMX_TURNED_STEPS));
    }
    const int cut = p.chunk > CK_AMX_UNCUT;
    const ptrdiff_t cuts = cut ? (p.chunk + CK_AMX_STRETCH - 1) / CK_AMX_STRETCH : 1;
    p.stretch = (p.chunk + cuts - 1) / cuts;
    const int banded = p.chunk > CK_AMX_UNBANDED;
    // Each group reads a again, so a small one left over would be dear, and a second one, too.
    p.group = banded ? ck_smaller(p.panels, CK_AMX_GROUP)
        : p.panels * p.chunk <= CK_AMX_ONLY_GROUP_PAIRS ? p.panels
        : ck_amx_share(p.panels, CK_AMX_GROUP_PAIRS / ck_amx_larger(p.chunk, 1));
    p.band = banded ? ck_smaller(p.blocks, CK_AMX_BAND) : 1;
    if (rounds) {
        p.a = CK_ROUNDS;
        p.stretch = ck_amx_share(p.steps, CK_AMX_ROUND_STEPS);
        p.group = ck_amx_share(p.panels, CK_AMX_ROUND);
        p.band = ck_amx_share(p.blocks, CK_AMX_ROUND);
        p.keeps_a = p.panels > p.group;
        p.keeps_b = p.blocks > p.band;
    }

    // Sizes never shrink as an extent grows, so that one workspace serves every smaller batch.
    ptrdiff_t at = 0;
    p.sums = at;
    at += 2 * CK_SUMS_PANEL;
    p.start = at;
    if (g->accumulate || p.chunk < p.steps) at += 2 * CK_SUMS_PANEL;
    p.last = at;
    if (p.a == CK_AS_IS) at += CK_PAIR_BYTES;
    p.resting = at;
    const ptrdiff_t at_once = rounds ? ck_smaller(p.blocks, CK_AMX_ROUND) * ck_smaller(p.panels, CK_AMX_ROUND) : p.band * p.group;
    if (cut || rounds) at += ck_amx_larger(at_once, ck_smaller(p.panels, CK_AMX_ONLY_GROUP_PAIRS / CK_AMX_UNCUT)) * CK_SUMS_PANEL;
    p.own_a = at;
    if (p.a == CK_COPIED) at += ck_smaller(p.chunk, CK_AMX_UNCUT) * CK_PAIR_BYTES;
    if (p.a == CK_TURNED) at += p.blocks * p.chunk * CK_PAIR_BYTES;
    p.own_b = at;
    const ptrdiff_t group_pairs = banded ? ck_amx_larger(CK_AMX_ONLY_GROUP_PAIRS, CK_AMX_GROUP * p.chunk) : CK_AMX_ONLY_GROUP_PAIRS;
    if (!g->packed_b) at += ck_smaller(p.panels * p.chunk, group_pairs) * CK_PAIR_BYTES;
    if (rounds) {
        // What shorter contractions take, too.
        const ptrdiff_t turned = (p.blocks * CK_AMX_AT_ONCE + ck_smaller(p.panels * CK_AMX_AT_ONCE, CK_AMX_ONLY_GROUP_PAIRS)) * CK_PAIR_BYTES;
        const ptrdiff_t a_steps = p.keeps_a ? p.steps : CK_AMX_ROUND_STEPS, b_steps = p.keeps_b ? p.steps : CK_AMX_ROUND_STEPS;
        p.own_b = p.own_a + (p.keeps_a ? p.blocks : ck_smaller(p.blocks, CK_AMX_ROUND)) * a_steps * CK_PAIR_BYTES;
        at = p.own_b + ck_smaller(p.panels, CK_AMX_ROUND) * b_steps * CK_PAIR_BYTES;
        at = ck_amx_larger(at, p.own_a + turned);
    }
    // The workspace may begin anywhere; things lie from its first whole line on.
    p.bytes = at + 64;
    return p;
}

static ptrdiff_t ck_amx_gemm_workspace(const ck_gemm *g) { return ck_amx_make_plan(g).bytes; }

#endif
