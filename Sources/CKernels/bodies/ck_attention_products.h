// The products of attention: register tiles over operands whose every line of b is whole registers.
//
// c[i, :] (+)= Σ over k of a(i, k)·b[k, :]. Under a causal mask a tile's sums run over the k that one of its rows needs. Every element is
// one chain of multiply-adds in ascending k, whatever the tiles.

typedef struct ck_attention_product {
    // Row i of a starts at i·a_row; or, by columns, step k at k·a_row, its rows adjacent.
    const float *a;
    ptrdiff_t a_row;
    int by_columns;
    const float *b;
    ptrdiff_t b_row;
    float *c;
    ptrdiff_t c_row;
    // `columns` is a multiple of sixteen.
    ptrdiff_t rows, columns, k;
    // Row i begins at step `begin` + i, if that is positive; ends before step `end` + i.
    ptrdiff_t begin, end;
    // The sums start from c if set, else from 0.
    int load;
    // A row at a time, over exactly its own k.
    int single;
    ck_attention_ahead *ahead;
} ck_attention_product;

// For `begin` and `end` of products without a mask.
#define CK_ATTENTION_ALWAYS (-((ptrdiff_t)1 << 40))
#define CK_ATTENTION_NEVER ((ptrdiff_t)1 << 40)

// The tallest tile of so many registers.
#if CK_LANES == 16
#define CK_ATTENTION_WIDEST 4
CK_INLINE ptrdiff_t ck_attention_height(int registers) { return registers == 4 ? 6 : 8; }
#else
#define CK_ATTENTION_WIDEST 2
CK_INLINE ptrdiff_t ck_attention_height(int registers) { return registers > 0 ? 6 : 0; }
#endif

// `count` tiles one below the other.
CK_INLINE void ck_attention_tiles_body(const int mr, const int nv, const int by_columns, const ck_attention_product *product,
                                       ptrdiff_t count) {
    const ptrdiff_t a_row = product->a_row, b_row = product->b_row, c_row = product->c_row, every = product->ahead->every;
    const float *tile_a = product->a;
    float *c = product->c;
    ptrdiff_t begin = product->begin, end = product->end + mr - 1;
    const int load = product->load;
    for (; count > 0; count--, begin += mr, end += mr, c += mr * c_row) {
        const ptrdiff_t from = begin > 0 ? begin : 0, to = ck_smaller(product->k, end);
        vt sum[CK_ATTENTION_TALLEST][CK_ATTENTION_WIDEST];
#pragma clang loop unroll(full)
        for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
            for (int j = 0; j < nv; j++) sum[i][j] = (vt){0};
        if (load) {
#pragma clang loop unroll(full)
            for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
                for (int j = 0; j < nv; j++) sum[i][j] = *(const vt_any *)(c + i * c_row + j * CK_LANES);
        }
        const float *b = product->b + from * b_row, *rows[CK_ATTENTION_TALLEST / 3 + 1];
#pragma clang loop unroll(full)
        for (int i = 0; i < mr; i += 3) rows[i / 3] = by_columns ? tile_a + from * a_row : tile_a + i * a_row + from;
        for (ptrdiff_t rest = to - from; rest > 0;) {
            const ptrdiff_t steps = ck_smaller(rest, every);
            rest -= steps;
            ck_attention_fetch(product->ahead);
            for (ptrdiff_t p = 0; p < steps; p++, b += b_row) {
                vt line[CK_ATTENTION_WIDEST];
#pragma clang loop unroll(full)
                for (int j = 0; j < nv; j++) line[j] = *(const vt_any *)(b + j * CK_LANES);
#pragma clang loop unroll(full)
                for (int i = 0; i < mr; i++) {
                    const vt factor = vt_set(by_columns ? rows[0][i] : rows[i / 3][i % 3 * a_row]);
#pragma clang loop unroll(full)
                    for (int j = 0; j < nv; j++) sum[i][j] = CK_MULADD(factor, line[j], sum[i][j]);
                }
                if (by_columns) {
                    rows[0] += a_row;
                } else {
#pragma clang loop unroll(full)
                    for (int i = 0; i < mr; i += 3) {
                        rows[i / 3]++;
                        CK_KEEP(rows[i / 3]);
                    }
                }
            }
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
            for (int j = 0; j < nv; j++) *(vt_any *)(c + i * c_row + j * CK_LANES) = sum[i][j];
        tile_a += by_columns ? mr : mr * a_row;
    }
}

#define CK_ATTENTION_TILES(MR, NV)                                                                                                \
    static __attribute__((noinline)) void ck_attention_tiles_##MR##_##NV##_0(const ck_attention_product *p, ptrdiff_t count) {    \
        ck_attention_tiles_body(MR, NV, 0, p, count);                                                                             \
    }                                                                                                                             \
    static __attribute__((noinline)) void ck_attention_tiles_##MR##_##NV##_1(const ck_attention_product *p, ptrdiff_t count) {    \
        ck_attention_tiles_body(MR, NV, 1, p, count);                                                                             \
    }
