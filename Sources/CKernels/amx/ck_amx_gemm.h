// Products of bf16 matrices in tiles.
//
// Columns of c are taken in groups whose packed b stays in the second-level cache; in a group, blocks of 32 rows of a, which stay in the
// first level while they meet every panel of the group. A contraction too long for that is cut into stretches; the sums then rest
// between them. Each element of c is one chain over k in ascending order, whatever the blocks, so a row does not depend on its place.

#include "ck_amx_tiles.h"
#include "ck_amx_finish.h"
#include "ck_amx_pack.h"
#include "ck_amx_kernels.h"
#include "ck_amx_packers.h"

enum {
    // Steps of 32 that a block of a may have to stay in the first level, uncut and as a stretch.
    CK_AMX_UNCUT = 25,
    CK_AMX_STRETCH = 20,
    // Bytes of packed b in a group: packed beforehand, and packed here (twice, since the next group is packed while this one is used).
    CK_AMX_GROUP = 1 << 20,
    CK_AMX_OWN_GROUP = 1 << 19,
    // Bytes of a turned a that is kept whole, and the least steps that are.
    CK_AMX_TURNED = 1 << 23,
    CK_AMX_TURNED_STEPS = 64,
    // Rows that go through a light epilogue at a time.
    CK_AMX_BITE = 8,
    // Panels of a group whose sums may have to rest.
    CK_AMX_RESTING = CK_AMX_GROUP / ((CK_AMX_UNCUT + 1) * CK_PAIR_BYTES),
};

typedef enum ck_amx_source { CK_AS_IS, CK_COPIED, CK_TURNED } ck_amx_source;

typedef struct ck_amx_plan {
    ptrdiff_t blocks, panels, steps;
    // Steps of the contraction between two visits to c (only a turned a has more than one chunk), and of a stretch.
    ptrdiff_t chunk, stretch;
    ptrdiff_t group;
    ck_amx_source a;
    // Where things lie in the workspace, and its size.
    ptrdiff_t sums, start, last, resting, own_a, own_b, bytes;
} ck_amx_plan;

