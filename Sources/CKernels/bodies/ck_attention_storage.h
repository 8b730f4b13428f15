// Elements of either storage type as sixteen floats, and the panels that attention's products read.

typedef uint16_t h16 __attribute__((vector_size(32)));
typedef h16 h16_any __attribute__((aligned(2), may_alias));

// Elements at..at+left-1 (left <= 16), zeros after them.
CK_INLINE f16 ck_stored(ck_in x, ptrdiff_t at, ptrdiff_t left) {
    if (x.type == CK_F32) return ck_get((const float *)x.data + at, left);
    const uint16_t *p = (const uint16_t *)x.data + at;
    h16 half = {0};
    if (left == 16) half = *(const h16_any *)p;
    else memcpy(&half, p, (size_t)left * 2);
    return (f16)(__builtin_convertvector(half, u16) << 16);
}

// To the nearest bf16, ties to even; NaN stays NaN and becomes quiet.
CK_INLINE h16 ck_halved(f16 v) {
    const u16 bits = (u16)v, rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    const u16 mask = (u16)(v != v);
    return __builtin_convertvector((rounded & ~mask) | ((bits >> 16 | 0x40) & mask), h16);
}

CK_INLINE void ck_put_stored(ck_out y, ptrdiff_t at, f16 v, ptrdiff_t left) {
    if (y.type == CK_F32) {
        ck_put((float *)y.data + at, v, left);
    } else {
        uint16_t *p = (uint16_t *)y.data + at;
        const h16 half = ck_halved(v);
        if (left == 16) *(h16_any *)p = half;
        else memcpy(p, &half, (size_t)left * 2);
    }
}

// Not zero where an element is infinite or NaN.
CK_INLINE i16 ck_unbounded(f16 v) { return ((i16)v & 0x7F800000) == 0x7F800000; }
CK_INLINE int ck_any_lane(i16 v) {
    for (int l = 0; l < 16; l++)
        if (v[l]) return 1;
    return 0;
}

// r[i][j] becomes r[j][i]: in each step lanes whose number has one bit on change places with rows whose number has it off.
CK_INLINE void f16_transpose(f16 r[16]) {
#define CK_SWAP(V, LOW, HIGH)                                          \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++) {  \
        if (i & (V)) continue;                                         \
        const f16 x = r[i], y = r[i + (V)];                            \
        r[i] = __builtin_shufflevector(x, y, LOW);                     \
        r[i + (V)] = __builtin_shufflevector(x, y, HIGH);              \
    }
#define CK_LIST(...) __VA_ARGS__
    CK_SWAP(8, CK_LIST(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
            CK_LIST(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
    CK_SWAP(4, CK_LIST(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
            CK_LIST(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
    CK_SWAP(2, CK_LIST(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
            CK_LIST(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
    CK_SWAP(1, CK_LIST(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
            CK_LIST(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
#undef CK_LIST
#undef CK_SWAP
}
