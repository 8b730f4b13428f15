// Squares of sixteen rows of sixteen, turned.

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