static ck_amx_plan ck_amx_make_plan(const ck_gemm *g) {
    ck_amx_plan p = {.blocks = ck_amx_32s(g->m), .panels = ck_amx_32s(g->n), .steps = ck_amx_32s(g->k)};
    // Rows a multiple of 2 KB apart meet in few sets of the cache.
    p.a = g->transpose_a ? CK_TURNED : g->a_row % 1024 == 0 ? CK_COPIED : CK_AS_IS;
    p.chunk = p.steps;
    if (p.a == CK_TURNED && g->c.type == CK_F32 && !g->packed_b) {
        ptrdiff_t most = CK_AMX_TURNED / (CK_PAIR_BYTES * (p.blocks ? p.blocks : 1));
        if (most < CK_AMX_TURNED_STEPS) most = CK_AMX_TURNED_STEPS;
        if (p.chunk > most) p.chunk = most;
    }
    const ptrdiff_t cuts = p.chunk <= CK_AMX_UNCUT ? 1 : (p.chunk + CK_AMX_STRETCH - 1) / CK_AMX_STRETCH;
    p.stretch = (p.chunk + cuts - 1) / cuts;
    const ptrdiff_t panel_bytes = (p.chunk ? p.chunk : 1) * CK_PAIR_BYTES;
    p.group = (g->packed_b ? CK_AMX_GROUP : CK_AMX_OWN_GROUP) / panel_bytes;
    if (p.group < 1) p.group = 1;
    if (p.group > p.panels) p.group = p.panels;

    // Sizes never shrink as an extent grows, so that one workspace serves every smaller batch.
    ptrdiff_t at = 64;
    p.sums = at;
    at += 2 * CK_SUMS_PANEL;
    p.start = at;
    if (g->accumulate || p.chunk < p.steps) at += 2 * CK_SUMS_PANEL;
    p.last = at;
    if (p.a == CK_AS_IS) at += CK_PAIR_BYTES;
    p.resting = at;
    if (p.chunk > CK_AMX_UNCUT) at += (p.panels < CK_AMX_RESTING ? p.panels : CK_AMX_RESTING) * CK_SUMS_PANEL;
    p.own_a = at;
    if (p.a == CK_COPIED) at += 2 * p.chunk * CK_PAIR_BYTES;
    if (p.a == CK_TURNED) at += p.blocks * p.chunk * CK_PAIR_BYTES;
    p.own_b = at;
    if (!g->packed_b) {
        const ptrdiff_t most = panel_bytes > CK_AMX_OWN_GROUP ? panel_bytes : CK_AMX_OWN_GROUP;
        const ptrdiff_t all = p.panels * panel_bytes;
        at += all < 2 * most ? all : 2 * most;
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

// A block of rows against the panels of a group, from `panel` on.
static void ck_amx_rows_of_block(ck_amx_task *r, ptrdiff_t block, ptrdiff_t first, ptrdiff_t panels, const char *b, int packing, const char *own_a) {
    const ck_gemm *g = r->g;
    const ck_amx_plan *plan = r->plan;
    ck_amx_side *side = &r->side;
    float *const sums = (float *)(r->workspace + plan->sums), *const start = (float *)(r->workspace + plan->start);
    char *const last = r->workspace + plan->last;
    const ptrdiff_t rows = ck_smaller(32, g->m - 32 * block), width = g->n, steps = r->steps;
    const int single = rows <= 16;

    ck_amx_stretch s = {.b_panel = steps * CK_PAIR_BYTES};
    // Steps that a has whole, and the rest of a row, which is copied because what follows it belongs to others.
    ptrdiff_t whole = steps;
    if (plan->a == CK_AS_IS) {
        s.a_row = 2 * g->a_row;
        s.a_tile = 16 * s.a_row;
        s.a_step = 64;
        own_a = r->a + 32 * block * s.a_row;
        whole = r->k / 32;
        if (whole < steps) ck_pad_block(own_a + 64 * whole, s.a_row, rows, r->k % 32, last);
    } else {
        s.a_row = 64;
        s.a_tile = CK_TILE_BYTES;
        s.a_step = CK_PAIR_BYTES;
    }

    ptrdiff_t done = 0;
    do {
        const ptrdiff_t end = ck_smaller(done + plan->stretch, steps);
        const ptrdiff_t count = end - done;
        for (ptrdiff_t j = 0; j < panels;) {
            const ptrdiff_t column = 32 * (first + j);
            const ptrdiff_t taken = single && j + 2 <= panels ? 2 : 1;
            const ptrdiff_t columns = ck_smaller(32 * taken, width - column);
            const ptrdiff_t at = r->c_at + 32 * block * g->c_row + column;
            float *const rest = (float *)(r->workspace + plan->resting + j * CK_SUMS_PANEL);
            // All that is pending is finished while these steps run.
            if (side->left) ck_amx_set_quota(side, count);
            if (!count && side->left) ck_amx_side_finish(side, side->left);
            if (packing) ck_amx_drain(&side->b, (panels - j - taken) * steps);
            s.a = own_a + done * s.a_step;
            s.b = b + (j * steps + done) * CK_PAIR_BYTES;
            s.steps = ck_smaller(end, whole) - done;
            s.last = end > whole ? last : 0;
            s.from = done ? rest : 0;
            if (!done && r->accumulate) {
                ck_amx_read_sums(g->c, g->c_row, at, rows, columns, start);
                s.from = start;
            }
            s.to = end < steps || done ? rest : sums;
            if (taken == 2) ck_amx_one_by_four(&s, side);
            else if (single) ck_amx_one_by_two(&s, side);
            else if (columns <= 16) ck_amx_two_by_one(&s, side);
            else ck_amx_two_by_two(&s, side);
            if (end == steps) {
                side->tile = s.to;
                side->left = rows;
                side->columns = columns;
                side->at = at;
                side->column = column;
            }
            j += taken;
        }
        done = end;
    } while (done < steps);
}

// Gives the tiles the rows of a block; `configured` is what they had.
CK_INLINE void ck_amx_set_rows(ptrdiff_t rows, ptrdiff_t *configured) {
    if (*configured == rows) return;
    *configured = rows;
    const uint8_t upper = (uint8_t)ck_smaller(rows, 16), lower = (uint8_t)(rows - 16);
    if (rows <= 16) ck_tiles_configure((const uint8_t[8]){upper, upper, upper, upper, 16, 16, upper, 16});
    else ck_tiles_configure((const uint8_t[8]){upper, upper, lower, lower, 16, 16, upper, lower});
}

// The lines of a's next block, spread over the steps of this one.
CK_INLINE void ck_amx_fetch_block(ck_amx_task *r, ptrdiff_t block, ptrdiff_t panels) {
    ck_amx_side *side = &r->side;
    side->fetch = r->a + 64 * block * r->g->a_row;
    side->fetch_row = 2 * r->g->a_row;
    side->fetch_rows = ck_smaller(32, r->g->m - 32 * block);
    side->fetch_line = 0;
    side->fetch_lines = r->steps;
    side->fetch_quota = (32 + panels - 1) / panels;
}

static void ck_amx_product(ck_amx_task *r) {
    const ck_gemm *g = r->g;
    const ck_amx_plan *plan = r->plan;
    ck_amx_side *side = &r->side;
    const ptrdiff_t steps = r->steps, group_bytes = plan->group * plan->chunk * CK_PAIR_BYTES;
    char *const own_a = r->workspace + plan->own_a, *own_b = r->workspace + plan->own_b;
    char *const copies[2] = {own_a, own_a + plan->chunk * CK_PAIR_BYTES};
    ptrdiff_t configured = 0, turn = 0;
    side->epilogue = r->epilogue;
    side->way = ck_amx_way_of(r->epilogue, g->c.type);
    side->c = g->c;
    side->c_row = g->c_row;
    side->left = side->fetch_rows = 0;
    side->a = (ck_amx_packer){.one = g->transpose_a ? ck_amx_pack_one_rows : ck_amx_copy_one_rows, .from = r->a, .row = 2 * g->a_row,
                              .k = r->k, .extent = g->m, .steps = steps};
    side->b = (ck_amx_packer){.one = g->transpose_b ? ck_amx_pack_one_turned : ck_amx_pack_one_plain, .from = r->b, .row = 2 * g->b_row,
                              .k = r->k, .extent = g->n, .steps = steps, .sums_to = g->transpose_a && !g->transpose_b ? g->b_sums : 0};

    if (plan->a != CK_AS_IS) {
        ck_amx_start(&side->a, 0, 1, 1, own_a);
        ck_amx_drain(&side->a, 0);
    }
    if (!g->packed_b) ck_amx_start(&side->b, 0, ck_smaller(plan->group, plan->panels), 1, own_b);
    for (ptrdiff_t first = 0; first < plan->panels; first += plan->group) {
        const ptrdiff_t panels = ck_smaller(plan->group, plan->panels - first), after = plan->panels - first - panels;
        const char *b = g->packed_b ? r->b + first * steps * CK_PAIR_BYTES : own_b;
        for (ptrdiff_t block = 0; block < plan->blocks; block++) {
            const int is_last = block + 1 == plan->blocks, packing = block == 0 && first == 0 && !g->packed_b;
            const char *block_a = own_a + block * steps * CK_PAIR_BYTES;
            if (plan->a == CK_COPIED) {
                block_a = copies[turn];
                turn ^= 1;
                if (!is_last || after) ck_amx_start(&side->a, is_last ? 0 : block + 1, 1, panels, copies[turn]);
            } else if (plan->a == CK_TURNED) {
                if (first == 0 && !is_last) ck_amx_start(&side->a, block + 1, 1, panels, own_a + (block + 1) * steps * CK_PAIR_BYTES);
            } else if (!is_last || after) {
                ck_amx_fetch_block(r, is_last ? 0 : block + 1, panels);
            }
            // The first panels of b are packed just ahead of their use, the next group's during all blocks of this one.
            if (!packing && block == (first == 0) && !g->packed_b && after) {
                own_b = r->workspace + plan->own_b + (own_b == r->workspace + plan->own_b ? group_bytes : 0);
                ck_amx_start(&side->b, first + panels, ck_smaller(plan->group, after), plan->blocks - (first == 0), own_b);
            }
            ck_amx_set_rows(ck_smaller(32, g->m - 32 * block), &configured);
            ck_amx_rows_of_block(r, block, first, panels, b, packing, block_a);
            ck_amx_drain(&side->a, 0);
            side->fetch_rows = 0;
        }
        if (!g->packed_b && after && plan->blocks == 1 && first == 0) {
            own_b = r->workspace + plan->own_b + group_bytes;
            ck_amx_start(&side->b, first + panels, ck_smaller(plan->group, after), 1, own_b);
        }
        ck_amx_drain(&side->b, 0);
    }
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
