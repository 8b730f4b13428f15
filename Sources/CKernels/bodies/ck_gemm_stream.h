// What tiles fetch into the second-level cache on their way, for products that come later.
//
// Evenly, a line every so many steps: a processor waits for few lines at a time, and what tiles read from the second-level cache passes
// through the same gate, so that lines asked for in a burst hold up the products.

#ifndef CK_GEMM_STREAM_H
#define CK_GEMM_STREAM_H

// `strips` of lines, `strip` bytes apart, each of `rows` lines, `row` bytes apart. A tile takes `length` lines of one strip.
typedef struct ck_stream {
    const char *from;
    ptrdiff_t row, rows, strip, strips, length, next;
    int off;
} ck_stream;

// What a tile fetches of a stream: `left` more lines.
typedef struct ck_fetch {
    const char *line;
    ptrdiff_t row, left;
} ck_fetch;

// Steps between two fetches, at most.
enum { CK_STREAM_EVERY = 16 };

// rows × columns of a matrix, from element `at` on, whose rows are `row` elements apart: along its rows, if there are tiles enough.
static ck_stream ck_stream_of(const void *data, ptrdiff_t size, ptrdiff_t at, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t columns,
                              ptrdiff_t tiles) {
    const ptrdiff_t lines = (columns * size + 63) / 64;
    const char *const from = (const char *)data + at * size;
    if (rows <= tiles || lines > tiles) return (ck_stream){.from = from, .row = 64, .rows = lines, .strip = row * size, .strips = rows};
    return (ck_stream){.from = from, .row = row * size, .rows = rows, .strip = 64, .strips = lines};
}

// How many lines a tile has to fetch, if so many tiles are to fetch all, and how many of its steps there may be between two of them.
static ptrdiff_t ck_stream_every(const ck_stream *s, ptrdiff_t tiles, ptrdiff_t steps, ptrdiff_t *length) {
    *length = 0;
    if (s->rows <= 0 || s->strips <= 0 || tiles <= 0) return CK_STREAM_EVERY;
    const ptrdiff_t pieces = tiles <= s->strips ? 1 : tiles / s->strips;
    *length = pieces == 1 ? s->rows : (s->rows + pieces - 1) / pieces;
    return steps < *length ? 1 : ck_smaller(steps / *length, CK_STREAM_EVERY);
}

// The next piece.
CK_INLINE ck_fetch ck_stream_take(ck_stream *s, const void *otherwise) {
    if (s->off || s->strips <= 0) return (ck_fetch){.line = otherwise};
    const ck_fetch f = {s->from + s->next * s->row, s->row, s->length};
    s->next += s->length;
    if (s->next >= s->rows) {
        s->next = 0;
        s->strips--;
        s->from += s->strip;
    }
    return f;
}

CK_INLINE void ck_fetch_line(ck_fetch *f) {
    __builtin_prefetch(f->line, 0, 2);
    f->line += --f->left > 0 ? f->row : 0;
}

#endif
