// Elementwise operations on either storage type. Outputs may be exactly an input's memory. Losses and pooling are in files of their own.

#include "ck_storage.h"
#include "ck_mixed_loss.h"
#include "ck_mixed_pooling.h"

static void ck_convert(ptrdiff_t count, ck_in x, ck_out y) {
    CK_TYPED2(x, y, CK_EACH(count, { CK_DELIVER(y, CK_FETCH(x)); }));
}

// One loop per kind: the choice is made outside it.
#define CK_KINDS(BODY)                                            \
    switch (kind) {                                               \
    case CK_IDENTITY: BODY(CK_IDENTITY) break;                    \
    case CK_RELU: BODY(CK_RELU) break;                            \
    case CK_GELU: BODY(CK_GELU) break;                            \
    case CK_GELU_TANH: BODY(CK_GELU_TANH) break;                  \
    case CK_SIGMOID: BODY(CK_SIGMOID) break;                      \
    case CK_TANH: BODY(CK_TANH) break;                            \
    }

// Kinds that only memory bounds have a copy per type; the others compute long enough to ask.
static void ck_mixed_activate(ck_activation kind, ptrdiff_t count, ck_in x, ck_out y) {
#define CK_BODY(KIND) CK_EACH(count, { CK_DELIVER(y, f16_activate(KIND, CK_FETCH(x))); });
    if (kind == CK_RELU) CK_TYPED2(x, y, CK_BODY(CK_RELU));
    else CK_KINDS(CK_BODY)
#undef CK_BODY
}

static void ck_mixed_activation_gradient(ck_activation kind, ptrdiff_t count, ck_in saved, ck_in dy, ck_out dx) {
#define CK_BODY(KIND) CK_EACH(count, { CK_DELIVER(dx, f16_activation_gradient(KIND, CK_FETCH(saved), CK_FETCH(dy))); });
    if (kind == CK_RELU && saved.type == dy.type && dy.type == dx.type)
        CK_TYPED(saved, {
            dy.type = dx.type = saved.type;
            CK_BODY(CK_RELU)
        });
    else CK_KINDS(CK_BODY)
#undef CK_BODY
}

static void ck_mixed_add(ptrdiff_t count, ck_in a, ck_in b, ck_out c) {
    if (a.type == b.type && b.type == c.type)
        CK_TYPED(a, {
            b.type = c.type = a.type;
            CK_EACH(count, { CK_DELIVER(c, CK_FETCH(a) + CK_FETCH(b)); });
        });
    else CK_EACH(count, { CK_DELIVER(c, CK_FETCH(a) + CK_FETCH(b)); });
}

static void ck_mixed_multiply(ptrdiff_t count, ck_in a, ck_in b, ck_out c) {
    if (a.type == b.type && b.type == c.type)
        CK_TYPED(a, {
            b.type = c.type = a.type;
            CK_EACH(count, { CK_DELIVER(c, CK_FETCH(a) * CK_FETCH(b)); });
        });
    else CK_EACH(count, { CK_DELIVER(c, CK_FETCH(a) * CK_FETCH(b)); });
}

// The random words cost more than the types.
static void ck_mixed_dropout(ptrdiff_t rows, ptrdiff_t columns, uint32_t threshold, float kept, uint64_t layer_key,
                             const uint64_t *row_keys, ck_in x, ck_out y) {
    for (ptrdiff_t r = 0; r < rows; r++) {
        const uint64_t key = row_keys[r];
        for (ptrdiff_t c = 0; c < columns; c += 32) {
            u16 words[2];
            ck_philox((uint64_t)c / 4, layer_key, key, &words[0], &words[1]);
            for (int h = 0; h < 2; h++) {
                const ptrdiff_t at = c + 16 * h, left = ck_smaller(columns - at, 16);
                if (left <= 0) break;
                const i16 dropped = words[h] < threshold;
                const f16 mask = f16_choose(dropped, f16_set(0.0f), f16_set(kept));
                ck_write16(y, r * columns + at, ck_read16(x, r * columns + at, left) * mask, left);
            }
        }
    }
}

static void ck_fill_mixed(ck_table *t) {
    t->convert = ck_convert;
    t->mixed_activate = ck_mixed_activate;
    t->mixed_activation_gradient = ck_mixed_activation_gradient;
    t->mixed_add = ck_mixed_add;
    t->mixed_multiply = ck_mixed_multiply;
    t->mixed_dropout = ck_mixed_dropout;
    t->sequence_cross_entropy = ck_sequence_cross_entropy;
    t->mixed_max_pool = ck_mixed_max_pool;
    t->mixed_max_pool_gradient = ck_mixed_max_pool_gradient;
    t->mixed_average_pool = ck_mixed_average_pool;
    t->mixed_average_pool_gradient = ck_mixed_average_pool_gradient;
}
