// Batch normalisation: every column has its own mean and variance over the rows. Sums run in floats within a block of rows and in doubles
// from block to block, in order.

enum {
    CK_NORM_ROWS = 64,  // of a block: 64 columns of it stay in the first-level cache
    CK_NORM_COLUMNS = 512,  // whose sums in doubles wait on the stack; more columns than that go over the rows again
    CK_NORM_AHEAD = 1024,  // elements from what is read to what is asked for
};

// Asks for the same columns of later rows. Operands were stored long ago and come from memory, several at a time and in blocks of columns,
// which the processor's own prefetching follows too late. `ahead` elements on, in whole rows; one request per line.
static inline ptrdiff_t ck_norm_ahead(ptrdiff_t columns) { return (CK_NORM_AHEAD + columns - 1) / columns * columns; }
CK_INLINE void ck_norm_ask(ck_in x, ptrdiff_t at, ptrdiff_t column) {
    if (x.type == CK_F32) __builtin_prefetch((const float *)x.data + at);
    else if (column % 32 == 0) __builtin_prefetch((const uint16_t *)x.data + at);
}
CK_INLINE void ck_norm_ask_out(ck_out y, ptrdiff_t at, ptrdiff_t column) {
    if (y.type == CK_F32) __builtin_prefetch((float *)y.data + at, 1, 2);
    else if (column % 32 == 0) __builtin_prefetch((uint16_t *)y.data + at, 1, 2);
}

typedef struct ck_norm_sums {
    double first[CK_NORM_COLUMNS], second[CK_NORM_COLUMNS];
} ck_norm_sums;

// Mean and squared deviations of a block of rows, `count` times sixteen columns, joined to those of the `before` rows above (Chan).
// Deviations are from the mean above, or for the first rows from their own, found in a pass before: what the squares lose where a block
// lies elsewhere is small against what its distance adds to them.
CK_INLINE void ck_norm_block(ck_in x, ptrdiff_t columns, ptrdiff_t at, ptrdiff_t rows, ptrdiff_t before, const int count, ptrdiff_t left,
                             double *mean, double *squares) {
    const ptrdiff_t ahead = ck_norm_ahead(columns);
    f16 s[4] = {0}, e[4] = {0}, q[4] = {0};
    if (before == 0) {
        for (ptrdiff_t r = 0; r < rows; r++)
            _Pragma("clang loop unroll(full)") for (int v = 0; v < count; v++) s[v] += ck_read16(x, at + r * columns + 16 * v, left);
        _Pragma("clang loop unroll(full)") for (int v = 0; v < count; v++) s[v] /= (float)rows;
    } else {
        _Pragma("clang loop unroll(full)") for (int v = 0; v < count; v++)
            s[v] = __builtin_convertvector(*(const d16_any *)(mean + 16 * v), f16);
    }
    for (ptrdiff_t r = 0; r < rows; r++)
        _Pragma("clang loop unroll(full)") for (int v = 0; v < count; v++) {
            ck_norm_ask(x, at + r * columns + 16 * v + ahead, 16 * v);
            const f16 d = ck_read16(x, at + r * columns + 16 * v, left) - s[v];
            e[v] += d;
            q[v] = CK_MULADD(d, d, q[v]);
        }
    const double n = (double)before, own = (double)rows, share = own / (n + own);
    _Pragma("clang loop unroll(full)") for (int v = 0; v < count; v++) {
        const d16 off = __builtin_convertvector(e[v], d16) / own, old = *(const d16_any *)(mean + 16 * v);
        const d16 step = __builtin_convertvector(s[v], d16) + off - old;
        *(d16_any *)(mean + 16 * v) = old + step * share;
        *(d16_any *)(squares + 16 * v) += __builtin_convertvector(q[v], d16) - off * off * own + step * step * (n * share);
    }
}

CK_INLINE void ck_norm_statistics(ptrdiff_t rows, ptrdiff_t columns, float epsilon, ck_in x, float *mean, float *inverse) {
    for (ptrdiff_t first = 0; first < columns; first += CK_NORM_COLUMNS) {
        const ptrdiff_t width = ck_smaller(columns - first, CK_NORM_COLUMNS);
        ck_norm_sums sums;
        memset(&sums, 0, sizeof sums);
        for (ptrdiff_t r = 0; r < rows; r += CK_NORM_ROWS) {
            const ptrdiff_t block = ck_smaller(rows - r, CK_NORM_ROWS), at = r * columns + first;
            ptrdiff_t c = 0;
            for (; c + 64 <= width; c += 64) ck_norm_block(x, columns, at + c, block, r, 4, 16, sums.first + c, sums.second + c);
            for (; c < width; c += 16)
                ck_norm_block(x, columns, at + c, block, r, 1, ck_smaller(width - c, 16), sums.first + c, sums.second + c);
        }
        for (ptrdiff_t c = 0; c < width; c++) {
            mean[first + c] = (float)sums.first[c];
            double variance = rows > 0 ? sums.second[c] / (double)rows : 0;
            if (variance < 0) variance = 0;
            inverse[first + c] = rows > 0 ? (float)(1.0 / __builtin_sqrt(variance + (double)epsilon)) : 0.0f;
        }
    }
}
static void ck_batch_norm_statistics(ptrdiff_t rows, ptrdiff_t columns, float epsilon, ck_in x, float *mean, float *inverse) {
    CK_TYPED(x, ck_norm_statistics(rows, columns, epsilon, x, mean, inverse));
}

