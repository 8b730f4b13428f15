// Operands that are packed while the product runs, pair of tiles by pair of tiles, between the steps of the kernels.

#ifndef CK_AMX_PACKERS_H
#define CK_AMX_PACKERS_H

// The corner of the next pair in an operand whose rows are steps of the contraction, or whose columns are.
CK_INLINE const char *ck_amx_corner_down(const ck_amx_packer *p) { return p->from + 32 * p->step * p->row + 64 * p->panel; }
CK_INLINE const char *ck_amx_corner_along(const ck_amx_packer *p) { return p->from + 32 * p->panel * p->row + 64 * p->step; }

CK_INLINE char *ck_amx_place(const ck_amx_packer *p) { return p->to + p->step * CK_PAIR_BYTES; }

CK_INLINE void ck_amx_packed_one(ck_amx_packer *p) {
    p->left--;
    p->wait = p->every;
    if (++p->step == p->end) {
        p->step = p->first;
        p->panel++;
        p->to += p->steps * CK_PAIR_BYTES;
    }
}

// The lines of the pair after this one: a walk down a column strip is nothing that the processor would foresee.
CK_INLINE void ck_amx_fetch_below(const ck_amx_packer *p, const char *from) {
    for (int i = 32; i < 64; i++) _mm_prefetch(from + i * p->row, _MM_HINT_T0);
}

static __attribute__((noinline)) void ck_amx_pack_one_plain(ck_amx_packer *p) {
    const char *from = ck_amx_corner_down(p);
    const ptrdiff_t columns = p->extent - 32 * p->panel;
    ck_amx_fetch_below(p, from);
    if (!p->sums_to) {
        ck_amx_pack_plain(from, p->row, p->k - 32 * p->step, columns, ck_amx_place(p), 0);
    } else {
        float *sums = p->sums_to + 32 * p->panel;
        if (p->step == p->first) ck_amx_get_sums(&p->sums, sums, columns);
        ck_amx_pack_plain(from, p->row, p->k - 32 * p->step, columns, ck_amx_place(p), &p->sums);
        if (p->step + 1 == p->end) ck_amx_put_sums(&p->sums, sums, columns);
    }
    ck_amx_packed_one(p);
}

static __attribute__((noinline)) void ck_amx_pack_one_turned(ck_amx_packer *p) {
    ck_amx_pack_turned(ck_amx_corner_along(p), p->row, p->extent - 32 * p->panel, p->k - 32 * p->step, ck_amx_place(p));
    ck_amx_packed_one(p);
}

static __attribute__((noinline)) void ck_amx_pack_one_rows(ck_amx_packer *p) {
    const char *from = ck_amx_corner_down(p);
    ck_amx_fetch_below(p, from);
    ck_amx_pack_rows(from, p->row, p->k - 32 * p->step, p->extent - 32 * p->panel, ck_amx_place(p));
    ck_amx_packed_one(p);
}

// Packs until at most `left` pairs are left.
CK_INLINE void ck_amx_drain(ck_amx_packer *p, ptrdiff_t left) {
    while (p->left > left) p->one(p);
}

// Starts on the steps from `first` to `end` of `panels` panels from `panel` on.
CK_INLINE void ck_amx_start(ck_amx_packer *p, ptrdiff_t panel, ptrdiff_t panels, ptrdiff_t first, ptrdiff_t end, ptrdiff_t every, char *to) {
    p->panel = panel;
    p->first = p->step = first;
    p->end = end;
    p->left = panels * (end - first);
    p->every = p->wait = every;
    p->to = to;
}

// Adds the rows of a step to the sums of their columns, four panels at a time: each column's additions wait for one another, those of other
// columns do not. The rows have just been packed, so they are near.
static void ck_amx_sum_across(const ck_amx_packer *p, ptrdiff_t step, ptrdiff_t panel, ptrdiff_t panels) {
    const ptrdiff_t rows = ck_smaller(p->k - 32 * step, 32);
    const char *const from = p->from + 32 * step * p->row;
    ptrdiff_t j = panel;
    for (; j + 4 <= panel + panels && 32 * (j + 4) <= p->extent; j += 4) {
        ck_amx_sums sums[4];
        for (int i = 0; i < 4; i++) ck_amx_get_sums(&sums[i], p->sums_to + 32 * (j + i), 32);
        for (ptrdiff_t r = 0; r < rows; r++)
            for (int i = 0; i < 4; i++) ck_amx_add_row(_mm512_loadu_si512(from + r * p->row + 64 * (j + i)), &sums[i]);
        for (int i = 0; i < 4; i++) ck_amx_put_sums(&sums[i], p->sums_to + 32 * (j + i), 32);
    }
    for (; j < panel + panels; j++) {
        const ptrdiff_t columns = p->extent - 32 * j;
        ck_amx_sums sums;
        ck_amx_get_sums(&sums, p->sums_to + 32 * j, columns);
        for (ptrdiff_t r = 0; r < rows; r++) ck_amx_add_row(ck_load_some_of_32(from + r * p->row + 64 * j, columns), &sums);
        ck_amx_put_sums(&sums, p->sums_to + 32 * j, columns);
    }
}

// The steps from `first` to `end` of `panels` panels from `panel` on, of an operand whose rows are steps of the contraction; the panels are
// `apart` pairs from each other. They go across, a step of all panels and then the next, because whole stretches of rows are what the
// processor foresees: fetched one by one, the lines of a column strip arrive at a third of the rate.
static void ck_amx_pack_across(const ck_amx_packer *p, const int rows_of_a, ptrdiff_t panel, ptrdiff_t panels, ptrdiff_t first,
                               ptrdiff_t end, char *to, ptrdiff_t apart) {
    for (ptrdiff_t step = first; step < end; step++, to += CK_PAIR_BYTES) {
        char *pair = to;
        const ptrdiff_t rows = p->k - 32 * step;
        for (ptrdiff_t j = panel; j < panel + panels; j++, pair += apart * CK_PAIR_BYTES) {
            const char *from = p->from + 32 * step * p->row + 64 * j;
            if (rows_of_a) ck_amx_pack_rows(from, p->row, rows, p->extent - 32 * j, pair);
            else ck_amx_pack_plain(from, p->row, rows, p->extent - 32 * j, pair, 0);
        }
        if (!rows_of_a && p->sums_to) ck_amx_sum_across(p, step, panel, panels);
    }
}

#endif
