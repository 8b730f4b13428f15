// Attention in blocks of queries and keys: scores exist for one block at a time, in the first-level cache; no T×T matrix in memory.
//
// Products are fp32 whatever the storage. Scores lie with keys as rows and queries in lanes: what softmax needs of a query is then an
// element of a vector, only queries and dy must be turned round, and all five products read whole registers. Every sum has one order,
// given by the extents alone.

#include "ck_attention_ahead.h"
#include "ck_attention_turn.h"
#include "ck_attention_space.h"
#include "ck_attention_softmax.h"
#include "ck_attention_products.h"
#include "ck_attention_forward.h"
#include "ck_attention_backward.h"

static ptrdiff_t ck_attention_workspace(const ck_attention *g, ck_dtype type) {
    (void)type;
    ck_attention_space space;
    return ck_attention_plan(g, 0, &space);
}

static void ck_fill_attention(ck_table *t) {
    t->attention_workspace = ck_attention_workspace;
    t->attention = ck_attention_forward;
    t->attention_gradient = ck_attention_backward;
}
