// Statistics of columns whose rows come a few at a time, gathered behind a convolution while what it stored is near. Rows come in an order
// that depends on extents alone, so the bits do.
//
// Sums are of deviations from a pilot, the mean of all rows up to some point, and the pilot is renewed whenever the rows have doubled: the
// rows that are held against a mean are never more than those it was made of, so what cancels is small against what their distance adds to
// the variance. Floats hold the sums of a few rows, doubles the rest.

#ifndef CK_MOMENTS_H
#define CK_MOMENTS_H

#include "ck_conv_finish.h"

enum {
    // Rows whose sums are floats.
    CK_MOMENT_ROWS = 64,
    // Columns of a strip: those of the narrowest panel, whose rows come together.
    CK_MOMENT_COLUMNS = CK_LANES == 4 ? 8 : 16,
};

// Up to sixteen columns.
typedef struct __attribute__((aligned(64))) ck_moment_strip {
    float pilot[16];
    // Deviations of the last `few` rows, which become doubles when they are `limit`; and of the `since` rows before them.
    float near_sum[16], near_squares[16];
    double sum[16], squares[16];
    // The mean of the `before` rows that the pilot was made of, and their squared deviations from it.
    double mean[16], total[16];
    ptrdiff_t few, limit, since, before;
} ck_moment_strip;

// The strips of all columns: those of each group begin anew. In `pairs` a strip has the even columns of thirty-two, the next the odd ones.
typedef struct ck_moments {
    ck_moment_strip *strips;
    ptrdiff_t groups, columns;
    int pairs;
} ck_moments;

// An even number of strips, so that they can be taken in pairs.
static inline ptrdiff_t ck_moments_strips(ptrdiff_t columns) { return (columns + 31) / 32 * (32 / CK_MOMENT_COLUMNS); }
static inline ptrdiff_t ck_moments_bytes(ptrdiff_t groups, ptrdiff_t columns) {
    return groups * ck_moments_strips(columns) * (ptrdiff_t)sizeof(ck_moment_strip);
}

static ck_moments ck_moments_begin(void *strips, ptrdiff_t groups, ptrdiff_t columns) {
    memset(strips, 0, (size_t)ck_moments_bytes(groups, columns));
    return (ck_moments){.strips = strips, .groups = groups, .columns = columns};
}

// The strip where a group's columns from that one on begin.
static inline ck_moment_strip *ck_moments_at(const ck_moments *m, ptrdiff_t group, ptrdiff_t column) {
    return m->strips + group * ck_moments_strips(m->columns) + column / CK_MOMENT_COLUMNS;
}

// The first few rows have nothing to deviate from but their own mean.
CK_INLINE int ck_moments_are_new(const ck_moment_strip *s) { return s->before + s->few == 0; }

// What the floats hold, to the doubles.
CK_INLINE void ck_moments_settle(ck_moment_strip *s) {
    *(d16_any *)s->sum += __builtin_convertvector(f16_load(s->near_sum), d16);
    *(d16_any *)s->squares += __builtin_convertvector(f16_load(s->near_squares), d16);
    f16_store(s->near_sum, f16_set(0.0f));
    f16_store(s->near_squares, f16_set(0.0f));
    s->since += s->few;
    s->few = 0;
}

// The rows since the pilot joined to those it was made of (Chan).
CK_INLINE void ck_moments_join(ck_moment_strip *s) {
    d16_any *sum = (d16_any *)s->sum, *squares = (d16_any *)s->squares, *mean = (d16_any *)s->mean, *total = (d16_any *)s->total;
    const double before = (double)s->before, own = (double)s->since, share = own / (before + own);
    const d16 off = *sum / own, step = __builtin_convertvector(f16_load(s->pilot), d16) + off - *mean;
    *mean += step * share;
    *total += *squares - off * off * own + step * step * (before * share);
    *sum = *squares = (d16){0};
    s->before += s->since;
    s->since = 0;
}

static __attribute__((noinline)) void ck_moments_fold(ck_moment_strip *s) {
    ck_moments_settle(s);
    if (s->since < s->before) return;
    ck_moments_join(s);
    s->limit = ck_smaller(s->before, CK_MOMENT_ROWS);
    f16_store(s->pilot, __builtin_convertvector(*(d16_any *)s->mean, f16));
}

