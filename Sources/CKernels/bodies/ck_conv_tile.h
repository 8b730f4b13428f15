// The register tile of fp32 convolutions: a few pixels × a panel of filters, over spans of adjacent elements. A pixel's factors are
// read in the image itself (or a copy of a few rows), one element at a time into a whole register; a panel's weights are packed.

#if CK_LANES == 16
#define CK_CONV_WIDEST 4
#else
#define CK_CONV_WIDEST 2
#endif
#define CK_CONV_TALLEST 6
#define CK_CONV_PANEL (CK_CONV_WIDEST * CK_LANES)

typedef struct ck_conv_tile {
    const float *in[CK_CONV_TALLEST];
    float *out[CK_CONV_TALLEST];
    const ck_conv_span *spans;
    ptrdiff_t count;
    const float *panel;
    // Both of a whole panel's width. The chain starts from the output if `load`, else from the bias if there is one, else from 0.
    const float *bias;
    int load;
} ck_conv_tile;

CK_INLINE void ck_conv_tile_body(const int mr, const int nv, const ck_conv_tile *t) {
    vt sum[CK_CONV_TALLEST][CK_CONV_WIDEST];
    const float *in[CK_CONV_TALLEST];
#pragma clang loop unroll(full)
    for (int i = 0; i < mr; i++) {
        in[i] = t->in[i];
#pragma clang loop unroll(full)
        for (int j = 0; j < nv; j++) {
            if (t->load) sum[i][j] = *(const vt_any *)(t->out[i] + j * CK_LANES);
            else if (t->bias) sum[i][j] = *(const vt_any *)(t->bias + j * CK_LANES);
            else sum[i][j] = (vt){0};
        }
    }
    for (ptrdiff_t s = 0; s < t->count; s++) {
        const ptrdiff_t from = t->spans[s].from, length = t->spans[s].length;
        const float *b = t->panel + t->spans[s].at * nv * CK_LANES;
        for (ptrdiff_t p = from; p < from + length; p++, b += nv * CK_LANES) {
            vt line[CK_CONV_WIDEST];
#pragma clang loop unroll(full)
            for (int j = 0; j < nv; j++) line[j] = *(const vt_any *)(b + j * CK_LANES);
#pragma clang loop unroll(full)
            for (int i = 0; i < mr; i++) {
                const vt factor = vt_set(in[i][p]);
#pragma clang loop unroll(full)
                for (int j = 0; j < nv; j++) sum[i][j] = CK_MULADD(factor, line[j], sum[i][j]);
            }
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < mr; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < nv; j++) *(vt_any *)(t->out[i] + j * CK_LANES) = sum[i][j];
}

#define CK_CONV_TILE(MR, NV)                                                                                \
    static __attribute__((noinline)) void ck_conv_tile_##MR##_##NV(const ck_conv_tile *t) { ck_conv_tile_body(MR, NV, t); }
#define CK_CONV_NAME(MR, NV) ck_conv_tile_##MR##_##NV,
#define CK_CONV_HEIGHTS(X, NV) X(1, NV) X(2, NV) X(3, NV) X(4, NV) X(5, NV) X(6, NV)
CK_CONV_HEIGHTS(CK_CONV_TILE, 1)
CK_CONV_HEIGHTS(CK_CONV_TILE, 2)
#if CK_CONV_WIDEST == 4
CK_CONV_HEIGHTS(CK_CONV_TILE, 3)
CK_CONV_HEIGHTS(CK_CONV_TILE, 4)
#endif

// Indexed by registers − 1, rows − 1.
static void (*const ck_conv_tiles[CK_CONV_WIDEST][CK_CONV_TALLEST])(const ck_conv_tile *) = {
    {CK_CONV_HEIGHTS(CK_CONV_NAME, 1)},
    {CK_CONV_HEIGHTS(CK_CONV_NAME, 2)},
#if CK_CONV_WIDEST == 4
    {CK_CONV_HEIGHTS(CK_CONV_NAME, 3)},
    {CK_CONV_HEIGHTS(CK_CONV_NAME, 4)},
#endif
};