typedef struct ck_norm_apply {
    ptrdiff_t columns;
    ck_in x, residual;
    ck_out y;
    const float *mean, *inverse, *gain, *shift;
} ck_norm_apply;

// `count` rows at a time: a column's constants are loaded once for all of them.
CK_INLINE void ck_norm_rows(const ck_norm_apply g, const ck_activation kind, ptrdiff_t r, const int count) {
    const ptrdiff_t ahead = ck_norm_ahead(g.columns);
    CK_EACH(g.columns, {
        const f16 mean = CK_GET(g.mean);
        const f16 slope = CK_GET(g.inverse) * CK_GET(g.gain);
        const f16 shift = CK_GET(g.shift);
        _Pragma("clang loop unroll(full)") for (int q = 0; q < count; q++) {
            const ptrdiff_t j = (r + q) * g.columns + i;
            ck_norm_ask(g.x, j + ahead, i);
            if (g.residual.data) ck_norm_ask(g.residual, j + ahead, i);
            ck_norm_ask_out(g.y, j + ahead, i);
            f16 z = CK_MULADD(ck_read16(g.x, j, left) - mean, slope, shift);
            if (g.residual.data) z += ck_read16(g.residual, j, left);
            ck_write16(g.y, j, f16_activate(kind, z), left);
        }
    });
}
CK_INLINE void ck_norm_all(const ck_norm_apply g, const ck_activation kind, ptrdiff_t rows) {
    ptrdiff_t r = 0;
    for (; r + 4 <= rows; r += 4) ck_norm_rows(g, kind, r, 4);
    for (; r < rows; r++) ck_norm_rows(g, kind, r, 1);
}

static void ck_batch_norm(ptrdiff_t rows, ptrdiff_t columns, ck_in x, const float *mean, const float *inverse, const float *gain,
                          const float *shift, ck_in residual, ck_activation activation, ck_out y) {
    ck_norm_apply g = {columns, x, residual, y, mean, inverse, gain, shift};
    const int alike = x.type == y.type && (!residual.data || residual.type == x.type);
    if (!alike || (activation != CK_RELU && activation != CK_IDENTITY)) {
        // A switch per sixteen elements.
        ptrdiff_t r = 0;
        for (; r < rows; r++) ck_norm_rows(g, activation, r, 1);
        return;
    }
    CK_TYPED(g.x, {
        g.residual.type = g.y.type = g.x.type;
        if (activation == CK_RELU) ck_norm_all(g, CK_RELU, rows);
        else ck_norm_all(g, CK_IDENTITY, rows);
    });
}

// With d = dy where the gate is open, h = (x − mean)·inverse: dx = gain·inverse·(d − Σd/rows − h·Σ(d·h)/rows).
typedef struct ck_norm_back {
    ptrdiff_t columns;
    ck_in x, y, dy;
    ck_out dx, residual_gradient;
    const float *mean, *inverse, *gain;
    float *gain_gradient, *shift_gradient;
} ck_norm_back;

// Asks for what ck_gated and its callers read.
CK_INLINE void ck_norm_back_ask(const ck_norm_back g, const int gate, ptrdiff_t at, ptrdiff_t column) {
    ck_norm_ask(g.x, at, column);
    ck_norm_ask(g.dy, at, column);
    if (gate) ck_norm_ask(g.y, at, column);
}

CK_INLINE f16 ck_gated(const ck_norm_back g, const int gate, ptrdiff_t at, ptrdiff_t left) {
    const f16 dy = ck_read16(g.dy, at, left);
    return gate ? f16_activation_gradient(CK_RELU, ck_read16(g.y, at, left), dy) : dy;
}

// Σd and Σd·(x − mean) of a block. The gated gradient, which the second pass needs again, is stored if it has a place of its own.
CK_INLINE void ck_norm_back_block(const ck_norm_back g, const int gate, ptrdiff_t c, ptrdiff_t r, ptrdiff_t rows, const int count,
                                  ptrdiff_t left, double *sums, double *products) {
    const ptrdiff_t ahead = ck_norm_ahead(g.columns);
    f16 s[4] = {0}, p[4] = {0}, m[4];
    for (int v = 0; v < count; v++) m[v] = ck_get(g.mean + c + 16 * v, left);
    for (ptrdiff_t q = r; q < r + rows; q++)
        _Pragma("clang loop unroll(full)") for (int v = 0; v < count; v++) {
            const ptrdiff_t at = q * g.columns + c + 16 * v;
            ck_norm_back_ask(g, gate, at + ahead, 16 * v);
            const f16 d = ck_gated(g, gate, at, left);
            s[v] += d;
            p[v] = CK_MULADD(d, ck_read16(g.x, at, left) - m[v], p[v]);
            if (g.residual_gradient.data) ck_write16(g.residual_gradient, at, d, left);
        }
    for (int v = 0; v < count; v++) {
        *(d16_any *)(sums + 16 * v) += __builtin_convertvector(s[v], d16);
        *(d16_any *)(products + 16 * v) += __builtin_convertvector(p[v], d16);
    }
}