CK_INLINE void ck_moments_count(ck_moment_strip *s, ptrdiff_t rows) {
    s->few += rows;
    if (s->few >= s->limit) ck_moments_fold(s);
}

// A few rows of sixteen columns, of which `left` are there: elements at[r] + offset of y.
CK_INLINE void ck_moments_add(ck_moment_strip *s, ck_in y, const ptrdiff_t *at, ptrdiff_t offset, ptrdiff_t rows, ptrdiff_t left) {
    f16 pilot = f16_load(s->pilot);
    if (ck_moments_are_new(s)) {
        for (ptrdiff_t r = 0; r < rows; r++) pilot += ck_read16(y, at[r] + offset, left);
        pilot /= (float)rows;
        f16_store(s->pilot, pilot);
    }
    f16 sum = f16_load(s->near_sum), squares = f16_load(s->near_squares);
    for (ptrdiff_t r = 0; r < rows; r++) {
        const f16 d = ck_read16(y, at[r] + offset, left) - pilot;
        sum += d;
        squares = CK_MULADD(d, d, squares);
    }
    f16_store(s->near_sum, sum);
    f16_store(s->near_squares, squares);
    ck_moments_count(s, rows);
}

// `rows` rows of `columns` columns: row r begins at element at[r] of y.
static __attribute__((noinline)) void ck_moments_rows(ck_moment_strip *strip, ck_out y, const ptrdiff_t *at, ptrdiff_t rows,
                                                      ptrdiff_t columns) {
    ptrdiff_t c = 0;
    if (y.type == CK_F32) {
        const ck_in floats = {y.data, CK_F32};
        for (; c + 16 <= columns && CK_MOMENT_COLUMNS == 16; c += 16) ck_moments_add(strip++, floats, at, c, rows, 16);
    } else {
        const ck_in halves = {y.data, CK_BF16};
        for (; c + 16 <= columns && CK_MOMENT_COLUMNS == 16; c += 16) ck_moments_add(strip++, halves, at, c, rows, 16);
    }
    for (; c < columns; c += CK_MOMENT_COLUMNS)
        ck_moments_add(strip++, (ck_in){y.data, y.type}, at, c, rows, ck_smaller(columns - c, CK_MOMENT_COLUMNS));
}

// The same of rows that are `apart` elements apart, from element `first` on.
static void ck_moments_run(ck_moment_strip *strip, ck_out y, ptrdiff_t first, ptrdiff_t apart, ptrdiff_t rows, ptrdiff_t columns) {
    ptrdiff_t at[32];
    for (ptrdiff_t r = 0; r < rows; r += 32) {
        const ptrdiff_t some = ck_smaller(32, rows - r);
        for (ptrdiff_t i = 0; i < some; i++) at[i] = first + (r + i) * apart;
        ck_moments_rows(strip, y, at, some, columns);
    }
}

// Mean and inverse deviation of sixteen columns: lane l's go to place l·`apart`, as far as that is below `end`. Zeros if there were no rows.
CK_INLINE void ck_moments_write(ck_moment_strip *s, float epsilon, ptrdiff_t apart, ptrdiff_t end, float *mean, float *inverse) {
    ck_moments_settle(s);
    if (s->since > 0) ck_moments_join(s);
    const double rows = (double)s->before;
    for (ptrdiff_t l = 0; l < CK_MOMENT_COLUMNS && l * apart < end; l++) {
        double variance = rows > 0 ? s->total[l] / rows : 0;
        if (variance < 0) variance = 0;
        mean[l * apart] = (float)s->mean[l];
        inverse[l * apart] = rows > 0 ? (float)(1.0 / __builtin_sqrt(variance + (double)epsilon)) : 0.0f;
    }
}

static void ck_moments_end(const ck_moments *m, const ck_statistics *to) {
    for (ptrdiff_t group = 0; group < m->groups; group++)
        for (ptrdiff_t c = 0; c < CK_MOMENT_COLUMNS * ck_moments_strips(m->columns); c += CK_MOMENT_COLUMNS) {
            const ptrdiff_t first = m->pairs ? c / 32 * 32 + c % 32 / 16 : c, at = group * m->columns + first;
            ck_moments_write(ck_moments_at(m, group, c), to->epsilon, m->pairs ? 2 : 1, m->columns - first, to->mean + at, to->inverse + at);
        }
}

#endif
