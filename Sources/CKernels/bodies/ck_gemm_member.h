// One product of a batch: its cut into groups of columns, chunks of k and blocks of rows.

#ifndef CK_GEMM_MEMBER_H
#define CK_GEMM_MEMBER_H

// All rows of a round.
static void ck_gemm_rows(ck_gemm_run *r) {
    const ck_gemm *g = r->g;
    for (ptrdiff_t i = r->row; i < r->row + r->rows; i += CK_GEMM_BLOCK) {
        const ptrdiff_t rows = ck_smaller(CK_GEMM_BLOCK, r->row + r->rows - i);
        const ptrdiff_t at = r->a_at + (g->transpose_a ? r->step * g->a_row + i : i * g->a_row + r->step);
        const int copies = r->plan.copies_a && !r->slivers;
        r->a = copies ? r->copy : (const float *)g->a.data + at;
        r->a_row = g->a_row;
        r->a_line = g->transpose_a ? 1 : g->a_row;
        if (copies) {
            r->a_row = g->transpose_a ? CK_GEMM_BLOCK : ck_rounded(r->steps);
            r->a_line = g->transpose_a ? 1 : r->a_row;
            if (g->transpose_a) ck_copy_rows(g->a, at, g->a_row, r->steps, rows, r->copy, r->a_row);
            else ck_copy_rows(g->a, at, g->a_row, rows, r->steps, r->copy, r->a_row);
        }
        ck_gemm_block(r, i, rows);
    }
}

// One member of the batch, whose operands begin at these elements; with `sums`, those of b's columns as well.
static void ck_gemm_member(const ck_gemm *g, const ck_gemm_plan *plan, ptrdiff_t a_at, ptrdiff_t b_at, ptrdiff_t c_at, float *sums,
                           float *workspace) {
    const int several = plan->chunk < g->k;
    float *const copy = ck_take(&workspace, CK_GEMM_BLOCK * ck_rounded(plan->chunk));
    float *const resting = several && !plan->rests_in_c ? ck_take(&workspace, ck_smaller(g->m, plan->resting) * plan->group) : 0;
    float *const packed = (float *)(((uintptr_t)workspace + 63) & ~(uintptr_t)63);
    ck_gemm_run r = {.g = g, .plan = *plan, .c_at = c_at, .a_at = a_at, .resting = resting, .copy = copy};
    for (r.column = 0; r.column < g->n; r.column += plan->group) {
        r.columns = ck_smaller(plan->group, g->n - r.column);
        r.slivers = plan->copies_a && ck_gemm_packs_a(g, r.columns);
        for (r.row = 0; r.row < g->m; r.row += plan->resting) {
            r.rows = ck_smaller(plan->resting, g->m - r.row);
            r.step = 0;
            do {
                r.steps = ck_smaller(plan->chunk, g->k - r.step);
                r.first = r.step == 0;
                r.last = r.step + r.steps == g->k;
                const ptrdiff_t from = b_at + (g->transpose_b ? r.column * g->b_row + r.step : r.step * g->b_row + r.column);
                if (plan->b == CK_B_PACKED_HERE) {
                    // Whole panels of a plain b are packed by the first tiles that read them.
                    const ptrdiff_t passing = ck_gemm_packs_b(g, r.columns), left = r.columns - passing;
                    const ptrdiff_t at = from + (g->transpose_b ? passing * g->b_row : passing);
                    float *const edge = packed + passing * r.steps;
                    r.b = packed;
                    r.depth = r.steps;
                    r.sums = sums && r.row == 0 ? sums + r.column : 0;
                    if (several || r.row == 0) {
                        if (passing) r.unpacked = (const float *)g->b.data + from;
                        if (left) ck_pack_columns(g->b, at, g->b_row, g->transpose_b, r.steps, left, r.steps, edge);
                        if (r.sums) ck_gemm_panel_sums(edge, r.steps, left, r.first, r.sums + passing);
                    }
                } else if (plan->b == CK_B_PACKED) {
                    r.b = (const float *)g->b.data + r.column * g->k;
                    r.depth = g->k;
                } else {
                    r.b = (const float *)g->b.data + from;
                }
                r.a_mode = g->transpose_a ? CK_BY_COLUMNS : CK_BY_ROWS;
                ck_gemm_look_ahead(&r, b_at);
                ck_gemm_rows(&r);
                r.step += r.steps;
            } while (r.step < g->k);
        }
    }
}

#endif
