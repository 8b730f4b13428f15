// What the tiles can do at most: products of tiles that stay where they are. The yardstick of `bench kernels`, never part of a result.

static double ck_amx_peak(ptrdiff_t rounds, float *sink) {
    const uint8_t rows[8] = {16, 16, 16, 16, 16, 16, 16, 16};
    ck_tiles_configure(rows);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
    _tile_zero(6);
    _tile_zero(7);
    for (ptrdiff_t r = 0; r < rounds; r++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, sink, 64);
    _tile_release();
    return 4.0 * 2 * 16 * 16 * 32 * (double)rounds;
}

static void ck_fill_amx_peak(ck_table *t) { t->tile_peak = ck_amx_peak; }