// dx = slope·(d − mean of d − (x − mean)·bend).
CK_INLINE void ck_norm_back_rows(const ck_norm_back g, const int gate, ptrdiff_t r, const int count, ptrdiff_t first, ptrdiff_t width,
                                 const float *level, const float *bend) {
    const ck_norm_back from = g;
    const ptrdiff_t ahead = ck_norm_ahead(g.columns);
    CK_EACH(width, {
        const f16 mean = CK_GET(g.mean + first);
        const f16 slope = CK_GET(g.inverse + first) * CK_GET(g.gain + first);
        const f16 down = CK_GET(level);
        const f16 tilt = CK_GET(bend);
        _Pragma("clang loop unroll(full)") for (int q = 0; q < count; q++) {
            const ptrdiff_t at = (r + q) * g.columns + first + i;
            ck_norm_back_ask(from, gate, at + ahead, i);
            ck_norm_ask_out(from.dx, at + ahead, i);
            const f16 d = ck_gated(from, gate, at, left) - down;
            ck_write16(g.dx, at, CK_MULADD(-(ck_read16(g.x, at, left) - mean), tilt, d) * slope, left);
        }
    });
}

// `known` says that the types are constants; otherwise every element asks, and a second copy of the loops would gain nothing.
CK_INLINE void ck_norm_back_all(const ck_norm_back g, const int gate, const int known, ptrdiff_t rows) {
    for (ptrdiff_t first = 0; first < g.columns; first += CK_NORM_COLUMNS) {
        const ptrdiff_t width = ck_smaller(g.columns - first, CK_NORM_COLUMNS);
        ck_norm_sums sums;
        memset(&sums, 0, sizeof sums);
        for (ptrdiff_t r = 0; r < rows; r += CK_NORM_ROWS) {
            const ptrdiff_t block = ck_smaller(rows - r, CK_NORM_ROWS);
            ptrdiff_t c = 0;
            if (known)
                for (; c + 64 <= width; c += 64)
                    ck_norm_back_block(g, gate, first + c, r, block, 4, 16, sums.first + c, sums.second + c);
            for (; c < width; c += 16)
                ck_norm_back_block(g, gate, first + c, r, block, 1, ck_smaller(width - c, 16), sums.first + c, sums.second + c);
        }
        float level[CK_NORM_COLUMNS], bend[CK_NORM_COLUMNS];
        for (ptrdiff_t c = 0; c < width; c++) {
            const double inverse = (double)g.inverse[first + c], n = (double)rows;
            if (g.shift_gradient) g.shift_gradient[first + c] = (float)sums.first[c];
            if (g.gain_gradient) g.gain_gradient[first + c] = (float)(sums.second[c] * inverse);
            level[c] = (float)(sums.first[c] / n);
            bend[c] = (float)(sums.second[c] * inverse * inverse / n);
        }
        ck_norm_back second = g;
        ptrdiff_t r = 0;
        // What the first pass stored is exact if it is stored as dy is.
        if (gate && g.residual_gradient.data && g.residual_gradient.type == g.dy.type) {
            second.dy = (ck_in){g.residual_gradient.data, g.dy.type};
            if (known)
                for (; r + 4 <= rows; r += 4) ck_norm_back_rows(second, 0, r, 4, first, width, level, bend);
            for (; r < rows; r++) ck_norm_back_rows(second, 0, r, 1, first, width, level, bend);
        } else {
            if (known)
                for (; r + 4 <= rows; r += 4) ck_norm_back_rows(second, gate, r, 4, first, width, level, bend);
            for (; r < rows; r++) ck_norm_back_rows(second, gate, r, 1, first, width, level, bend);
        }
    }
}

static void ck_batch_norm_gradient(ptrdiff_t rows, ptrdiff_t columns, ck_in x, const float *mean, const float *inverse, const float *gain,
                                   ck_activation activation, ck_in y, ck_in dy, ck_out dx, float *gain_gradient, float *shift_gradient,
                                   ck_out residual_gradient) {
    ck_norm_back g = {columns, x, y, dy, dx, residual_gradient, mean, inverse, gain, gain_gradient, shift_gradient};
    const int gate = activation == CK_RELU;
    const int alike = x.type == dy.type && dy.type == dx.type && (!gate || y.type == x.type)
                      && (!residual_gradient.data || residual_gradient.type == x.type);
    if (!alike) {
        ck_norm_back_all(g, gate, 0, rows);
        return;
    }
    CK_TYPED(g.x, {
        g.y.type = g.dy.type = g.dx.type = g.residual_gradient.type = g.x.type;
        if (gate) ck_norm_back_all(g, 1, 1, rows);
        else ck_norm_back_all(g, 0, 1, rows);
    });
}
