// Weight gradients in tiles: the contraction of one step is over thirty-two images at one pixel. Tiles of x hold channels × images,
// tiles of dy pairs of images × filters; for a tap, pixel after pixel of both is read where it lies, so that strides, dilation and
// borders cost nothing.

// x and dy as images of rows: forward, x has the window's channels and dy is a map of single pixels.
typedef struct ck_tiled_weight_cut {
    ptrdiff_t lines, slots, x_row, dy_row, x_blocks, dy_blocks;
} ck_tiled_weight_cut;

static ck_tiled_weight_cut ck_tiled_weight_cut_of(const ck_pass *p) {
    ck_tiled_weight_cut cut = {.lines = 1, .x_blocks = ck_tiled_blocks(p), .dy_blocks = (p->n + 31) / 32};
    cut.x_row = p->x.in * cut.x_blocks * 2048;
    cut.dy_row = p->x.out * cut.dy_blocks * 2048;
    // As much as the second-level cache holds, but never less than one row.
    while (cut.lines < p->y.out && ck_conv_reach(p, cut.lines + 1) * cut.x_row + (cut.lines + 1) * cut.dy_row <= 1400 * 1024) cut.lines++;
    // Deep maps of few pixels in one piece: their weights should be passed over once.
    if (p->y.out * (cut.x_row + cut.dy_row) <= 2600 * 1024) cut.lines = p->y.out;
    cut.slots = ck_conv_reach(p, cut.lines);
    return cut;
}

// Pixels that are turned together, and the bytes from one to the next: not a power of two, so that they lie in sets of their own.
static inline ptrdiff_t ck_tiled_staged(ptrdiff_t blocks) { return blocks < 16 ? 16 / blocks : 1; }
static inline ptrdiff_t ck_tiled_staged_pixel(ptrdiff_t blocks) { return blocks * 2048 + 128; }
static ptrdiff_t ck_tiled_staged_bytes(ptrdiff_t x_blocks, ptrdiff_t dy_blocks) {
    const ptrdiff_t x = ck_tiled_staged(x_blocks) * ck_tiled_staged_pixel(x_blocks);
    const ptrdiff_t dy = ck_tiled_staged(dy_blocks) * ck_tiled_staged_pixel(dy_blocks);
    return x > dy ? x : dy;
}

// Fewer than thirty-two images are cut into bands of output rows, each as if it were an image of its own, until the contraction is
// full. A band's border of rows in the padding holds zeros, which are multiplied.
static ck_pass ck_tiled_band(const ck_pass *p, ptrdiff_t bands) {
    ck_pass band = *p;
    if (bands == 1) return band;
    band.y.out = (p->y.out + bands - 1) / bands;
    band.y.in = (band.y.out - 1) * p->y.stride + (p->y.kernel - 1) * p->y.dilation + 1;
    band.y.pad = 0;
    return band;
}
static inline ptrdiff_t ck_tiled_bands(const ck_pass *p, ptrdiff_t images) {
    ptrdiff_t bands = 1;
    while (bands * 2 * images <= 32 && bands * 2 <= p->y.out) bands *= 2;
    return bands;
}

static ptrdiff_t ck_tiled_weight_bytes(const ck_pass *p) {
    ptrdiff_t most = 0;
    for (ptrdiff_t bands = 1; bands <= 32 && bands <= p->y.out; bands *= 2) {
        const ck_pass band = ck_tiled_band(p, bands);
        const ck_tiled_weight_cut cut = ck_tiled_weight_cut_of(&band);
        const ptrdiff_t bytes = ck_conv_bytes(cut.slots * cut.x_row) + ck_conv_bytes(cut.lines * cut.dy_row) + ck_conv_bytes(ck_tiled_staged_bytes(cut.x_blocks, cut.dy_blocks))
            + ck_conv_bytes(cut.lines * (ptrdiff_t)sizeof(ck_conv_span)) + ck_conv_bytes(4096);
        if (bytes > most) most = bytes;
    }
    return most + ck_axis_bytes(&p->y) + ck_axis_bytes(&p->x);
}

typedef struct ck_tiled_weight_job {
    // The band, and what it is a band of.
    const ck_pass *p, *image;
    ptrdiff_t bands;
    // The axes of the image.
    ck_axis y, x;
    ck_tiled_weight_cut cut;
    char *images, *gradients, *row;
    ck_conv_span *spans;
    float *scratch, *dw;
    int load;
} ck_tiled_weight_job;

#include "ck_amx_conv_weight_sum.h"
#include "ck_amx_conv_slide.h"
#include "ck_amx_conv_turn.h"

// Up to thirty-two images from `first` on.
static void ck_tiled_weight_group(ck_tiled_weight_job *g, ptrdiff_t first, ptrdiff_t count, ck_in x, ck_in dy, char *workspace) {
    const ck_pass *p = g->image;
    g->bands = ck_tiled_bands(p, count);
    const ck_pass band = ck_tiled_band(p, g->bands);
    g->p = &band;
    g->cut = ck_tiled_weight_cut_of(&band);
    const ck_tiled_weight_cut cut = g->cut;
    g->images = ck_conv_take(&workspace, cut.slots * cut.x_row);
    g->gradients = ck_conv_take(&workspace, cut.lines * cut.dy_row);
    g->row = ck_conv_take(&workspace, ck_tiled_staged_bytes(cut.x_blocks, cut.dy_blocks));
    g->spans = ck_conv_take(&workspace, cut.lines * (ptrdiff_t)sizeof(ck_conv_span));
    g->scratch = ck_conv_take(&workspace, 4096);
    // dy is copied as if it were the input of a pass.
    const ck_pass map = {.x.in = p->x.out, .k = p->n, .in_channels = p->n, .in = p->out};
    ck_tiled_image_rows images = {.p = p, .in = x, .first = first, .images = count, .halves = 2, .blocks = cut.x_blocks};
    ck_tiled_image_rows gradients = {.p = &map, .in = dy, .first = first, .images = count, .halves = 2, .blocks = cut.dy_blocks};
    ptrdiff_t filled = 0;
    for (ptrdiff_t line = 0; line < band.y.out; line += cut.lines, g->load = 1) {
        const ptrdiff_t lines = ck_smaller(band.y.out - line, cut.lines);
        filled = ck_tiled_turn_images(g, &images, line, lines, filled);
        for (ptrdiff_t i = 0; i < lines; i++) ck_tiled_turn_row(g, &gradients, line + i, 1, ck_tiled_pair, g->gradients + i * cut.dy_row);
        (ck_tiled_slides(&band) ? ck_tiled_slide_lines : ck_tiled_weight_lines)(g, line, lines);
    }
}

static void ck_tiled_weight_pass(const ck_pass *p, ptrdiff_t rows, ck_in x, ck_in dy, float *dw, char *workspace) {
    ck_tiled_weight_job g = {
        .image = p,
        .y = ck_axis_of(&p->y, &workspace),
        .x = ck_axis_of(&p->x, &workspace),
        .dw = dw,
    };
    if (rows == 0) memset(dw, 0, sizeof(float) * (size_t)(p->taps * p->k * p->n));
    ck_tiled_configure(16, 16);
    for (ptrdiff_t first = 0; first < rows; first += 32) ck_tiled_weight_group(&g, first, ck_smaller(rows - first, 32), x, dy, workspace);
    _tile_release();
}