#define CK_ATTENTION_NAMES(MR, NV) {ck_attention_tiles_##MR##_##NV##_0, ck_attention_tiles_##MR##_##NV##_1},
typedef void (*ck_attention_tiles_function)(const ck_attention_product *, ptrdiff_t);
// Indexed by [registers − 1][rows − 1][by columns].
#if CK_LANES == 16
CK_ROWS_8(CK_ATTENTION_TILES, 1) CK_ROWS_8(CK_ATTENTION_TILES, 2) CK_ROWS_8(CK_ATTENTION_TILES, 3) CK_ROWS_6(CK_ATTENTION_TILES, 4)
static const ck_attention_tiles_function ck_attention_tiles[CK_ATTENTION_WIDEST][CK_ATTENTION_TALLEST][2] = {
    {CK_ROWS_8(CK_ATTENTION_NAMES, 1)}, {CK_ROWS_8(CK_ATTENTION_NAMES, 2)}, {CK_ROWS_8(CK_ATTENTION_NAMES, 3)},
    {CK_ROWS_6(CK_ATTENTION_NAMES, 4)}};
#else
CK_ROWS_6(CK_ATTENTION_TILES, 1) CK_ROWS_6(CK_ATTENTION_TILES, 2)
static const ck_attention_tiles_function ck_attention_tiles[CK_ATTENTION_WIDEST][CK_ATTENTION_TALLEST][2] = {
    {CK_ROWS_6(CK_ATTENTION_NAMES, 1)}, {CK_ROWS_6(CK_ATTENTION_NAMES, 2)}};
#endif

// Registers of a tile, of those that are left: five are better as three and two than as four and one.
CK_INLINE int ck_attention_registers(ptrdiff_t left) {
    const ptrdiff_t registers = left / CK_LANES;
    return registers == CK_ATTENTION_WIDEST + 1 ? (CK_ATTENTION_WIDEST + 2) / 2
        : registers < CK_ATTENTION_WIDEST       ? (int)registers
                                                : CK_ATTENTION_WIDEST;
}

static void ck_attention_multiply(const ck_attention_product *product) {
    int registers;
    for (ptrdiff_t column = 0; column < product->columns; column += registers * CK_LANES) {
        registers = ck_attention_registers(product->columns - column);
        ck_attention_product p = *product;
        p.b += column;
        p.c += column;
        // Tiles of two heights, one row apart: a low rest of the rows would not fill the pipelines.
        const ptrdiff_t tallest = p.single ? 1 : ck_attention_height(registers), tiles = (p.rows + tallest - 1) / tallest;
        const ptrdiff_t low = p.rows / tiles, taller = p.rows % tiles;
        if (taller > 0) {
            ck_attention_tiles[registers - 1][low][p.by_columns](&p, taller);
            const ptrdiff_t done = taller * (low + 1);
            p.a += p.by_columns ? done : done * p.a_row;
            p.c += done * p.c_row;
            p.begin += done;
            p.end += done;
        }
        ck_attention_tiles[registers - 1][low - 1][p.by_columns](&p, tiles - taller);
    }
}
