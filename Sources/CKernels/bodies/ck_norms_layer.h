// Layer normalisation. A row comes from memory once and is then read from the first-level cache: for its mean, for the squares of what
// the mean leaves (one pass for both would lose the digits of a large mean), and for the result.

// Sums over a row run in four times sixteen lanes, so that adders need not wait for one another.
CK_INLINE float ck_fold4(const f16 s[4]) { return f16_sum((s[0] + s[1]) + (s[2] + s[3])); }

CK_INLINE float ck_row_sum(ck_in row, ptrdiff_t columns) {
    f16 s[4] = {0};
    ptrdiff_t c = 0;
    for (; c + 64 <= columns; c += 64)
        _Pragma("clang loop unroll(full)") for (int v = 0; v < 4; v++) s[v] += ck_read16(row, c + 16 * v, 16);
    for (; c < columns; c += 16) s[0] += ck_read16(row, c, ck_smaller(columns - c, 16));
    return ck_fold4(s);
}

CK_INLINE float ck_row_squares(ck_in row, ptrdiff_t columns, float mean) {
    f16 s[4] = {0};
    ptrdiff_t c = 0;
    for (; c + 64 <= columns; c += 64)
        _Pragma("clang loop unroll(full)") for (int v = 0; v < 4; v++) {
            const f16 d = ck_read16(row, c + 16 * v, 16) - mean;
            s[v] = CK_MULADD(d, d, s[v]);
        }
    for (; c < columns; c += 16) {
        const ptrdiff_t left = ck_smaller(columns - c, 16);
        f16 d = ck_read16(row, c, left) - mean;
        if (left < 16) d = f16_choose(i16_lane() < (int32_t)left, d, f16_set(0.0f));
        s[0] = CK_MULADD(d, d, s[0]);
    }
    return ck_fold4(s);
}

// Columns up to which rows of halves are widened once, into memory that stays in the first-level cache: the steps after the first then
// read what they compute with. Widening takes as many instructions as the sums do.
enum { CK_LAYER_WIDE = 1024, CK_LAYER_FLOATS = 4 * CK_LAYER_WIDE };
// The same backward, where twice as much is kept; bytes of a first-level cache that rows may take.
enum { CK_LAYER_KEPT = 512, CK_LAYER_NEAR = 28 << 10 };

// The sum of a row of halves, which is widened on the way.
CK_INLINE float ck_row_widen(ck_in row, ptrdiff_t columns, float *wide) {
    f16 s[4] = {0};
    ptrdiff_t c = 0;
    for (; c + 64 <= columns; c += 64)
        _Pragma("clang loop unroll(full)") for (int v = 0; v < 4; v++) {
            const f16 x = ck_read16(row, c + 16 * v, 16);
            f16_store(wide + c + 16 * v, x);
            s[v] += x;
        }
    for (; c < columns; c += 16) {
        const f16 x = ck_read16(row, c, ck_smaller(columns - c, 16));
        f16_store(wide + c, x);
        s[0] += x;
    }
    return ck_fold4(s);
}

