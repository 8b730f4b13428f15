// Fetches what the next head will read and what this one will write: lines a matrix row apart, which no hardware prefetcher follows,
// from the third-level cache or memory. Evenly, in step with the work on the present head: bunched, it would wait for lines instead of
// computing.

#ifndef CK_ATTENTION_AHEAD_H
#define CK_ATTENTION_AHEAD_H

typedef struct ck_attention_ahead {
    const char *from[8];
    ptrdiff_t stride[8];
    int parts, part;
    // Of a head's row in the widest of the matrices.
    ptrdiff_t bytes, token, length;
    // Steps of work between two calls; rows that a call fetches.
    ptrdiff_t every, rows;
} ck_attention_ahead;

CK_INLINE void ck_attention_fetch(ck_attention_ahead *ahead) {
    for (ptrdiff_t n = ahead->rows; n > 0 && ahead->token < ahead->length; n--) {
        const char *const line = ahead->from[ahead->part] + ahead->token * ahead->stride[ahead->part];
        for (ptrdiff_t at = 0; at < ahead->bytes; at += 64) __builtin_prefetch(line + at, 0, 2);
        if (++ahead->part < ahead->parts) continue;
        ahead->part = 0;
        ahead->token++;
    }
}

// Spreads the fetching over so many steps, with at least `least` between two calls.
CK_INLINE void ck_attention_spread(ck_attention_ahead *ahead, ptrdiff_t steps, ptrdiff_t least) {
    const ptrdiff_t all = ahead->length * ahead->parts;
    ahead->every = steps / all < least ? least : steps / all;
    ahead->rows = (all * ahead->every + steps - 1) / steps;
}

// Another matrix: from its element `at`, with rows of `stride` elements.
CK_INLINE void ck_attention_ahead_of(ck_attention_ahead *ahead, const void *data, ck_dtype type, ptrdiff_t at, ptrdiff_t stride) {
    const ptrdiff_t bytes = type == CK_F32 ? 4 : 2;
    ahead->from[ahead->parts] = (const char *)data + at * bytes;
    ahead->stride[ahead->parts++] = stride * bytes;
}

// Where the head after head h of row r begins in a matrix with rows of `stride` elements; the same head after the last.
static ptrdiff_t ck_attention_next_head(const ck_attention *g, ptrdiff_t r, ptrdiff_t h, ptrdiff_t stride) {
    if (h + 1 < g->heads) {
        h++;
    } else if (r + 1 < g->rows) {
        r++;
        h = 0;
    }
    return r * g->length * stride + h * g->size;
}

static ck_attention_ahead ck_attention_ahead_forward(const ck_attention *g, ptrdiff_t r, ptrdiff_t h, ck_in qkv, ck_out y) {
    const ptrdiff_t width = g->heads * g->size, next = ck_attention_next_head(g, r, h, 3 * width);
    ck_attention_ahead ahead = {.bytes = g->size * (qkv.type == CK_F32 ? 4 : 2), .length = g->length};
    for (int i = 0; i < 3; i++) ck_attention_ahead_of(&ahead, qkv.data, qkv.type, next + i * width, 3 * width);
    ck_attention_ahead_of(&ahead, y.data, y.type, r * g->length * width + h * g->size, width);
    return ahead;
}

static ck_attention_ahead ck_attention_ahead_backward(const ck_attention *g, ptrdiff_t r, ptrdiff_t h, ck_in qkv, ck_in y, ck_in dy,
                                                      ck_out dqkv) {
    const ptrdiff_t width = g->heads * g->size, next = ck_attention_next_head(g, r, h, 3 * width);
    const ptrdiff_t next_output = ck_attention_next_head(g, r, h, width), at = r * g->length * 3 * width + h * g->size;
    ck_attention_ahead ahead = {.bytes = g->size * (qkv.type == CK_F32 ? 4 : 2), .length = g->length};
    for (int i = 0; i < 3; i++) {
        ck_attention_ahead_of(&ahead, qkv.data, qkv.type, next + i * width, 3 * width);
        ck_attention_ahead_of(&ahead, dqkv.data, dqkv.type, at + i * width, 3 * width);
    }
    ck_attention_ahead_of(&ahead, y.data, y.type, next_output, width);
    ck_attention_ahead_of(&ahead, dy.data, dy.type, next_output, width);
    return ahead;
}

#endif
