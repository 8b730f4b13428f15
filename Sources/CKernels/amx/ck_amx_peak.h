// What the tiles can do at most: products of tiles that stay where they are. The yardstick of `bench kernels`, never part of a result.
//
// The operands are numbers, because tiles of zeros are multiplied at a clock that no product of numbers is given: 2,946 GFLOP/s against
// 2,338 on an Emerald Rapids, alternating within a second.

static double ck_amx_peak(ptrdiff_t rounds, float *sink) {
    uint16_t numbers[2][CK_TILE_BYTES / 2] __attribute__((aligned(64)));
    uint32_t state = 1;
    for (int i = 0; i < CK_TILE_BYTES; i++) {
        // Between 1/2 and 1, of either sign.
        state = state * 1664525u + 1013904223u;
        numbers[i / (CK_TILE_BYTES / 2)][i % (CK_TILE_BYTES / 2)] = (uint16_t)((state >> 16 & 0x807Fu) | 0x3F00u);
    }
    const uint8_t rows[8] = {16, 16, 16, 16, 16, 16, 16, 16};
    ck_tiles_configure(rows);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_loadd(4, numbers[0], 64);
    _tile_loadd(5, numbers[1], 64);
    _tile_loadd(6, numbers[1], 64);
    _tile_loadd(7, numbers[0], 64);
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