// Some rows take each step together: a row's division and root run while the next row is summed. `widens`: they are halves, and few.
CK_INLINE void ck_layer_rows(const int widens, ptrdiff_t rows, ptrdiff_t columns, float epsilon, ck_in x, const float *gain,
                             const float *shift, ck_out y, float *mean, float *inverse) {
    const ptrdiff_t together = columns <= 512 ? 8 : 4, width = ck_rounded(columns);
    float wide[CK_LAYER_FLOATS] __attribute__((aligned(64)));
    for (ptrdiff_t first = 0; first < rows; first += together) {
        const ptrdiff_t end = ck_smaller(first + together, rows);
        for (ptrdiff_t r = first; r < end; r++) {
            const ck_in row = ck_in_from(x, r * columns);
            const float sum = widens ? ck_row_widen(row, columns, wide + (r - first) * width) : ck_row_sum(row, columns);
            mean[r] = sum / (float)columns;
        }
        for (ptrdiff_t r = first; r < end; r++) {
            const ck_in row = widens ? (ck_in){wide + (r - first) * width, CK_F32} : ck_in_from(x, r * columns);
            inverse[r] = 1.0f / __builtin_sqrtf(ck_row_squares(row, columns, mean[r]) / (float)columns + epsilon);
        }
        for (ptrdiff_t r = first; r < end; r++) {
            const ck_in row = widens ? (ck_in){wide + (r - first) * width, CK_F32} : ck_in_from(x, r * columns);
            const ck_out to = ck_out_from(y, r * columns);
            const f16 m = f16_set(mean[r]), k = f16_set(inverse[r]);
            // Memory would rest in this step: the row that is next in this place, and the lines its result will be written to.
            const char *const next = (const char *)ck_in_from(x, (r + together) * columns).data;
            const char *const later = (const char *)ck_out_from(y, (r + together) * columns).data;
            CK_EACH(columns, {
                if (x.type == CK_F32 || i % 32 == 0) __builtin_prefetch(next + i * (x.type == CK_F32 ? 4 : 2), 0, 3);
                if (y.type == CK_F32 || i % 32 == 0) __builtin_prefetch(later + i * (y.type == CK_F32 ? 4 : 2), 0, 2);
                CK_DELIVER(to, CK_MULADD((CK_FETCH(row) - m) * k, CK_GET(gain), CK_GET(shift)));
            });
        }
    }
}
static void ck_layer_norm(ptrdiff_t rows, ptrdiff_t columns, float epsilon, ck_in x, const float *gain, const float *shift, ck_out y,
                          float *mean, float *inverse) {
    CK_TYPED2(x, y, {
        if (x.type == CK_BF16 && columns <= CK_LAYER_WIDE) ck_layer_rows(1, rows, columns, epsilon, x, gain, shift, y, mean, inverse);
        else ck_layer_rows(0, rows, columns, epsilon, x, gain, shift, y, mean, inverse);
    });
}

// With h = (x − mean)·inverse and g = dy·gain: dx = inverse·(g − Σg/columns − h·Σ(g·h)/columns) + residual.
typedef struct ck_layer_back {
    ptrdiff_t columns;
    ck_in x, dy, residual;
    ck_out dx;
    const float *gain, *mean, *inverse;
    float *gain_gradient, *shift_gradient;
} ck_layer_back;

// Element `at` of all four matrices: what the next rows read and write, while memory would rest. `near`: all of it fits into the
// first-level cache beside what is in use.
CK_INLINE void ck_layer_expect(const ck_layer_back *g, ptrdiff_t at, int near) {
    const ptrdiff_t bytes = at * (g->x.type == CK_F32 ? 4 : 2);
    const char *const lines[] = {g->x.data, g->dy.data, g->dx.data, g->residual.data ? g->residual.data : g->x.data};
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) {
        if (near) __builtin_prefetch(lines[i] + bytes, 0, 3);
        else __builtin_prefetch(lines[i] + bytes, 0, 2);
    }
}

