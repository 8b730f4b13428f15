// Sums of convolutions in tiles: one or two tiles of rows × one or two of filters over some taps, and rows of finished sums that leave
// while the next are made.

// Neighbouring taps of a pair of runs: bytes of the first into the copied rows and into the panel. They are added block of channels by
// block, and the taps of one block one after the other.
typedef struct ck_tiled_tap {
    ptrdiff_t from, at, count;
} ck_tiled_tap;

// Finished sums, 32 columns a row, on their way out while the next are made: rows are images at one pixel.
typedef struct ck_tiled_side {
    const ck_epilogue *epilogue;
    ck_amx_way way;
    ck_out out;
    ptrdiff_t image, column, columns;
    // Two tiles of `rows` rows each from element `at` on; `quota` rows at a time.
    const float *sums[2];
    ptrdiff_t at[2], rows[2], quota;
    // If statistics are asked for, those of the columns, and the rows that they have yet to see.
    ck_moment_strip *strips;
    ptrdiff_t unseen[2];
} ck_tiled_side;

// Asks for the lines that rows will be stored to: stores that miss wait for one another, since they reach the cache in order.
CK_INLINE void ck_tiled_ask(ck_out out, ptrdiff_t at, ptrdiff_t row, ptrdiff_t rows) {
    const ptrdiff_t size = out.type == CK_F32 ? 4 : 2;
    const char *place = (const char *)out.data + at * size;
    for (ptrdiff_t i = 0; i < rows; i++, place += row * size) __builtin_prefetch(place, 1, 3);
}

CK_INLINE void ck_tiled_finish(ck_tiled_side *s, ptrdiff_t rows) {
    const int upper = s->rows[0] > 0 ? 0 : 1;
    if (rows > s->rows[upper]) rows = s->rows[upper];
    if (rows == 0) return;
    ck_amx_finish(s->way, s->epilogue, s->sums[upper], rows, s->columns, s->out, s->image, s->at[upper], s->column);
    s->sums[upper] += rows * 32;
    s->at[upper] += rows * s->image;
    s->rows[upper] -= rows;
}

// Finishes what is left, and measures all of it: the rows that go out beside a step are too few for their statistics' way to memory and
// back.
CK_INLINE void ck_tiled_finish_all(ck_tiled_side *s) {
    while (s->rows[1]) ck_tiled_finish(s, 32);
    if (!s->strips) return;
    for (int t = 0; t < 2; t++)
        if (s->unseen[t])
            ck_tiled_measure(s->strips, s->out, s->at[t] - s->unseen[t] * s->image, s->image, s->unseen[t], s->columns);
    s->strips = 0;
}

typedef struct ck_tiled_sum {
    // Two tiles of images, their rows `row` bytes apart, their blocks `step`.
    const char *first, *second, *panel;
    ptrdiff_t row, step;
    const ck_tiled_tap *taps;
    ptrdiff_t count, blocks;
    // Bytes from a tap to its neighbour. If the second tile is what the first one's neighbouring tap reads, `slides`.
    ptrdiff_t next_from, next_at;
    int slides;
    // What the next panel will need, touched on the way.
    const char *ahead, *ahead_end;
    // 32 rows of 32 sums, which start from what is there if `load`.
    float *to;
    int load;
    ck_tiled_side side;
} ck_tiled_sum;

// One block of channels of one tap: tile FIRST is there, SECOND is read. What goes on beside the products is asked for here.
#define CK_TILED_STEP(FIRST, SECOND)                                    \
    do {                                                                \
        _tile_loadd(6, w, 64);                                          \
        _tile_dpbf16ps(0, FIRST, 6);                                    \
        if (wide) {                                                     \
            _tile_loadd(7, w + 1024, 64);                               \
            _tile_dpbf16ps(1, FIRST, 7);                                \
        }                                                               \
        if (two) {                                                      \
            _tile_stream_loadd(SECOND, b, row);                         \
            _tile_dpbf16ps(2, SECOND, 6);                               \
            if (wide) _tile_dpbf16ps(3, SECOND, 7);                     \
        }                                                               \
        b += next_from;                                                 \
        w += next_at;                                                   \
        if (ahead < ahead_end) {                                        \
            _mm_prefetch(ahead, _MM_HINT_T1);                           \
            _mm_prefetch(ahead + 64, _MM_HINT_T1);                      \
            _mm_prefetch(ahead + 128, _MM_HINT_T1);                     \
            _mm_prefetch(ahead + 192, _MM_HINT_T1);                     \
            ahead += 256;                                               \
        }                                                               \
        if (g->side.rows[1]) ck_tiled_finish(&g->side, g->side.quota);  \
    } while (0)

// Sums of one or two tiles of images × one or two of filters over some taps. Weights are few enough to stay in the first-level cache
// while all images pass by it.
CK_INLINE void ck_tiled_sum_body(const int two, const int wide, ck_tiled_sum *g) {
    const ptrdiff_t blocks = g->blocks, row = g->row, step = g->step;
    const char *ahead = g->ahead, *const ahead_end = g->ahead_end;
    if (g->load) {
        _tile_loadd(0, g->to, 128);
        if (wide) _tile_loadd(1, g->to + 16, 128);
        if (two) _tile_loadd(2, g->to + 512, 128);
        if (two && wide) _tile_loadd(3, g->to + 528, 128);
    } else {
        _tile_zero(0);
        if (wide) _tile_zero(1);
        if (two) _tile_zero(2);
        if (two && wide) _tile_zero(3);
    }
    const ptrdiff_t next_from = g->next_from, next_at = g->next_at;
    const int slides = two && g->slides;
    for (ptrdiff_t t = 0; t < g->count; t++)
        for (ptrdiff_t k = 0; k < blocks; k++) {
            const char *a = g->first + g->taps[t].from + k * step, *b = g->second + g->taps[t].from + k * step;
            const char *w = g->panel + g->taps[t].at + k * (wide ? 2048 : 1024);
            ptrdiff_t left = g->taps[t].count;
            if (slides) {
                _tile_stream_loadd(4, a, row);
                do {
                    CK_TILED_STEP(4, 5);
                    if (--left == 0) break;
                    CK_TILED_STEP(5, 4);
                } while (--left > 0);
                continue;
            }
            for (; left > 0; left--, a += next_from) {
                _tile_stream_loadd(4, a, row);
                CK_TILED_STEP(4, 5);
            }
        }
    g->ahead = ahead;
    _tile_stored(0, g->to, 128);
    if (wide) _tile_stored(1, g->to + 16, 128);
    if (two) _tile_stored(2, g->to + 512, 128);
    if (two && wide) _tile_stored(3, g->to + 528, 128);
}
static __attribute__((noinline)) void ck_tiled_sum_1_1(ck_tiled_sum *g) { ck_tiled_sum_body(0, 0, g); }
static __attribute__((noinline)) void ck_tiled_sum_1_2(ck_tiled_sum *g) { ck_tiled_sum_body(0, 1, g); }
static __attribute__((noinline)) void ck_tiled_sum_2_1(ck_tiled_sum *g) { ck_tiled_sum_body(1, 0, g); }
static __attribute__((noinline)) void ck_tiled_sum_2_2(ck_tiled_sum *g) { ck_tiled_sum_body(1, 1, g); }
