// The products of attention: register tiles over operands that lie in the workspace.
//
// c[i, :] (+)= Σ over k of a(i, k)·b[k, :]. Element (i, k) of a is a[i·a_row + k·a_step], so a may lie either way round; b lies with
// its columns in lanes. Everything is padded to whole tiles, and sums run over exactly the k that are meant, so padding needs no zeros.

#if CK_LANES == 16
#define CK_ATTENTION_TILE 8
#else
#define CK_ATTENTION_TILE 6
#endif
// Columns of a tile.
#define CK_ATTENTION_PANEL (2 * CK_LANES)

typedef struct ck_attention_product {
    const float *a;
    ptrdiff_t a_row, a_step;
    const float *b;
    ptrdiff_t b_row;
    float *c;
    ptrdiff_t c_row;
    ptrdiff_t k;
    // The sums start from c if set, else from 0.
    int load;
} ck_attention_product;

CK_INLINE void ck_attention_tile_body(const int mr, const int nv, const ck_attention_product *product) {
    const float *a = product->a, *b = product->b;
    const ptrdiff_t a_row = product->a_row, a_step = product->a_step, b_row = product->b_row, c_row = product->c_row;
    float *const c = product->c;
    vt sum[CK_ATTENTION_TILE][2];
#pragma clang loop unroll(full)
    for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < nv; j++) sum[i][j] = (vt){0};
    if (product->load) {
#pragma clang loop unroll(full)
        for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
            for (int j = 0; j < nv; j++) sum[i][j] = *(const vt_any *)(c + i * c_row + j * CK_LANES);
    }
    for (ptrdiff_t p = product->k; p > 0; p--, a += a_step, b += b_row) {
        vt line[2];
#pragma clang loop unroll(full)
        for (int j = 0; j < nv; j++) line[j] = *(const vt_any *)(b + j * CK_LANES);
#pragma clang loop unroll(full)
        for (int i = 0; i < mr; i++) {
            const vt factor = vt_set(a[i * a_row]);
#pragma clang loop unroll(full)
            for (int j = 0; j < nv; j++) sum[i][j] = CK_MULADD(factor, line[j], sum[i][j]);
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < nv; j++) *(vt_any *)(c + i * c_row + j * CK_LANES) = sum[i][j];
}

#define CK_ATTENTION_TILES(MR, NV)                                                                                   \
    static __attribute__((noinline)) void ck_attention_tile_##MR##_##NV(const ck_attention_product *product) {       \
        ck_attention_tile_body(MR, NV, product);                                                                     \
    }
#if CK_LANES == 16
CK_ATTENTION_TILES(8, 2)
CK_ATTENTION_TILES(8, 1)
#define ck_attention_tile_2 ck_attention_tile_8_2
#define ck_attention_tile_1 ck_attention_tile_8_1
#else
CK_ATTENTION_TILES(6, 2)
CK_ATTENTION_TILES(6, 1)
#define ck_attention_tile_2 ck_attention_tile_6_2
#define ck_attention_tile_1 ck_attention_tile_6_1
#endif
CK_ATTENTION_TILES(1, 2)
CK_ATTENTION_TILES(1, 1)

// One tile's rows (or one row) of all columns; `columns` is a multiple of CK_LANES.
static void ck_attention_rows(ck_attention_product product, ptrdiff_t columns, int single) {
    for (; columns >= CK_ATTENTION_PANEL; columns -= CK_ATTENTION_PANEL) {
        if (single) ck_attention_tile_1_2(&product);
        else ck_attention_tile_2(&product);
        product.b += CK_ATTENTION_PANEL;
        product.c += CK_ATTENTION_PANEL;
    }
    if (columns > 0) {
        if (single) ck_attention_tile_1_1(&product);
        else ck_attention_tile_1(&product);
    }
}