// `count` rows from row r on, together: each column's gain and the sums for gain and shift are loaded once for all of them.
// Where `keeps`, what the second pass reads again is kept as floats.
CK_INLINE void ck_layer_back_rows(const ck_layer_back g, ptrdiff_t r, const int count, const int keeps) {
    const ptrdiff_t columns = g.columns, at = r * columns, width = ck_rounded(columns), size = g.x.type == CK_F32 ? 4 : 2;
    const int near = 4 * count * columns * size + (keeps ? 8 * count * columns : 0) <= CK_LAYER_NEAR;
    float normal[4 * CK_LAYER_KEPT] __attribute__((aligned(64))), outer[4 * CK_LAYER_KEPT] __attribute__((aligned(64)));
    f16 sum[4] = {0}, product[4] = {0};
    CK_EACH(columns, {
        const f16 gain = CK_GET(g.gain);
        f16 shifts = {0};
        f16 gains = {0};
        _Pragma("clang loop unroll(full)") for (int q = 0; q < count; q++) {
            const f16 dy = ck_read16(g.dy, at + q * columns + i, left);
            const f16 h = (ck_read16(g.x, at + q * columns + i, left) - g.mean[r + q]) * g.inverse[r + q];
            const f16 d = dy * gain;
            if (keeps) {
                f16_store(normal + q * width + i, h);
                f16_store(outer + q * width + i, dy);
            }
            sum[q] += d;
            // Lanes beyond the row have d = 0 and would still spoil the sum where the row's mean is not finite.
            product[q] = CK_MULADD(d, left == 16 ? h : f16_choose(i16_lane() < (int32_t)left, h, f16_set(0.0f)), product[q]);
            shifts += dy;
            gains = CK_MULADD(dy, h, gains);
        }
        CK_PUT(g.gain_gradient, CK_GET(g.gain_gradient) + gains);
        if (g.shift_gradient) CK_PUT(g.shift_gradient, CK_GET(g.shift_gradient) + shifts);
    });
    const float share = 1.0f / (float)columns;
    float m[4];
    float k[4];
    for (int q = 0; q < count; q++) {
        m[q] = f16_sum(sum[q]) * share;
        k[q] = f16_sum(product[q]) * share;
    }
    CK_EACH(columns, {
        const f16 gain = CK_GET(g.gain);
        _Pragma("clang loop unroll(full)") for (int q = 0; q < count; q++) {
            const ptrdiff_t j = at + q * columns + i;
            const f16 h = keeps ? f16_load(normal + q * width + i) : (ck_read16(g.x, j, left) - g.mean[r + q]) * g.inverse[r + q];
            const f16 dy = keeps ? f16_load(outer + q * width + i) : ck_read16(g.dy, j, left);
            f16 d = CK_MULADD(dy, gain, f16_set(-m[q]));
            if (count > 1 && (size == 4 || i % 32 == 0)) ck_layer_expect(&g, j + count * columns, near);
            d = CK_MULADD(h, f16_set(-k[q]), d) * g.inverse[r + q];
            ck_write16(g.dx, j, g.residual.data ? d + ck_read16(g.residual, j, left) : d, left);
        }
    });
}
// `known` says that the types are constants; otherwise every element asks, and a second copy of the loops would gain nothing.
CK_INLINE void ck_layer_back_all(const ck_layer_back g, const int known, ptrdiff_t rows) {
    ptrdiff_t r = 0;
    const int keeps = known && g.x.type == CK_BF16 && g.columns <= CK_LAYER_KEPT;
    if (keeps)
        for (; r + 4 <= rows; r += 4) ck_layer_back_rows(g, r, 4, 1);
    else if (known)
        for (; r + 4 <= rows; r += 4) ck_layer_back_rows(g, r, 4, 0);
    for (; r < rows; r++) ck_layer_back_rows(g, r, 1, 0);
}

static void ck_layer_norm_gradient(ptrdiff_t rows, ptrdiff_t columns, ck_in x, const float *gain, const float *mean, const float *inverse,
                                   ck_in dy, ck_in residual, ck_out dx, float *gain_gradient, float *shift_gradient) {
    ck_layer_back g = {columns, x, dy, residual, dx, gain, mean, inverse, gain_gradient, shift_gradient};
    memset(gain_gradient, 0, sizeof(float) * (size_t)columns);
    if (shift_gradient) memset(shift_gradient, 0, sizeof(float) * (size_t)columns);
    const int alike = x.type == dy.type && dy.type == dx.type && (!residual.data || residual.type == x.type);
    if (alike) {
        CK_TYPED(g.x, {
            g.dy.type = g.residual.type = g.dx.type = g.x.type;
            ck_layer_back_all(g, 1, rows);
        });
    } else {
        ck_layer_back_all(g, 0, rows);
    }
}
