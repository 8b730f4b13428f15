// What rides along with the micro-kernels (ck_amx_kernels.h): rows of finished sums, operands to be packed, lines to be fetched.

#ifndef CK_AMX_SIDE_H
#define CK_AMX_SIDE_H

// Operands to be packed: `left` pairs of tiles from `from` on, one after every `every` steps of a kernel.
typedef struct ck_amx_packer {
    ptrdiff_t left, every, wait;
    void (*one)(struct ck_amx_packer *);
    // Where in the operand the next pair lies: step `step` of panel `panel`, the steps of each panel running from `first` to `end`. A panel
    // has `steps` steps and `to` is where the first of them goes.
    const char *from;
    ptrdiff_t row, k, extent, steps, first, end, step, panel;
    char *to;
    ck_amx_sums sums;
    float *sums_to;
} ck_amx_packer;

// Lines to be fetched into the second level: `lines` of each of `rows` rows, `quota` with each step.
typedef struct ck_amx_fetcher {
    const char *from;
    ptrdiff_t row, lines, line, rows, quota;
} ck_amx_fetcher;

// Sums that are still in the tiles 0 to 3, and where they go: rows `row` bytes apart. The first step of the next panel stores them one
// by one, just before it needs the tile; all at once, at the end of their own panel, they would wait for the products and hold up others.
typedef struct ck_amx_held {
    char *to;
    ptrdiff_t row;
    // What is to be finished once they are stored; rows 0 if nothing.
    ptrdiff_t rows, columns, at, column;
} ck_amx_held;

typedef struct ck_amx_side {
    // Rows of finished sums: `left` of them from `tile` on.
    const ck_epilogue *epilogue;
    ck_amx_way way;
    const float *tile;
    ptrdiff_t left, quota, columns, at, column, c_row;
    ck_out c;
    ck_amx_held held;
    ck_amx_packer a, b;
    ck_amx_fetcher next;
} ck_amx_side;

CK_INLINE void ck_amx_fetch(ck_amx_fetcher *f) {
    ptrdiff_t line = f->line;
    const char *from = f->from + 64 * line;
    for (ptrdiff_t i = 0; i < f->quota; i++, from += 64) {
        _mm_prefetch(from, _MM_HINT_T1);
        if (++line == f->lines) {
            line = 0;
            f->from += f->row;
            from = f->from - 64;
            if (--f->rows == 0) break;
        }
    }
    f->line = line;
}

// The next `rows` rows of the finished panels, which are 32 columns wide and 32 rows high.
CK_INLINE void ck_amx_side_finish(ck_amx_side *s, ptrdiff_t rows) {
    if (rows > s->left) rows = s->left;
    ck_amx_finish(s->way, s->epilogue, s->tile, rows, s->columns < 32 ? s->columns : 32, s->c, s->c_row, s->at, s->column);
    if (s->columns > 32) {
        ck_amx_finish(s->way, s->epilogue, s->tile + 1024, rows, s->columns - 32, s->c, s->c_row, s->at + 32, s->column + 32);
    }
    s->left -= rows;
    s->tile += 32 * rows;
    s->at += s->c_row * rows;
}

// What rides along with each step beside the epilogue.
CK_INLINE int ck_amx_side_rides(const ck_amx_side *s) { return s->a.left > 0 || s->b.left > 0 || s->next.rows > 0; }
static __attribute__((noinline)) void ck_amx_side_pack(ck_amx_side *s) {
    if (s->a.left && --s->a.wait <= 0) s->a.one(&s->a);
    if (s->b.left && --s->b.wait <= 0) s->b.one(&s->b);
}
CK_INLINE void ck_amx_side_ride(ck_amx_side *s) {
    if (s->next.rows) ck_amx_fetch(&s->next);
    if (s->a.left || s->b.left) ck_amx_side_pack(s);
}

CK_INLINE void ck_amx_side_step(ck_amx_side *s) {
    if (s->left) ck_amx_side_finish(s, s->quota);
    if (ck_amx_side_rides(s)) ck_amx_side_ride(s);
}

// The held sums are now where they are to be finished from.
CK_INLINE void ck_amx_side_take(ck_amx_side *s) {
    s->tile = (const float *)s->held.to;
    s->left = s->held.rows;
    s->columns = s->held.columns;
    s->at = s->held.at;
    s->column = s->held.column;
    s->held.to = 0;
}

// Has the tiles free: before they change their shape, or go to a kernel that does not store what is held.
static void ck_amx_side_release(ck_amx_side *s) {
    char *const to = s->held.to;
    if (!to) return;
    const ptrdiff_t row = s->held.row;
    _tile_stored(0, to, row);
    _tile_stored(1, to + 64, row);
    _tile_stored(2, to + 16 * row, row);
    _tile_stored(3, to + 16 * row + 64, row);
    ck_amx_side_take(s);
}

#endif
