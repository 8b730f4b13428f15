// Attention in blocks: no T×T matrix in memory.

static void ck_fill_attention(ck_table *t) { (void)t; }
