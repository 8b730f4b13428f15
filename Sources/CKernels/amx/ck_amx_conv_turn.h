// Images on their way into the tiles of weight gradients: thirty-two images at one pixel become rows of channels, or pairs of images.

// Thirty-two channels of thirty-two images, of which sixteen lie at `second`, to `to`[32 channels][32 images].
static void ck_tiled_transpose(const char *from, const char *second, char *to) {
    // Register i of octet o: image 8q + i in quarter q, channels 8o to 8o + 7.
#pragma clang loop unroll(disable)
    for (int o = 0; o < 4; o++) {
        __m512i r[8], s[8];
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i++) {
            const ptrdiff_t at = i * 64 + o * 16;
            r[i] = _mm512_castsi128_si512(_mm_load_si128((const __m128i *)(from + at)));
            r[i] = _mm512_inserti32x4(r[i], _mm_load_si128((const __m128i *)(from + at + 512)), 1);
            r[i] = _mm512_inserti32x4(r[i], _mm_load_si128((const __m128i *)(second + at)), 2);
            r[i] = _mm512_inserti32x4(r[i], _mm_load_si128((const __m128i *)(second + at + 512)), 3);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i += 2) {
            s[i] = _mm512_unpacklo_epi16(r[i], r[i + 1]);
            s[i + 1] = _mm512_unpackhi_epi16(r[i], r[i + 1]);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 8; i += 4) {
            r[i] = _mm512_unpacklo_epi32(s[i], s[i + 2]);
            r[i + 1] = _mm512_unpackhi_epi32(s[i], s[i + 2]);
            r[i + 2] = _mm512_unpacklo_epi32(s[i + 1], s[i + 3]);
            r[i + 3] = _mm512_unpackhi_epi32(s[i + 1], s[i + 3]);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; i++) {
            _mm512_store_si512(to + (o * 8 + 2 * i) * 64, _mm512_unpacklo_epi64(r[i], r[i + 4]));
            _mm512_store_si512(to + (o * 8 + 2 * i + 1) * 64, _mm512_unpackhi_epi64(r[i], r[i + 4]));
        }
    }
}

// The same to `to`[two tiles of 16 filters][16 pairs of images][16][2].
static void ck_tiled_pair(const char *from, const char *second, char *to) {
    const __m512i front = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), back = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    for (int i = 0; i < 16; i++) {
        const char *at = i < 8 ? from + i * 128 : second + (i - 8) * 128;
        const __m512i even = _mm512_load_si512(at), odd = _mm512_load_si512(at + 64);
        const __m512i low = _mm512_unpacklo_epi16(even, odd), high = _mm512_unpackhi_epi16(even, odd);
        _mm512_store_si512(to + i * 64, _mm512_permutex2var_epi64(low, front, high));
        _mm512_store_si512(to + 1024 + i * 64, _mm512_permutex2var_epi64(low, back, high));
    }
}

// Row `row` of every band, side by side, into tiles: a row of x, or one of an output row (of dy). A few pixels at a time, which stay in
// the first-level cache until they are turned.
static void ck_tiled_turn_row(const ck_tiled_weight_job *g, ck_tiled_image_rows *from, ptrdiff_t row, int is_output,
                              void (*turn)(const char *, const char *, char *), char *to) {
    const ck_pass *p = g->image;
    const ptrdiff_t skip = is_output ? 1 : ck_tiled_skip(&p->x), down = is_output ? 1 : ck_tiled_skip(&p->y), blocks = from->blocks;
    if (row % down != 0) return;
    const ptrdiff_t pixels = (from->p->x.in + skip - 1) / skip, step = ck_tiled_staged(blocks), pixel = ck_tiled_staged_pixel(blocks);
    for (ptrdiff_t i = 0; i < pixels; i += step) {
        const ptrdiff_t count = ck_smaller(step, pixels - i);
        // Bands that end earlier and images that are not there are zeros.
        if (g->bands * from->images < 32 || g->bands > 1) memset(g->row, 0, (size_t)(count * pixel));
        for (ptrdiff_t band = 0; band < g->bands; band++) {
            const ptrdiff_t first = band * g->p->y.out;
            const ptrdiff_t at = is_output ? first + row : g->bands == 1 ? row : first * p->y.stride - p->y.pad + row;
            if (at < 0 || at >= (is_output ? p->y.out : p->y.in)) continue;
            from->lane = band * (32 / g->bands);
            ck_tiled_copy_pixels(from, at, i * skip, count, skip, g->row, pixel);
        }
        for (ptrdiff_t j = 0; j < count; j++)
            for (ptrdiff_t b = 0; b < blocks; b++) {
                const char *block = g->row + j * pixel + b * 1024;
                turn(block, block + blocks * 1024, to + ((i + j) * skip * blocks + b) * 2048);
            }
    }
}

// The rows of x that output rows line..<line + lines need and that are not there yet, of which `filled` have been.
static ptrdiff_t ck_tiled_turn_images(ck_tiled_weight_job *g, ck_tiled_image_rows *x, ptrdiff_t line, ptrdiff_t lines, ptrdiff_t filled) {
    const ck_pass *p = g->p;
    const ck_tiled_weight_cut *cut = &g->cut;
    const ptrdiff_t reach = (line + lines - 1) * p->y.stride + (p->y.kernel - 1) * p->y.dilation - p->y.pad + 1;
    const ptrdiff_t need = ck_smaller(reach, p->y.in);
    if (need - filled > cut->slots) filled = need - cut->slots;
    for (; filled < need; filled++)
        ck_tiled_turn_row(g, x, filled, 0, ck_tiled_transpose, g->images + filled % cut->slots * cut->x_row);
    return filled;
}
